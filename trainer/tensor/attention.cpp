// Attention on the CPU among the tokens of texts of any lengths, without
// padding: each text and head by itself, in the caches of one core. Like a
// fused kernel of a GPU it keeps no weights for the way back, but the logarithm
// of their sum (Dao et al. 2022, section 3.1), and computes them again.
#include "kernels.hpp"
#include "shim.h"
#include "shim.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstdint>
#include <numeric>
#include <vector>

namespace {

Buffers &buffers() {
  static thread_local Buffers b;
  return b;
}

// A Layout says where the tokens of texts are among the rows of a matrix, and
// how they are computed on.
struct Layout {
  std::vector<int64_t> offsets, lengths;
  int64_t heads;
  double p; // of dropout
  uint64_t seed;

  // like returns a matrix for what each token gets; the rows of no text are zero.
  at::Tensor like(const at::Tensor &x) const {
    const int64_t tokens = std::accumulate(lengths.begin(), lengths.end(), int64_t{0});
    return tokens == x.numel() / x.size(-1) ? at::empty_like(x) : at::zeros_like(x);
  }

  // each runs f(number, offset in the matrix, number of its first sum, shape)
  // for every text and head.
  template <typename F> void each(const at::Tensor &x, F f) const {
    const int64_t hidden = x.size(-1), size = hidden / heads, rows = x.numel() / hidden;
    const int64_t n = static_cast<int64_t>(lengths.size()) * heads;
    at::parallel_for(0, n, 8, [&](int64_t from, int64_t to) {
      for (int64_t i = from; i < to; ++i) {
        const int64_t text = i / heads, head = i % heads;
        const Shape shape = {lengths[text], size, hidden, static_cast<float>(1 / std::sqrt(static_cast<double>(size))),
                             threshold_of(p), static_cast<float>(1 / (1 - p))};
        f(i, offsets[text] * hidden + head * size, head * rows + offsets[text], shape);
      }
    });
  }
};

struct Attention : torch::autograd::Function<Attention> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &queries, const at::Tensor &keys,
                            const at::Tensor &values, std::vector<int64_t> offsets, std::vector<int64_t> lengths,
                            int64_t heads, double p, int64_t seed) {
    at::Tensor q = queries.contiguous(), k = keys.contiguous(), v = values.contiguous();
    Layout layout{offsets, lengths, heads, p, static_cast<uint64_t>(seed)};
    at::Tensor out = layout.like(q), sums = at::empty({heads, q.numel() / q.size(-1)}, q.options());
    layout.each(q, [&](int64_t i, int64_t at, int64_t sum, const Shape &shape) {
      kernels_here().attend(out.data_ptr<float>() + at, sums.data_ptr<float>() + sum, q.data_ptr<float>() + at,
             k.data_ptr<float>() + at, v.data_ptr<float>() + at, shape, buffers(), layout.seed, i);
    });
    ctx->save_for_backward({q, k, v, sums});
    ctx->saved_data["offsets"] = offsets;
    ctx->saved_data["lengths"] = lengths;
    ctx->saved_data["heads"] = heads;
    ctx->saved_data["p"] = p;
    ctx->saved_data["seed"] = seed;
    return out;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list grads) {
    TORCH_CHECK(!c10::GradMode::is_enabled(), "attention on the CPU is not differentiable twice");
    auto saved = ctx->get_saved_variables();
    const at::Tensor &q = saved[0], &k = saved[1], &v = saved[2], &sums = saved[3];
    at::Tensor d = grads[0].contiguous();
    Layout layout{ctx->saved_data["offsets"].toIntVector(), ctx->saved_data["lengths"].toIntVector(),
                  ctx->saved_data["heads"].toInt(), ctx->saved_data["p"].toDouble(),
                  static_cast<uint64_t>(ctx->saved_data["seed"].toInt())};
    at::Tensor dq = layout.like(q), dk = layout.like(q), dv = layout.like(q);
    layout.each(q, [&](int64_t i, int64_t at, int64_t sum, const Shape &shape) {
      kernels_here().attend_back(dq.data_ptr<float>() + at, dk.data_ptr<float>() + at, dv.data_ptr<float>() + at,
                  d.data_ptr<float>() + at, sums.data_ptr<float>() + sum, q.data_ptr<float>() + at,
                  k.data_ptr<float>() + at, v.data_ptr<float>() + at, shape, buffers(), layout.seed, i);
    });
    return {dq, dk, dv, {}, {}, {}, {}, {}};
  }
};

bool fits(const at::Tensor &t) { return t.device().is_cpu() && t.scalar_type() == at::kFloat; }

} // namespace

char *hps_token_attention(hps_tensor q, hps_tensor k, hps_tensor v, const int64_t *offsets, const int64_t *lengths,
                          int texts, int heads, double dropout, hps_tensor *out) {
  return guard([&] {
    const at::Tensor &queries = ref(q), &keys = ref(k), &values = ref(v);
    TORCH_CHECK(fits(queries) && fits(keys) && fits(values), "attention among tokens is for float32 on the CPU");
    TORCH_CHECK(queries.sizes() == keys.sizes() && queries.sizes() == values.sizes() &&
                    queries.size(-1) % heads == 0,
                "queries, keys and values are of one shape, which the heads divide");
    const int64_t rows = queries.numel() / queries.size(-1);
    for (int i = 0; i < texts; ++i)
      TORCH_CHECK(offsets[i] >= 0 && lengths[i] > 0 && offsets[i] + lengths[i] <= rows, "text ", i, " is outside the ",
                  rows, " rows");
    *out = new at::Tensor(Attention::apply(queries, keys, values, std::vector<int64_t>(offsets, offsets + texts),
                                           std::vector<int64_t>(lengths, lengths + texts), static_cast<int64_t>(heads),
                                           dropout, dropout > 0 ? draw_seed() : 0));
  });
}
