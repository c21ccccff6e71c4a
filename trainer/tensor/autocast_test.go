package tensor

import (
	"math"
	"testing"
)

// TestAutocast: products are bfloat16 inside and float32 outside, gradients
// arrive at float32 weights, and a weight that changed is not multiplied by
// the copy that was made of it.
func TestAutocast(t *testing.T) {
	inScope(t, func(s *Scope) {
		w, x := s.FromFloat32([]float32{1.001, 2, 3, 4}, 2, 2), s.FromFloat32([]float32{1, 1}, 1, 2)
		s.SetRequiresGrad(w, true)
		var y *Tensor
		s.Autocast(CPU, func() {
			y = s.Linear(x, w, nil)
			s.Autocast(CPU, func() {}) // leaves the outer one as it is
			if again := s.Linear(x, w, nil); again.DType() != BF16 {
				t.Errorf("after an inner autocast products are of type %d", again.DType())
			}
		})
		if y.DType() != BF16 || s.Linear(x, w, nil).DType() != Float32 {
			t.Fatalf("inside type %d, outside %d", y.DType(), s.Linear(x, w, nil).DType())
		}
		if got := values(t, s.Cast(y, Float64))[0]; math.Abs(got-3.001) > 3.0/128 || got == float64(float32(3.001)) {
			t.Errorf("1.001 + 2 = %v in bfloat16", got)
		}
		s.Backward(s.Sum(s.Cast(y, Float32)))
		if g := s.Grad(w); g.DType() != Float32 {
			t.Errorf("the gradient is of type %d", g.DType())
		}
		s.NoGrad(func() { s.Copy(w, s.FromFloat32([]float32{5, 5, 5, 5}, 2, 2)) })
		s.Autocast(CPU, func() { y = s.Linear(x, w, nil) })
		if got := values(t, s.Cast(y, Float64)); got[0] != 10 || got[1] != 10 {
			t.Errorf("after a change of the weight %v, want 10, 10", got)
		}
		loss := s.CrossEntropy(s.Cast(s.FromFloat32([]float32{1, 2}, 1, 2), BF16), s.FromInt64([]int64{0}))
		if loss.DType() != Float32 {
			t.Errorf("a loss of type %d", loss.DType())
		}
	})
}

// TestAutocastFollowsWeights: a copy of a weight that was made without a graph
// does not keep the gradient from it afterwards.
func TestAutocastFollowsWeights(t *testing.T) {
	inScope(t, func(s *Scope) {
		w, x := s.FromFloat32([]float32{1, 2, 3, 4}, 2, 2), s.FromFloat32([]float32{1, 1}, 1, 2)
		s.SetRequiresGrad(w, true)
		s.NoGrad(func() { s.Autocast(CPU, func() { s.Linear(x, w, nil) }) })
		var y *Tensor
		s.Autocast(CPU, func() { y = s.Linear(x, w, nil) })
		g := s.Gradients(s.Sum(s.Cast(y, Float32)), []*Tensor{w}, false)
		if s.Err() != nil {
			t.Fatal(s.Err())
		}
		if got := values(t, s.Cast(g[0], Float64)); got[0] != 1 || got[3] != 1 {
			t.Errorf("gradient %v, want ones", got)
		}
	})
}
