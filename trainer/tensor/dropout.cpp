// Dropout on the CPU. libtorch draws one number after the other; this draws 16
// at a time, and draws again on the way back what it would have to remember.
#include "kernels.hpp"
#include "shim.h"
#include "shim.hpp"

#include <ATen/CPUGeneratorImpl.h>
#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstdint>
#include <mutex>

namespace {

constexpr int64_t block = drop_block;

at::Tensor drop(const at::Tensor &of, double p, uint64_t seed) {
  at::Tensor x = of.contiguous();
  at::Tensor y = at::empty_like(x);
  const float *from = x.data_ptr<float>();
  float *to = y.data_ptr<float>();
  int64_t n = x.numel();
  const uint32_t threshold = threshold_of(p);
  const float scale = p < 1 ? static_cast<float>(1 / (1 - p)) : 0;
  at::parallel_for(0, (n + block - 1) / block, 4, [&](int64_t first, int64_t last) {
    for (int64_t i = first; i < last; ++i)
      kernels_here().drop_numbers(to + i * block, from + i * block, std::min(block, n - i * block), seed, i, threshold, scale);
  });
  return y;
}

// Dropout with a given seed is linear: its gradient is itself, of any order.
struct Dropout : torch::autograd::Function<Dropout> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, double p, int64_t seed) {
    ctx->saved_data["p"] = p;
    ctx->saved_data["seed"] = seed;
    return drop(x, p, static_cast<uint64_t>(seed));
  }
  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list grads) {
    return {apply(grads[0], ctx->saved_data["p"].toDouble(), ctx->saved_data["seed"].toInt()), at::Tensor(),
            at::Tensor()};
  }
};

} // namespace

int64_t draw_seed() {
  at::Generator generator = at::detail::getDefaultCPUGenerator();
  std::lock_guard<std::mutex> lock(generator.mutex());
  return static_cast<int64_t>(at::check_generator<at::CPUGeneratorImpl>(generator)->random64());
}

char *hps_dropout(hps_tensor x, double p, hps_tensor *out) {
  return guard([&] {
    const at::Tensor &of = ref(x);
    if (of.device().is_cpu() && of.scalar_type() == at::kFloat)
      *out = new at::Tensor(Dropout::apply(of, p, draw_seed()));
    else
      *out = new at::Tensor(at::dropout(of, p, true));
  });
}
