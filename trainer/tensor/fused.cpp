// Dense layers of float32 on the CPU with what a transformer does to their
// outputs, in one pass over memory each way. They are differentiated once.
#include "kernels.hpp"
#include "products.hpp"
#include "shim.h"
#include "shim.hpp"

#include <ATen/Parallel.h>
#include <torch/csrc/autograd/custom_function.h>

#include <algorithm>
#include <cstdint>

namespace {

// Rows that a thread takes at a time. Partial sums are those of such blocks,
// whatever the number of threads.
constexpr int64_t block = 64;

// for_blocks runs f(number of the block, first row, rows).
template <typename F> void for_blocks(int64_t n, F f) {
  at::parallel_for(0, (n + block - 1) / block, 2, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i)
      f(i, i * block, std::min(block, n - i * block));
  });
}

// partial returns zeros [blocks, width], for the sums over n rows.
at::Tensor partial(int64_t n, int64_t width, const at::Tensor &like) {
  return at::zeros({(n + block - 1) / block, width}, like.options());
}

float *numbers(const at::Tensor &t) { return t.data_ptr<float>(); }

// needed says whether the gradient of any of the first n inputs is.
bool needed(torch::autograd::AutogradContext *ctx, std::initializer_list<size_t> inputs) {
  return std::any_of(inputs.begin(), inputs.end(), [&](size_t i) { return ctx->needs_input_grad(i); });
}

void once() {
  TORCH_CHECK(!c10::GradMode::is_enabled(), "layers that are computed at once with what follows are not differentiable twice");
}

struct Gelu : torch::autograd::Function<Gelu> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &input, const at::Tensor &weight,
                            const at::Tensor &b) {
    const at::Tensor x = input.contiguous(), w = weight.contiguous(), bias = b.contiguous();
    const int64_t width = w.size(0);
    at::Tensor inner = multiply(x, w, {}), y = at::empty_like(inner);
    for_blocks(inner.numel() / width, [&](int64_t, int64_t first, int64_t n) {
      kernels_here().gelu(numbers(y) + first * width, numbers(inner) + first * width, numbers(bias), n, width);
    });
    ctx->save_for_backward({x, w, inner});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list grads) {
    once();
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1], &inner = saved[2];
    at::Tensor d = grads[0].contiguous(), dinner = at::empty_like(inner), dx, dw, db;
    const int64_t width = w.size(0), n = inner.numel() / width;
    at::Tensor sums = partial(n, width, w);
    for_blocks(n, [&](int64_t i, int64_t first, int64_t rows) {
      kernels_here().gelu_back(numbers(dinner) + first * width, numbers(sums) + i * width, numbers(d) + first * width,
                               numbers(inner) + first * width, rows, width);
    });
    if (ctx->needs_input_grad(0))
      dx = multiply_back(dinner, w);
    if (ctx->needs_input_grad(1))
      dw = multiply_across(dinner, x);
    if (ctx->needs_input_grad(2))
      db = sums.sum(0);
    return {dx, dw, db};
  }
};

// A Residual layer is LayerNorm(dropout(x wᵀ + b) + residual).
struct Residual : torch::autograd::Function<Residual> {
  // Inputs whose gradients may be needed, by number.
  enum { X, W, B, RESIDUAL, SCALE, SHIFT };

