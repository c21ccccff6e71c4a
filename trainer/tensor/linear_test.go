package tensor

import (
	"fmt"
	"math"
	"testing"
)

// A dense is a linear layer with its input, in one precision.
type dense struct{ x, w, b *Tensor }

// newDenses draws one in float32 and casts it to float64. turned layers get
// tensors that are not contiguous.
func newDenses(s *Scope, shape []int64, out int64, bias, turned bool) (single, double dense) {
	Seed(3)
	in := shape[len(shape)-1]
	draw := func(shape ...int64) *Tensor {
		if !turned || len(shape) < 2 {
			return s.Randn(Float32, CPU, shape...)
		}
		n := len(shape)
		shape = append([]int64(nil), shape...)
		shape[n-1], shape[n-2] = shape[n-2], shape[n-1]
		return s.Transpose(s.Randn(Float32, CPU, shape...), -1, -2)
	}
	single = dense{x: draw(shape...), w: s.MulScalar(draw(out, in), 0.1)}
	double = dense{x: s.Cast(single.x, Float64), w: s.Cast(single.w, Float64)}
	if bias {
		single.b = s.Randn(Float32, CPU, out)
		double.b = s.Cast(single.b, Float64)
	}
	return single, double
}

// derivatives returns the output of a layer, its gradients, and those of the
// squares of those: of what requires gradients.
func (d dense) derivatives(s *Scope, frozen bool) (all [][]float64, err error) {
	leaves := []*Tensor{d.x, d.w}
	if d.b != nil {
		leaves = append(leaves, d.b)
	}
	if frozen {
		leaves = leaves[:1]
	}
	for i, l := range leaves {
		leaves[i] = s.Detach(l)
		s.SetRequiresGrad(leaves[i], true)
	}
	at := func(i int, otherwise *Tensor) *Tensor {
		if i < len(leaves) {
			return leaves[i]
		}
		return otherwise
	}
	y := s.Linear(leaves[0], at(1, d.w), at(2, d.b))
	square := func(t *Tensor) *Tensor { return s.Mean(s.Mul(t, t)) }
	read := func(ts ...*Tensor) {
		for _, t := range ts {
			if s.Err() != nil || err != nil {
				return
			}
			var values []float64
			values, err = s.Reshape(s.Cast(t, Float64), -1).Float64s()
			all = append(all, values)
		}
	}
	first := s.Gradients(square(y), leaves, false)
	again := s.Gradients(square(s.Linear(leaves[0], at(1, d.w), at(2, d.b))), leaves, true)
	if s.Err() != nil {
		return nil, s.Err()
	}
	sum := square(again[0])
	for _, g := range again[1:] {
		sum = s.Add(sum, square(g))
	}
	read(y)
	read(first...)
	read(again...)
	read(s.Gradients(sum, leaves, false)...)
	if err == nil {
		err = s.Err()
	}
	return all, err
}

// TestLinear holds layers of float32 against float64: outputs, gradients, and
// gradients of gradients.
func TestLinear(t *testing.T) {
	for _, c := range []struct {
		shape        []int64
		out          int64
		bias, turned bool
		frozen       bool // the layer; what it gets is differentiated
	}{
		{[]int64{5, 8}, 3, true, false, false}, // small ones are libtorch's
		{[]int64{1, 128}, 128, true, false, false},
		{[]int64{37, 160}, 128, true, false, false},
		{[]int64{64, 128}, 300, false, false, false},
		{[]int64{4, 9, 128}, 257, true, false, false},
		{[]int64{20, 200}, 130, true, true, false},
		{[]int64{3, 33, 256}, 128, true, false, true},
		{[]int64{200, 144}, 272, true, false, false}, // weights are turned
		{[]int64{3, 70, 256}, 112, false, true, true},
		{[]int64{16, 256}, 128, false, true, true},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			err := Do(func(s *Scope) error {
				single, double := newDenses(s, c.shape, c.out, c.bias, c.turned)
				got, err := single.derivatives(s, c.frozen)
				if err != nil {
					return err
				}
				want, err := double.derivatives(s, c.frozen)
				if err != nil {
					return err
				}
				for i := range want {
					if len(got[i]) != len(want[i]) || len(got[i]) == 0 {
						t.Fatalf("tensor %d: %d numbers, want %d", i, len(got[i]), len(want[i]))
					}
					scale := 0.0
					for _, w := range want[i] {
						scale = math.Max(scale, math.Abs(w))
					}
					for j, w := range want[i] {
						if d := math.Abs(got[i][j] - w); !(d <= 1e-5*scale) {
							t.Fatalf("tensor %d, number %d: %g, want %g", i, j, got[i][j], w)
						}
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestLinearRefuses: what does not fit is an error, not a crash.
func TestLinearRefuses(t *testing.T) {
	for name, shapes := range map[string][3][]int64{
		"width":  {{4, 129}, {200, 128}, {200}},
		"bias":   {{4, 128}, {200, 128}, {199}},
		"vector": {{4, 128}, {128, 128, 2}, {128}},
	} {
		err := Do(func(s *Scope) error {
			s.Linear(s.Randn(Float32, CPU, shapes[0]...), s.Randn(Float32, CPU, shapes[1]...), s.Randn(Float32, CPU, shapes[2]...))
			return s.Err()
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}
