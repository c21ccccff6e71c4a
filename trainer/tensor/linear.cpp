// Dense layers of float32 on the CPU. OpenBLAS, which computes the products of
// matrices in libtorch as distributions build it, is slower for the sizes of a
// layer than oneDNN, which such a libtorch has beside it: on one core with
// AVX-512 oneDNN takes 0.82 to 0.92 of the time with 200 to 3,000 rows of 384 or
// 1,536 numbers, and 0.95 with 768. A libtorch that has oneDNN within itself, as
// PyPI's, shows no such function, and has a BLAS that needs none.
#include "shim.h"
#include "shim.hpp"

#include <ATen/autocast_mode.h>
#include <dlfcn.h>
#include <torch/csrc/autograd/custom_function.h>
#include <torch/version.h>

#include <cstdint>

namespace {

// Sgemm sets the row-major c [m, n] to alpha a b + beta c (oneDNN's C interface,
// "Primitives: matrix multiplication"). It returns 0 when all is well.
using Sgemm = int (*)(char transa, char transb, int64_t m, int64_t n, int64_t k, float alpha, const float *a,
                      int64_t lda, const float *b, int64_t ldb, float beta, float *c, int64_t ldc);

// sgemm is oneDNN's; null where this libtorch shows none.
Sgemm sgemm() {
  static const Sgemm found = reinterpret_cast<Sgemm>(dlsym(RTLD_DEFAULT, "dnnl_sgemm"));
  return found;
}

// multiply sets c [m, n] to a b + beta c, b turned if it is stored as [n, k].
void multiply(const at::Tensor &a, const at::Tensor &b, bool turned, float beta, at::Tensor &c) {
  const int64_t k = a.size(-1), n = c.size(-1), m = c.numel() / n;
  const int status = sgemm()('N', turned ? 'T' : 'N', m, n, k, 1, a.data_ptr<float>(), k, b.data_ptr<float>(),
                             turned ? k : n, beta, c.data_ptr<float>(), n);
  TORCH_CHECK(status == 0, "oneDNN multiplies no matrices of ", m, " x ", k, " and ", k, " x ", n, ": status ", status);
}

at::Tensor rows(const at::Tensor &x) { return x.reshape({-1, x.size(-1)}); }

// A Dense layer without a bias gets an empty one.
struct Dense : torch::autograd::Function<Dense> {
  static at::Tensor forward(torch::autograd::AutogradContext *ctx, const at::Tensor &x, const at::Tensor &w,
                            const at::Tensor &b) {
    auto shape = x.sizes().vec();
    shape.back() = w.size(0);
    at::Tensor y = at::empty(shape, x.options());
    const bool biased = b.numel() > 0;
    if (biased)
      y.copy_(b); // to each row
    multiply(x.contiguous(), w.contiguous(), true, biased ? 1 : 0, y);
    ctx->save_for_backward({x, w});
    return y;
  }

  static torch::autograd::variable_list backward(torch::autograd::AutogradContext *ctx,
                                                 torch::autograd::variable_list grads) {
    auto saved = ctx->get_saved_variables();
    const at::Tensor &x = saved[0], &w = saved[1];
    at::Tensor d = grads[0].contiguous(), dx, dw, db; // of x, w and the bias
    if (ctx->needs_input_grad(0)) {
      if (c10::GradMode::is_enabled()) { // it is to be differentiated itself
        dx = at::matmul(d, w);
      } else {
        dx = at::empty(x.sizes(), x.options());
        multiply(d, w.contiguous(), false, 0, dx);
      }
    }
    if (ctx->needs_input_grad(1)) // where OpenBLAS is as fast
      dw = at::mm(rows(d).t(), rows(x));
    if (ctx->needs_input_grad(2))
      db = rows(d).sum(0);
    return {dx, dw, db};
  }
};

bool autocasts() {
#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR >= 204
  return at::autocast::is_autocast_enabled(at::kCPU);
#else
  return at::autocast::is_cpu_enabled();
#endif
}

bool plain(const at::Tensor &t) { return t.device().is_cpu() && t.scalar_type() == at::kFloat && !t.is_sparse(); }

// least is the size of a weight from which on a product is worth a call of its
// own. How many rows there are must not matter: a row gets the same bits
// whatever it is computed with.
constexpr int64_t least = 1 << 14;

bool fits(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b) {
  return sgemm() != nullptr && plain(x) && plain(w) && (!b.defined() || plain(b)) && x.dim() > 1 && w.dim() == 2 &&
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
