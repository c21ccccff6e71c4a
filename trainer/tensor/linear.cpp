// Dense layers of float32 on the CPU.
#include "products.hpp"
#include "shim.h"
#include "shim.hpp"

#include <torch/csrc/autograd/custom_function.h>

#include <cstdint>

namespace {

// A Dense layer without a bias gets an empty one.
struct Dense : torch::autograd::Function<Dense> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const at::Tensor &w,
                            const at::Tensor &b) {
    ctx->save_for_backward({x, w});
    return multiply(x.contiguous(), w.contiguous(), b.numel() > 0 ? b : at::Tensor());
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1];
    const bool again = c10::GradMode::is_enabled();   // the gradients are to be differentiated themselves
    at::Tensor d = grads[0].contiguous(), dx, dw, db; // of x, w and the bias
    if (ctx->needs_input_grad(0))
      dx = again ? at::matmul(d, w) : multiply_back(d, w.contiguous());
    if (ctx->needs_input_grad(1))
      dw = again ? at::mm(rows(d).t(), rows(x)) : multiply_across(d, x.contiguous());
    if (ctx->needs_input_grad(2))
      db = rows(d).sum(0);
    return {dx, dw, db};
  }
};

// least is the size of a weight from which on a product is worth a call of its
// own. How many rows there are must not matter: a row gets the same bits
// whatever it is computed with.
constexpr int64_t least = 1 << 14;

bool fits(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b) {
  return quick_products() && plain(x) && plain(w) && (!b.defined() || plain(b)) && x.dim() > 1 && w.dim() == 2 &&
         w.numel() >= least && x.numel() > 0 && x.size(-1) == w.size(1) &&
         (!b.defined() || (b.dim() == 1 && b.size(0) == w.size(0))) && !autocasts();
}

} // namespace

char *hps_linear(hps_tensor x, hps_tensor weight, hps_tensor bias, hps_tensor *out) {
  return guard([&] {
    const at::Tensor none;
    const at::Tensor &of = ref(x), &w = ref(weight), &b = bias == nullptr ? none : ref(bias);
    if (fits(of, w, b))
      *out = new at::Tensor(Dense::apply(of, w, b.defined() ? b : at::empty({0}, w.options())));
    else
      *out = new at::Tensor(at::linear(of, w, b));
  });
}
