package tensor

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// attended returns what attention makes of texts of given lengths, and the
// gradients of the sum of its squares, each [n, longest, hidden]: among tokens,
// or among padded texts with a mask.
func attended(s *Scope, lengths []int64, hidden, heads int64, tokens bool) [][]float32 {
	n, longest := int64(len(lengths)), slices.Max(lengths)
	mask := make([]float32, n*longest)
	layout := Layout{Lengths: lengths}
	for i, length := range lengths {
		layout.Offsets = append(layout.Offsets, int64(i)*longest)
		for j := length; j < longest; j++ {
			mask[int64(i)*longest+j] = -1e30
		}
	}
	Seed(1)
	var in []*Tensor
	for range 3 {
		x := s.MulScalar(s.Randn(Float32, CPU, n, longest, hidden), 1.5)
		s.SetRequiresGrad(x, true)
		in = append(in, x)
	}
	var y *Tensor
	if tokens {
		y = s.TokenAttention(in[0], in[1], in[2], heads, layout, 0)
	} else {
		split := func(t *Tensor) *Tensor { return s.Transpose(s.Reshape(t, n, longest, heads, hidden/heads), 1, 2) }
		y = s.Attention(split(in[0]), split(in[1]), split(in[2]), s.FromFloat32(mask, n, 1, 1, longest), 0)
		y = s.Reshape(s.Transpose(y, 1, 2), n, longest, hidden)
	}
	kept := make([]float32, n*longest)
	for i, m := range mask {
		if m == 0 {
			kept[i] = 1
		}
	}
	y = s.Mul(y, s.FromFloat32(kept, n, longest, 1))
	var lists [][]float32
	for _, t := range append([]*Tensor{y}, s.Gradients(s.Sum(s.Mul(y, y)), in, false)...) {
		list, err := t.Float32s()
		if err != nil {
			return nil
		}
		lists = append(lists, list)
	}
	return lists
}