  static Norm norm_of(int64_t width, const at::Tensor &bias, const at::Tensor &scale, const at::Tensor &shift,
                      double epsilon, double p, int64_t seed) {
    return {width, numbers(bias), numbers(scale), numbers(shift), static_cast<float>(epsilon),
            {static_cast<uint64_t>(seed), threshold_of(p), p < 1 ? static_cast<float>(1 / (1 - p)) : 0}};
  }

  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &input, const at::Tensor &weight,
                            const at::Tensor &b, const at::Tensor &beside, const at::Tensor &s, const at::Tensor &t,
                            double epsilon, double p, int64_t seed) {
    const at::Tensor x = input.contiguous(), w = weight.contiguous(), bias = b.contiguous(),
                     residual = beside.contiguous(), scale = s.contiguous(), shift = t.contiguous();
    const int64_t width = w.size(0), n = residual.numel() / width;
    at::Tensor inner = multiply(x, w, {}), y = at::empty_like(inner), unit = at::empty_like(inner),
               scales = at::empty({n}, x.options());
    const Norm norm = norm_of(width, bias, scale, shift, epsilon, p, seed);
    for_blocks(n, [&](int64_t, int64_t first, int64_t rows) {
      const int64_t at = first * width;
      kernels_here().norm(numbers(y) + at, numbers(unit) + at, numbers(scales) + first, numbers(inner) + at,
                          numbers(residual) + at, norm, first, rows);
    });
    ctx->save_for_backward({x, w, unit, scales, scale});
    ctx->saved_data["p"] = p;
    ctx->saved_data["seed"] = seed;
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list grads) {
    once();
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1], &unit = saved[2], &scales = saved[3], &scale = saved[4];
    const double p = ctx->saved_data["p"].toDouble();
    const int64_t width = w.size(0), n = scales.numel();
    at::Tensor d = grads[0].contiguous(), dresidual = at::empty_like(unit);
    at::Tensor dinner = p > 0 ? at::empty_like(unit) : dresidual, sums = partial(n, 3 * width, w);
    const Norm norm = norm_of(width, scale, scale, scale, 0, p, ctx->saved_data["seed"].toInt());
    for_blocks(n, [&](int64_t i, int64_t first, int64_t rows) {
      const int64_t at = first * width;
      kernels_here().norm_back(numbers(dinner) + at, numbers(dresidual) + at, numbers(sums) + i * 3 * width,
                               numbers(d) + at, numbers(unit) + at, numbers(scales) + first, norm, first, rows);
    });
    torch::autograd::variable_list of(9);
    if (ctx->needs_input_grad(X))
      of[X] = multiply_back(dinner, w);
    if (ctx->needs_input_grad(W))
      of[W] = multiply_across(dinner, x);
    if (ctx->needs_input_grad(RESIDUAL))
      of[RESIDUAL] = dresidual;
    if (needed(ctx, {B, SCALE, SHIFT})) {
      auto each = sums.sum(0).chunk(3);
      of[SCALE] = each[0];
      of[SHIFT] = each[1];
      of[B] = each[2];
    }
    return of;
  }
};

// fits says whether a layer is one of those of this file: its output has whole
// vectors, and nothing but float32 on the CPU is in it.
bool fits(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b) {
  return plain(x) && plain(w) && plain(b) && x.dim() > 1 && x.numel() > 0 && w.dim() == 2 && x.size(-1) == w.size(1) &&
         w.size(0) % lanes == 0 && b.dim() == 1 && b.size(0) == w.size(0) && !autocasts();
}

} // namespace

char *hps_linear_gelu(hps_tensor x, hps_tensor weight, hps_tensor bias, hps_tensor *out) {
  return guard([&] {
    *out = nullptr;
    if (fits(ref(x), ref(weight), ref(bias)))
      *out = new at::Tensor(Gelu::apply(ref(x), ref(weight), ref(bias)));
  });
}

char *hps_linear_norm(hps_tensor x, hps_tensor weight, hps_tensor bias, hps_tensor residual, hps_tensor scale,
                      hps_tensor shift, double epsilon, double dropout, hps_tensor *out) {
  return guard([&] {
    *out = nullptr;
    const at::Tensor &of = ref(x), &w = ref(weight), &b = ref(bias), &beside = ref(residual), &s = ref(scale),
                     &t = ref(shift);
    if (!fits(of, w, b) || !plain(beside) || !plain(s) || !plain(t) || s.sizes() != b.sizes() || t.sizes() != b.sizes())
      return;
    auto shape = of.sizes().vec();
    shape.back() = w.size(0);
    if (beside.sizes() == at::IntArrayRef(shape))
      *out = new at::Tensor(
          Residual::apply(of, w, b, beside, s, t, epsilon, dropout, dropout > 0 ? draw_seed() : int64_t{0}));
  });
}
