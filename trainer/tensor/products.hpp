// Products of matrices of float32 on the CPU.
#ifndef HPSEARCH_PRODUCTS_HPP
#define HPSEARCH_PRODUCTS_HPP
#include <ATen/ATen.h>

// Tensors [..., n] count as matrices of n columns; all are contiguous.

// multiply returns x wᵀ + b, [..., out], of x [..., in], w [out, in] and b [out],
// which is undefined for none.
at::Tensor multiply(const at::Tensor &x, const at::Tensor &w, const at::Tensor &b);

// multiply_back returns d w, [..., in], of d [..., out].
at::Tensor multiply_back(const at::Tensor &d, const at::Tensor &w);

// multiply_across returns dᵀ x, [out, in], of d [..., out] and x [..., in].
at::Tensor multiply_across(const at::Tensor &d, const at::Tensor &x);

// quick_products says whether the library behind them is worth leaving
// libtorch's own operators for.
bool quick_products();

// plain says whether a tensor is of float32 on the CPU.
inline bool plain(const at::Tensor &t) {
  return t.device().is_cpu() && t.scalar_type() == at::kFloat && !t.is_sparse();
}

// rows is t as a matrix.
inline at::Tensor rows(const at::Tensor &t) { return t.reshape({-1, t.size(-1)}); }

// autocasts says whether operators on the CPU choose their precision themselves.
bool autocasts();

#endif