// TestTokenAttention: it is attention with a mask, without the mask.
func TestTokenAttention(t *testing.T) {
	for _, c := range []struct {
		lengths       []int64
		hidden, heads int64
	}{
		{[]int64{1}, 8, 2}, {[]int64{5, 3, 1}, 16, 4}, {[]int64{16, 17, 33}, 64, 2}, {[]int64{4, 70}, 36, 3}, {[]int64{9, 2}, 30, 10},
	} {
		t.Run(fmt.Sprint(c), func(t *testing.T) {
			err := Do(func(s *Scope) error {
				got := attended(s, c.lengths, c.hidden, c.heads, true)
				want := attended(s, c.lengths, c.hidden, c.heads, false)
				if s.Err() != nil {
					return s.Err()
				}
				for i, list := range want {
					for j, w := range list {
						if d := math.Abs(float64(got[i][j] - w)); !(d <= 1e-4*(1+math.Abs(float64(w)))) {
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

// TestTokenAttentionCompany: a text gets the same bits beside others, on any
// number of threads.
func TestTokenAttentionCompany(t *testing.T) {
	err := Do(func(s *Scope) error {
		x := s.Randn(Float32, CPU, 40, 32)
		all := s.TokenAttention(x, x, x, 4, Layout{Offsets: []int64{0, 11, 13}, Lengths: []int64{11, 2, 27}}, 0)
		part := s.Narrow(x, 0, 13, 27)
		alone := s.TokenAttention(part, part, part, 4, Layout{Offsets: []int64{0}, Lengths: []int64{27}}, 0)
		want, err := s.Reshape(s.Narrow(all, 0, 13, 27), -1).Float32s()
		if err != nil {
			return err
		}
		got, err := s.Reshape(alone, -1).Float32s()
		if !slices.Equal(got, want) {
			t.Error("other bits alone")
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTokenAttentionDropout: the gradient is that of what was computed. With
// the draws of one seed, the output is linear in the values: its gradient gives
// it back.
func TestTokenAttentionDropout(t *testing.T) {
	err := Do(func(s *Scope) error {
		layout := Layout{Offsets: []int64{0, 20}, Lengths: []int64{20, 7}}
		q, v, weights := s.Randn(Float32, CPU, 27, 32), s.Randn(Float32, CPU, 27, 32), s.Randn(Float32, CPU, 27, 32)
		s.SetRequiresGrad(q, true)
		s.SetRequiresGrad(v, true)
		compute := func(q, v *Tensor) *Tensor {
			Seed(5)
			return s.Sum(s.Mul(weights, s.TokenAttention(q, q, v, 2, layout, 0.3)))
		}
		y := compute(q, v)
		g := s.Gradients(y, []*Tensor{q, v}, false)
		linear, err := s.Sum(s.Mul(g[1], v)).Item()
		if err != nil {
			return err
		}
		value, err := y.Item()
		if math.Abs(linear-value) > 1e-3 {
			t.Errorf("the values' gradient gives %g, the output is %g", linear, value)
		}
		// Central differences along one direction, for the queries and keys.
		direction := s.Randn(Float32, CPU, 27, 32)
		const step = 1e-2
		var ends [2]float64
		s.NoGrad(func() {
			for i, sign := range []float64{1, -1} {
				ends[i], err = compute(s.Add(q, s.MulScalar(direction, sign*step)), v).Item()
			}
		})
		if err != nil {
			return err
		}
		want := (ends[0] - ends[1]) / (2 * step)
		got, err := s.Sum(s.Mul(g[0], direction)).Item()
		if math.Abs(got-want) > 0.02*(1+math.Abs(want)) {
			t.Errorf("slope %g, want %g", got, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestTokenAttentionOfNoNumbers: they are not lost on the way.
func TestTokenAttentionOfNoNumbers(t *testing.T) {
	for name, bad := range map[string]float32{"NaN": float32(math.NaN()), "infinite": float32(math.Inf(1))} {
		err := Do(func(s *Scope) error {
			const length, hidden = 19, 8
			numbers := make([]float32, length*hidden)
			for i := range numbers {
				numbers[i] = float32(i%7) / 7
			}
			keys := slices.Clone(numbers)
			keys[5*hidden] = bad // of token 5
			x := s.FromFloat32(numbers, length, hidden)
			k := s.FromFloat32(keys, length, hidden)
			layout := Layout{Offsets: []int64{0}, Lengths: []int64{length}}
			list, err := s.TokenAttention(s.AddScalar(x, 1), k, x, 1, layout, 0).Float32s()
			if err != nil {
				return err
			}
			for i, v := range list {
				if v == v {
					t.Fatalf("%s: number %d is %g, want NaN: every token looks at token 5", name, i, v)
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestTokenAttentionRefuses says what it cannot do.
func TestTokenAttentionRefuses(t *testing.T) {
	for name, layout := range map[string]Layout{
		"none": {}, "outside": {Offsets: []int64{3}, Lengths: []int64{2}}, "empty": {Offsets: []int64{0}, Lengths: []int64{0}},
	} {
		err := Do(func(s *Scope) error {
			x := s.Zeros(Float32, CPU, 4, 8)
			s.TokenAttention(x, x, x, 2, layout, 0)
			return s.Err()
		})
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// TestDropout: the share of zeros and the scale are right, a seed decides, and
// gradients of any order go through what was kept.
func TestDropout(t *testing.T) {
	const n, p = 100_003, 0.3
	err := Do(func(s *Scope) error {
		x := s.AddScalar(s.Zeros(Float32, CPU, n), 1)
		s.SetRequiresGrad(x, true)
		draw := func(seed int64) []float32 {
			Seed(seed)
			list, err := s.Dropout(x, p).Float32s()
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		first := draw(1)
		zeros := 0
		for _, v := range first {
			switch {
			case v == 0:
				zeros++
			case math.Abs(float64(v)-1/(1-p)) > 1e-6:
				t.Fatalf("a number is %g", v)
			}
		}
		if share := float64(zeros) / n; math.Abs(share-p) > 0.006 { // 4 standard deviations
			t.Errorf("%g of the numbers are 0", share)
		}
		if !slices.Equal(first, draw(1)) || slices.Equal(first, draw(2)) {
			t.Error("a seed does not decide")
		}
		Seed(1)
		y := s.Dropout(x, p)
		g := s.Gradients(s.Sum(s.Mul(y, s.Mul(y, y))), []*Tensor{x}, true)[0] // 3 d³ x²
		h := s.Gradients(s.Sum(g), []*Tensor{x}, false)[0]                    // 6 d³ x
		slopes, err := g.Float32s()
		if err != nil {
			return err
		}
		curves, err := h.Float32s()
		for i, d := range first {
			cube := float64(d * d * d)
			if math.Abs(float64(slopes[i])-3*cube) > 1e-4 || math.Abs(float64(curves[i])-6*cube) > 1e-4 {
				t.Fatalf("number %d: gradients %g and %g of a factor %g", i, slopes[i], curves[i], d)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
