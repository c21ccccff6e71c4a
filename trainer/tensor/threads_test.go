package tensor

import (
	"slices"
	"testing"
)

// TestThreads: what is computed in one pass has the same bits on any number of
// threads. Sums of products are not among it: what a BLAS adds first is its own
// affair, and so the dense layers' products are of numbers that add up exactly.
func TestThreads(t *testing.T) {
	before := Threads()
	defer SetThreads(before)
	var want [][]float64
	for _, threads := range []int{1, 2, 3, 7} {
		SetThreads(threads)
		inScope(t, func(s *Scope) {
			if n := Threads(); n != threads {
				t.Errorf("%d threads, want %d", n, threads)
			}
			got := onePass(t, s)
			if want == nil {
				want = got
			}
			for i := range got {
				if !slices.Equal(got[i], want[i]) {
					t.Errorf("result %d has other bits with %d threads than with one", i, threads)
				}
			}
		})
	}
}

// onePass returns what the kernels give for more blocks than there are threads.
func onePass(t *testing.T, s *Scope) (results [][]float64) {
	const rows, width, heads = 1000, 64, 4
	Seed(3)
	leaf := func(x *Tensor) *Tensor {
		s.SetRequiresGrad(x, true)
		return x
	}
	draw := func(shape ...int64) *Tensor { return leaf(s.Randn(Float32, CPU, shape...)) }
	layout := Layout{}
	for from := int64(0); from < rows; from += 25 {
		layout.Offsets, layout.Lengths = append(layout.Offsets, from), append(layout.Lengths, 25)
	}
	x, b, residual, scale, shift := draw(rows, width), draw(width), draw(rows, width), draw(width), draw(width)
	unit := make([]float32, width*width) // the identity
	for i := range width {
		unit[i*width+i] = 1
	}
	w := s.FromFloat32(unit, width, width)
	y := s.TokenAttention(x, x, x, heads, layout, 0.1)
	y = s.LinearNorm(s.Dropout(y, 0.1), w, b, residual, scale, shift, 1e-6, 0.1)
	y = s.LinearGELU(y, w, b)
	loss := s.Mean(s.Mul(y, y))
	leaves := []*Tensor{x, b, residual, scale, shift}
	for _, result := range append([]*Tensor{y}, s.Gradients(loss, leaves, false)...) {
		results = append(results, values(t, s.Cast(s.Reshape(result, -1), Float64)))
	}
	large := draw(3, 1<<17)
	s.Backward(s.Sum(s.Mul(large, large)))
	o := NewAdamW(s, []Group{{Params: []*Tensor{large}, WeightDecay: 0.01}})
	o.MaxNorm = 1
	o.Step(s, 0.1)
	return append(results, values(t, s.Cast(s.Reshape(large, -1), Float64)))
}
