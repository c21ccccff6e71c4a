package tensor

import (
	"fmt"
	"math"
	"testing"
)

// A block is a dense layer with what stands around it in a transformer.
type block struct{ x, w, b, residual, scale, shift *Tensor }

func newBlock(s *Scope, shape []int64, out int64) block {
	Seed(5)
	in := shape[len(shape)-1]
	outputs := append(append([]int64(nil), shape[:len(shape)-1]...), out)
	draw := func(shape ...int64) *Tensor { return s.Randn(Float32, CPU, shape...) }
	return block{
		x: draw(shape...), w: s.MulScalar(draw(out, in), 1/math.Sqrt(float64(in))), b: draw(out),
		residual: draw(outputs...), scale: draw(out), shift: draw(out),
	}
}

func (b *block) all() []**Tensor {
	return []**Tensor{&b.x, &b.w, &b.b, &b.residual, &b.scale, &b.shift}
}

// of returns the block's tensors in a type, as leaves; trained says of which
// gradients are wanted, none of all.
func (b block) of(s *Scope, as DType, trained []bool) (made block, leaves []*Tensor) {
	from, to := b.all(), made.all()
	for i := range from {
		t := s.Cast(s.Detach(*from[i]), as)
		if len(trained) == 0 || trained[i] {
			t = s.Clone(t)
			s.SetRequiresGrad(t, true)
			leaves = append(leaves, t)
		}
		*to[i] = t
	}
	return made, leaves
}

// agree holds results and gradients of float32 against those of float64.
func agree(t *testing.T, s *Scope, f func(b block) *Tensor, want func(b block) *Tensor, b block, trained []bool) {
	t.Helper()
	results := func(as DType, f func(b block) *Tensor) (all [][]float64) {
		made, leaves := b.of(s, as, trained)
		Seed(7)
		y := f(made)
		// Not the sum of squares, which is the same for all that LayerNorm gives.
		loss := s.Sum(s.Mul(y, s.Mul(y, s.AddScalar(y, 1))))
		for _, r := range append([]*Tensor{y}, s.Gradients(loss, leaves, false)...) {
			all = append(all, values(t, s.Reshape(s.Cast(r, Float64), -1)))
		}
		return all
	}
	got, expected := results(Float32, f), results(Float64, want)
	for i, list := range expected {
		largest := 1.0
		for _, v := range list {
			largest = max(largest, math.Abs(v))
		}
		if len(got[i]) != len(list) {
			t.Fatalf("tensor %d: %d numbers, want %d", i, len(got[i]), len(list))
		}
		for j, v := range list {
			if d := math.Abs(got[i][j] - v); !(d <= 3e-5*largest) {
				t.Fatalf("tensor %d, number %d: %g, want %g", i, j, got[i][j], v)
			}
		}
	}
}

// TestFusedLayers: what is computed in one pass is what the operators give one
// after the other, whatever is trained. Outputs of 20 numbers are no whole
// vectors, and left to the operators.
func TestFusedLayers(t *testing.T) {
	for _, c := range []struct {
		shape   []int64
		out     int64
		trained []bool // x, w, b, residual, scale, shift
	}{
		{[]int64{3, 20}, 16, nil},
		{[]int64{130, 48}, 64, nil},
		{[]int64{5, 27, 32}, 384, nil},
		{[]int64{7, 32}, 20, nil},
		{[]int64{70, 32}, 48, []bool{true, false, false, true, false, false}},  // frozen
		{[]int64{70, 32}, 48, []bool{true, false, false, true, true, true}},    // but for LayerNorm
		{[]int64{70, 32}, 48, []bool{false, true, true, false, false, false}},  // the lowest
		{[]int64{70, 32}, 48, []bool{false, false, false, false, true, false}}, // a part of it
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			inScope(t, func(s *Scope) {
				b := newBlock(s, c.shape, c.out)
				norm := func(b block) *Tensor {
					return s.LayerNorm(s.Add(s.Linear(b.x, b.w, b.b), b.residual), b.scale, b.shift, 1e-6)
				}
				agree(t, s, func(b block) *Tensor {
					return s.LinearNorm(b.x, b.w, b.b, b.residual, b.scale, b.shift, 1e-6, 0)
				}, norm, b, c.trained)
				ofGELU := c.trained
				if ofGELU != nil {
					ofGELU = append(append([]bool(nil), c.trained[:3]...), false, false, false)
					if !ofGELU[0] && !ofGELU[1] {
						ofGELU[2] = true // or nothing is trained
					}
				} else {
					ofGELU = []bool{true, true, true, false, false, false}
				}
				agree(t, s, func(b block) *Tensor { return s.LinearGELU(b.x, b.w, b.b) },
					func(b block) *Tensor { return s.GELU(s.Linear(b.x, b.w, b.b)) }, b, ofGELU)
			})
		})
	}
}

