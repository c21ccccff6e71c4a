package tensor

import "github.com/sugarme/gotch/libtch"

type (
	unaryFunc  func(*libtch.Ctensor, libtch.Ctensor)
	binaryFunc func(*libtch.Ctensor, libtch.Ctensor, libtch.Ctensor)
	scalarFunc func(*libtch.Ctensor, libtch.Ctensor, libtch.Cscalar)
)

func (s *Scope) unary(op string, f unaryFunc, x *Tensor) *Tensor {
	if !s.ok(op, x) {
		return nil
	}
	var out libtch.Ctensor
	f(&out, x.c)
	return s.own(op, out)
}

func (s *Scope) binary(op string, f binaryFunc, x, y *Tensor) *Tensor {
	if !s.ok(op, x, y) {
		return nil
	}
	var out libtch.Ctensor
	f(&out, x.c, y.c)
	return s.own(op, out)
}

func (s *Scope) withScalar(op string, f scalarFunc, x *Tensor, v float64) *Tensor {
	if !s.ok(op, x) {
		return nil
	}
	c := number(v)
	var out libtch.Ctensor
	f(&out, x.c, c)
	libtch.AtsFree(c)
	return s.own(op, out)
}

// Add returns x + y, broadcast.
func (s *Scope) Add(x, y *Tensor) *Tensor { return s.binary("add", libtch.AtgAdd, x, y) }

// Sub returns x - y, broadcast.
func (s *Scope) Sub(x, y *Tensor) *Tensor { return s.binary("sub", libtch.AtgSub, x, y) }

// Mul returns x * y element by element, broadcast.
func (s *Scope) Mul(x, y *Tensor) *Tensor { return s.binary("mul", libtch.AtgMul, x, y) }

// Div returns x / y element by element, broadcast.
func (s *Scope) Div(x, y *Tensor) *Tensor { return s.binary("div", libtch.AtgDiv, x, y) }

// AddScalar returns x + v.
func (s *Scope) AddScalar(x *Tensor, v float64) *Tensor {
	return s.withScalar("add", libtch.AtgAddScalar, x, v)
}

// MulScalar returns x * v.
func (s *Scope) MulScalar(x *Tensor, v float64) *Tensor {
	return s.withScalar("mul", libtch.AtgMulScalar, x, v)
}

// ClampMin returns the larger of each element and v.
func (s *Scope) ClampMin(x *Tensor, v float64) *Tensor {
	return s.withScalar("clamp", libtch.AtgClampMin, x, v)
}

// Greater returns, as a bool tensor, whether each element exceeds v.
func (s *Scope) Greater(x *Tensor, v float64) *Tensor {
	return s.withScalar("gt", libtch.AtgGt, x, v)
}

// Equal returns, as a bool tensor, whether elements are the same.
func (s *Scope) Equal(x, y *Tensor) *Tensor { return s.binary("eq", libtch.AtgEqTensor, x, y) }

// MatMul returns the matrix product over the last two dimensions, broadcast
// over the others: [..., n, k] x [..., k, m] -> [..., n, m].
func (s *Scope) MatMul(x, y *Tensor) *Tensor { return s.binary("matmul", libtch.AtgMatmul, x, y) }

// Abs returns |x|.
func (s *Scope) Abs(x *Tensor) *Tensor { return s.unary("abs", libtch.AtgAbs, x) }

// Exp returns e^x.
func (s *Scope) Exp(x *Tensor) *Tensor { return s.unary("exp", libtch.AtgExp, x) }

// Log returns the natural logarithm.
func (s *Scope) Log(x *Tensor) *Tensor { return s.unary("log", libtch.AtgLog, x) }

// Sqrt returns the square root.
func (s *Scope) Sqrt(x *Tensor) *Tensor { return s.unary("sqrt", libtch.AtgSqrt, x) }

// Neg returns -x.
func (s *Scope) Neg(x *Tensor) *Tensor { return s.unary("neg", libtch.AtgNeg, x) }

// Tanh returns the hyperbolic tangent.
func (s *Scope) Tanh(x *Tensor) *Tensor { return s.unary("tanh", libtch.AtgTanh, x) }

// Relu returns max(0, x).
func (s *Scope) Relu(x *Tensor) *Tensor { return s.unary("relu", libtch.AtgRelu, x) }

// Sin returns the sine.
func (s *Scope) Sin(x *Tensor) *Tensor { return s.unary("sin", libtch.AtgSin, x) }

// keepType tells libtorch not to convert the elements.
const keepType = -1

// reduction turns a dtype-taking reduction into one that keeps the type.
func (s *Scope) reduce(op string, f func(*libtch.Ctensor, libtch.Ctensor, int32), x *Tensor) *Tensor {
	if !s.ok(op, x) {
		return nil
	}
	var out libtch.Ctensor
	f(&out, x.c, keepType)
	return s.own(op, out)
}

func (s *Scope) reduceDims(op string, f func(*libtch.Ctensor, libtch.Ctensor, []int64, int, int32, int32), x *Tensor, keepDim bool, dims []int64) *Tensor {
	if !s.ok(op, x) {
		return nil
	}
	keep := int32(0)
	if keepDim {
		keep = 1
	}
	var out libtch.Ctensor
	f(&out, x.c, dims, len(dims), keep, keepType)
	return s.own(op, out)
}

// Sum returns the sum of all elements; of bools, their count.
func (s *Scope) Sum(x *Tensor) *Tensor { return s.reduce("sum", libtch.AtgSum, x) }

// Mean returns the mean of all elements.
func (s *Scope) Mean(x *Tensor) *Tensor { return s.reduce("mean", libtch.AtgMean, x) }

// SumDims sums over dims, which disappear unless keepDim.
func (s *Scope) SumDims(x *Tensor, keepDim bool, dims ...int64) *Tensor {
	return s.reduceDims("sum", libtch.AtgSumDimIntlist, x, keepDim, dims)
}

// MeanDims averages over dims, which disappear unless keepDim.
func (s *Scope) MeanDims(x *Tensor, keepDim bool, dims ...int64) *Tensor {
	return s.reduceDims("mean", libtch.AtgMeanDim, x, keepDim, dims)
}

// Argmax returns the index of the largest element along dim.
func (s *Scope) Argmax(x *Tensor, dim int64) *Tensor {
	if !s.ok("argmax", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgArgmax(&out, x.c, dim, 0, 0)
	return s.own("argmax", out)
}

// AbsMax returns the largest magnitude along dim, kept as a dimension of 1.
func (s *Scope) AbsMax(x *Tensor, dim int64) *Tensor {
	abs := s.Abs(x)
	if !s.ok("amax", abs) {
		return nil
	}
	dims := []int64{dim}
	var out libtch.Ctensor
	libtch.AtgAmax(&out, abs.c, dims, 1, 1)
	return s.own("amax", out)
}

// KthSmallest returns the k-th smallest element (k from 1) of a 1-D tensor.
func (s *Scope) KthSmallest(x *Tensor, k int64) *Tensor {
	if !s.ok("kthvalue", x) {
		return nil
	}
	var out [2]libtch.Ctensor
	libtch.AtgKthvalue(&out[0], x.c, k, 0, 0)
	value := s.own("kthvalue", out[0])
	if value != nil {
		libtch.AtFree(out[1])
	}
	return value
}
