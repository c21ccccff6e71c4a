package tensor

import (
	"fmt"

	"github.com/sugarme/gotch/libtch"
)

// Reshape returns x with another shape; one dimension may be -1.
func (s *Scope) Reshape(x *Tensor, shape ...int64) *Tensor {
	if !s.ok("reshape", x) {
		return nil
	}
	if len(shape) == 0 {
		s.fail("reshape", fmt.Errorf("no shape"))
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgReshape(&out, x.c, shape, len(shape))
	return s.own("reshape", out)
}

// Transpose swaps two dimensions.
func (s *Scope) Transpose(x *Tensor, a, b int64) *Tensor {
	if !s.ok("transpose", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgTranspose(&out, x.c, a, b)
	return s.own("transpose", out)
}

// Contiguous returns x laid out in row-major order.
func (s *Scope) Contiguous(x *Tensor) *Tensor {
	return s.unary("contiguous", libtch.AtgContiguous, x)
}

// Unsqueeze inserts a dimension of size 1.
func (s *Scope) Unsqueeze(x *Tensor, dim int64) *Tensor {
	if !s.ok("unsqueeze", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgUnsqueeze(&out, x.c, dim)
	return s.own("unsqueeze", out)
}

// Expand repeats dimensions of size 1 without copying; -1 keeps a size.
func (s *Scope) Expand(x *Tensor, shape ...int64) *Tensor {
	if !s.ok("expand", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgExpand(&out, x.c, shape, len(shape), 0)
	return s.own("expand", out)
}

// Narrow returns length entries of a dimension from start on.
func (s *Scope) Narrow(x *Tensor, dim, start, length int64) *Tensor {
	if !s.ok("narrow", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgNarrow(&out, x.c, dim, start, length)
	return s.own("narrow", out)
}

// Select returns one entry of a dimension, which disappears.
func (s *Scope) Select(x *Tensor, dim, index int64) *Tensor {
	if !s.ok("select", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgSelect(&out, x.c, dim, index)
	return s.own("select", out)
}

// IndexSelect picks entries of a dimension; index is int64 [n] on x's device.
func (s *Scope) IndexSelect(x *Tensor, dim int64, index *Tensor) *Tensor {
	if !s.ok("index_select", x, index) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgIndexSelect(&out, x.c, dim, index.c)
	return s.own("index_select", out)
}

// Cat joins tensors along an existing dimension.
func (s *Scope) Cat(dim int64, xs ...*Tensor) *Tensor {
	return s.join("cat", libtch.AtgCat, dim, xs)
}

// Stack joins tensors of one shape along a new dimension.
func (s *Scope) Stack(dim int64, xs ...*Tensor) *Tensor {
	return s.join("stack", libtch.AtgStack, dim, xs)
}

func (s *Scope) join(op string, f func(*libtch.Ctensor, []libtch.Ctensor, int, int64), dim int64, xs []*Tensor) *Tensor {
	if !s.ok(op, xs...) {
		return nil
	}
	if len(xs) == 0 {
		s.fail(op, fmt.Errorf("no tensors"))
		return nil
	}
	var out libtch.Ctensor
	f(&out, pointers(xs), len(xs), dim)
	return s.own(op, out)
}