// TestLinearNormDrops: what dropout takes is what it takes by itself, over the
// boundaries of its streams, too.
func TestLinearNormDrops(t *testing.T) {
	inScope(t, func(s *Scope) {
		b := newBlock(s, []int64{150, 64}, 384)
		const p = 0.3
		mask := func() *Tensor { // in float64, of the draws of float32
			return s.Cast(s.Dropout(s.Ones(Float32, CPU, 150, 384), p), Float64)
		}
		agree(t, s, func(b block) *Tensor {
			return s.LinearNorm(b.x, b.w, b.b, b.residual, b.scale, b.shift, 1e-6, p)
		}, func(b block) *Tensor {
			y := s.Mul(s.Linear(b.x, b.w, b.b), mask())
			return s.LayerNorm(s.Add(y, b.residual), b.scale, b.shift, 1e-6)
		}, b, nil)
	})
}

// TestGELUFar: of numbers far from 0 it is 0 or the number itself, and of none
// it is none.
func TestGELUFar(t *testing.T) {
	inScope(t, func(s *Scope) {
		in := []float32{-1e30, -100, -20, -14, 0, 14, 20, 100, 1e30, float32(math.NaN()), float32(math.Inf(1)), 1, 2, 3, 4, 5}
		one := s.Ones(Float32, CPU, 1, 1)
		y := values(t, s.LinearGELU(one, s.Zeros(Float32, CPU, 16, 1), s.FromFloat32(in, 16)))
		for i, x := range in {
			v := float64(x)
			want := v * math.Erfc(-v/math.Sqrt2) / 2
			switch {
			case math.IsNaN(v):
				if !math.IsNaN(y[i]) {
					t.Errorf("%g gives %g", v, y[i])
				}
			case math.Abs(y[i]-want) > 1e-6*max(1, math.Abs(want)) && y[i] != want:
				t.Errorf("%g gives %g, want %g", v, y[i], want)
			}
		}
	})
}

// TestAdamWInFloat32: the kernel of the CPU is the update that is written out in
// operators, for numbers that fill no vector, too.
func TestAdamWInFloat32(t *testing.T) {
	for _, n := range []int64{1, 15, 16, 100, 40000} {
		inScope(t, func(s *Scope) {
			Seed(2)
			start, direction := s.Randn(Float32, CPU, n), s.Randn(Float32, CPU, n)
			after := func(as DType) []float64 {
				p := s.Clone(s.Cast(start, as))
				s.SetRequiresGrad(p, true)
				o := NewAdamW(s, []Group{{Params: []*Tensor{p}, WeightDecay: 0.01}})
				o.MaxNorm = 0.5
				for range 4 {
					s.ZeroGrad(o.Params())
					s.Backward(s.Sum(s.Mul(s.Mul(p, p), s.Cast(direction, as))))
					o.Step(s, 0.05)
				}
				return values(t, s.Cast(p, Float64))
			}
			got, want := after(Float32), after(Float64)
			for i := range want {
				if d := math.Abs(got[i] - want[i]); !(d <= 2e-5) {
					t.Fatalf("%d numbers: number %d is %g, want %g", n, i, got[i], want[i])
				}
			}
		})
	}
}
