// OpenBLAS, which computes the products of matrices in libtorch as distributions
// build it, is slower for the sizes of a layer than oneDNN, which such a libtorch
// has beside it: on one core with AVX-512 oneDNN takes 0.82 to 0.95 of the time
// with 200 to 3,000 rows of 384, 768 or 1,536 numbers, on the way forth and back.
//
// A libtorch that has oneDNN within itself, as PyPI's, shows no such function, and
// has MKL, which needs none on a processor of Intel's. On one of AMD's with AVX-512
// it computes with half vectors, at 0.86 of what the processor can do where oneDNN
// comes to 0.95 to 0.98 (300 to 1,500 rows, libtorch 2.11). There the operator that
// libtorch's compiler uses leads to oneDNN: products with weights, forth and back,
// take it; of those for weights' gradients only some are quicker, and none is taken.
#include "products.hpp"
#include "kernels.hpp"

#include <ATen/Parallel.h>
#include <ATen/autocast_mode.h>
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/stack.h>
#include <dlfcn.h>
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

// A Factor of a product is turned if it is stored as its transpose.
struct Factor {
  const at::Tensor &of;
  bool turned;
};

// product sets c [m, n], m and n being given, to a b + beta c.
void product(Factor a, Factor b, int64_t m, int64_t n, float beta, at::Tensor &c) {
  const int64_t k = a.of.numel() / m, lda = a.of.size(-1), ldb = b.of.size(-1);
  const int status = sgemm()(a.turned ? 'T' : 'N', b.turned ? 'T' : 'N', m, n, k, 1, a.of.data_ptr<float>(), lda,
                             b.of.data_ptr<float>(), ldb, beta, c.data_ptr<float>(), n);
  TORCH_CHECK(status == 0, "oneDNN multiplies no matrices of ", m, " x ", k, " and ", k, " x ", n, ": status ", status);
}

// least_turned is the number of rows from which on a product with a transpose
// takes longer than the transpose and a product with that: oneDNN, with AVX-512,
// is a tenth slower where it transposes itself. most_turned bounds the memory.
constexpr int64_t least_turned = 128, most_turned = int64_t{1} << 22;

bool worth_turning(int64_t m, const at::Tensor &w) {
  return m >= least_turned && w.numel() <= most_turned && kernels_here().turn != nullptr && w.size(0) % lanes == 0 &&
         w.size(1) % lanes == 0;
}

// turned returns the transpose of w, which holds until the thread's next call:
// always in the same memory, it stays in the caches.
at::Tensor turned(const at::Tensor &w) {
  static thread_local at::Tensor memory;
  const int64_t rows = w.size(0), width = w.size(1);
  if (!memory.defined() || memory.numel() < w.numel())
    memory = at::empty({w.numel()}, w.options());
  float *to = memory.data_ptr<float>();
  const float *from = w.data_ptr<float>();
  at::parallel_for(0, width / lanes, 4, [&](int64_t first, int64_t last) {
    kernels_here().turn(to, from, rows, width, first * lanes, last * lanes);
  });
  return memory.narrow(0, 0, w.numel()).view({width, rows});
}

// linear is libtorch's operator for a dense layer by oneDNN; null where it has none,
// or where it is no gain.
const c10::OperatorHandle *linear() {
  static const auto found = []() -> c10::optional<c10::OperatorHandle> {
#ifdef __x86_64__
    __builtin_cpu_init();
    if (__builtin_cpu_is("amd") && kernels_here().turn != nullptr)
      return c10::Dispatcher::singleton().findSchema({"mkldnn::_linear_pointwise", ""});
#endif
    return c10::nullopt;
  }();
  return found ? &*found : nullptr;
}

// by_linear returns x wᵀ + b, b being undefined for none. It is quickest where the
// columns of w follow each other in memory.
at::Tensor by_linear(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b) {
  torch::jit::Stack stack;
  torch::jit::push(stack, x, w, b.defined() ? c10::IValue(b) : c10::IValue(), "none",
                   c10::List<c10::optional<at::Scalar>>(), c10::IValue(""));
  linear()->callBoxed(&stack);
  return stack.at(0).toTensor();
}

} // namespace

bool quick_products() { return sgemm() != nullptr || linear() != nullptr; }

at::Tensor multiply(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b) {
  const int64_t m = x.numel() / w.size(1), n = w.size(0);
  auto shape = x.sizes().vec();
  shape.back() = n;
  if (sgemm() == nullptr) {
    if (linear() != nullptr && worth_turning(m, w))
      return by_linear(rows(x), turned(w).t(), b).view(shape);
    return (b.defined() ? at::addmm(b, rows(x), w.t()) : at::mm(rows(x), w.t())).view(shape);
  }
  at::Tensor y = at::empty(shape, x.options());
  if (b.defined())
    y.copy_(b); // to each row
  const float beta = b.defined() ? 1 : 0;
  if (worth_turning(m, w))
    product({x, false}, {turned(w), false}, m, n, beta, y);
  else
    product({x, false}, {w, true}, m, n, beta, y);
  return y;
}

at::Tensor multiply_back(const at::Tensor &d, const at::Tensor &w) {
  auto shape = d.sizes().vec();
  shape.back() = w.size(1);
  if (sgemm() == nullptr) {
    if (linear() != nullptr && worth_turning(d.numel() / w.size(0), w))
      return by_linear(rows(d), w.t(), {}).view(shape);
    return at::mm(rows(d), w).view(shape);
  }
  at::Tensor dx = at::empty(shape, d.options());
  product({d, false}, {w, false}, d.numel() / w.size(0), w.size(1), 0, dx);
  return dx;
}

at::Tensor multiply_across(const at::Tensor &d, const at::Tensor &x) {
  if (sgemm() == nullptr)
    return at::mm(rows(d).t(), rows(x));
  at::Tensor dw = at::empty({d.size(-1), x.size(-1)}, d.options());
  product({d, true}, {x, false}, d.size(-1), x.size(-1), 0, dw);
  return dw;
}

bool autocasts() {
#if TORCH_VERSION_MAJOR * 100 + TORCH_VERSION_MINOR >= 204
  return at::autocast::is_autocast_enabled(at::kCPU);
#else
  return at::autocast::is_cpu_enabled();
#endif
}
