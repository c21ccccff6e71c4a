package tensor

// #include "shim.h"
import "C"

import (
	"fmt"
	"sync"

	"github.com/sugarme/gotch/libtch"
)

// fusedAttention says whether this libtorch has scaled_dot_product_attention
// (2.0 and later).
var fusedAttention = sync.OnceValue(func() bool {
	var probe Scope
	defer func() { _ = probe.Close() }() // an error is the answer
	q := probe.Zeros(Float32, CPU, 1, 1, 1, 2)
	return probe.sdpa(q, q, q, nil, 0) != nil
})

// Attention returns softmax(q kᵀ / √d + mask) v for q, k, v
// [batch, heads, length, d] and an additive mask that broadcasts to
// [batch, heads, length, length], or nil. dropout applies to the weights.
// It is one fused operator where libtorch has one.
func (s *Scope) Attention(q, k, v, mask *Tensor, dropout float64) *Tensor {
	if !s.ok("attention", q, k, v) || mask != nil && !s.ok("attention", mask) {
		return nil
	}
	if fusedAttention() && !s.twice {
		return s.sdpa(q, k, v, mask, dropout)
	}
	shape := q.Shape()
	scores := s.MatMul(s.MulScalar(q, invSqrt(shape[len(shape)-1])), s.Transpose(k, -2, -1))
	if mask != nil {
		scores = s.Add(scores, mask)
	}
	return s.MatMul(s.Dropout(s.Softmax(scores, -1), dropout), v)
}

func (s *Scope) sdpa(q, k, v, mask *Tensor, dropout float64) *Tensor {
	var out libtch.Ctensor
	libtch.AtgScaledDotProductAttention(&out, q.c, k.c, v.c, optional(mask), dropout, 0, 0, 1)
	return s.own("attention", out)
}

// A Layout says where the tokens of texts are among the rows of a matrix:
// text i has Lengths[i] rows, 1 or more, from row Offsets[i] on. No row is of two
// texts.
type Layout struct {
	Offsets, Lengths []int64
}

// AttendsTokens reports whether [Scope.TokenAttention] can be used for a
// tensor: float32 on the CPU, differentiated once.
func (s *Scope) AttendsTokens(t *Tensor) bool {
	return s.ok("attention", t) && !s.twice && t.DType() == Float32 && !t.Device().IsCUDA()
}

// TokenAttention is [Scope.Attention] within each text of a matrix: q, k, v and
// the result are [..., hidden], their rows the tokens as layout says, their
// columns heads one after the other. Rows of no text are 0. What a text gets
// does not depend on the others.
func (s *Scope) TokenAttention(q, k, v *Tensor, heads int64, layout Layout, dropout float64) *Tensor {
	const op = "attention"
	if !s.ok(op, q, k, v) {
		return nil
	}
	n := len(layout.Lengths)
	if n == 0 || len(layout.Offsets) != n || heads < 1 {
		s.fail(op, fmt.Errorf("%d lengths and %d offsets of texts, %d heads", n, len(layout.Offsets), heads))
		return nil
	}
	var out C.hps_tensor
	message := C.hps_token_attention(C.hps_tensor(q.c), C.hps_tensor(k.c), C.hps_tensor(v.c),
		(*C.int64_t)(&layout.Offsets[0]), (*C.int64_t)(&layout.Lengths[0]), C.int(n), C.int(heads), C.double(dropout), &out)
	if !s.check(op, message) {
		return nil
	}
	return s.own(op, libtch.Ctensor(out))
}
