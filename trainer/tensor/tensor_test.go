package tensor

import (
	"errors"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// inScope runs f inside Do and fails the test on its error.
func inScope(t *testing.T, f func(s *Scope)) {
	t.Helper()
	err := Do(func(s *Scope) error {
		f(s)
		return s.Err()
	})
	if err != nil {
		t.Fatal(err)
	}
}

func values(t *testing.T, x *Tensor) []float64 {
	t.Helper()
	v, err := x.Float64s()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func item(t *testing.T, x *Tensor) float64 {
	t.Helper()
	v, err := x.Item()
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// These tests are not parallel: they count live tensors, which is global.

func TestScopeFreesEverything(t *testing.T) {
	before := Live()
	var leaked *Tensor
	inScope(t, func(root *Scope) {
		w := root.Ones(Float32, CPU, 3, 3)
		var kept *Tensor
		err := root.Run(func(s *Scope) error {
			for range 200 {
				leaked = s.Add(s.MatMul(w, w), w)
			}
			kept = s.Move(s.Sum(w), root)
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := Live() - before; got != 2 {
			t.Errorf("%d live tensors after the inner scope, want w and the moved one", got)
		}
		if got := item(t, kept); got != 9 {
			t.Errorf("moved tensor = %g, want 9", got)
		}
	})
	if got := Live(); got != before {
		t.Errorf("%d live tensors after Do, want %d", got, before)
	}
	if _, err := leaked.Item(); !errors.Is(err, ErrClosed) {
		t.Errorf("use after close: %v, want ErrClosed", err)
	}
}

func TestErrorsStick(t *testing.T) {
	err := Do(func(s *Scope) error {
		a, b := s.Ones(Float32, CPU, 2, 3), s.Ones(Float32, CPU, 2, 3)
		bad := s.MatMul(a, b)
		if bad != nil || s.Err() == nil {
			t.Errorf("shapes do not fit: got %v, %v", bad, s.Err())
		}
		first := s.Err()
		if s.Add(a, b) != nil || !errors.Is(s.Err(), first) {
			t.Errorf("the first error must stay: %v", s.Err())
		}
		return nil
	})
	if err == nil || !strings.HasPrefix(err.Error(), "matmul: ") || strings.Contains(err.Error(), "\n") {
		t.Errorf("error %q: want one line that names the operator", err)
	}
}

func TestUseOfClosedTensorIsAnError(t *testing.T) {
	err := Do(func(s *Scope) error {
		c := s.Child()
		x := c.Ones(Float32, CPU, 1)
		if err := c.Close(); err != nil {
			return err
		}
		s.Add(x, x)
		return nil
	})
	if !errors.Is(err, ErrClosed) {
		t.Errorf("got %v, want ErrClosed", err)
	}
}

func TestOutOfMemoryIsRecognized(t *testing.T) {
	err := Do(func(s *Scope) error {
		s.Zeros(Float32, CPU, 1<<50)
		return nil
	})
	if !errors.Is(err, ErrOutOfMemory) {
		t.Errorf("got %v, want ErrOutOfMemory", err)
	}
}

func TestMemoryStaysFlat(t *testing.T) {
	inScope(t, func(root *Scope) {
		w := root.Randn(Float32, CPU, 16, 16)
		root.SetRequiresGrad(w, true)
		step := func() {
			if err := root.Run(func(s *Scope) error {
				x := s.Ones(Float32, CPU, 16, 16)
				for range 20 {
					x = s.Tanh(s.MatMul(x, w))
				}
				s.Backward(s.Sum(x))
				s.ZeroGrad([]*Tensor{w})
				return nil
			}); err != nil {
				t.Fatal(err)
			}
		}
		for range 200 {
			step()
		}
		before := residentMB(t)
		for range 2500 { // x 42 = 105,000 operators
			step()
		}
		if grown := residentMB(t) - before; grown > 16 {
			t.Errorf("resident memory grew by %.1f MB over 100,000 operators", grown)
		}
	})
}

func residentMB(t *testing.T) float64 {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc/self/statm on this system")
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(data))[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * float64(os.Getpagesize()) / (1 << 20)
}

// operators lists scalar functions of x float64 [2, 3] for gradient checks.
var operators = map[string]func(s *Scope, x *Tensor) *Tensor{
	"matmul":     func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.MatMul(x, s.Transpose(x, 0, 1))) },
	"tanh":       func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Tanh(x)) },
	"sin":        func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Sin(x)) },
	"gelu":       func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.GELU(x)) },
	"gelu_tanh":  func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.GELUTanh(x)) },
	"softmax":    func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Mul(s.Softmax(x, -1), x)) },
	"logsoftmax": func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Mul(s.LogSoftmax(x, -1), x)) },
	"layernorm": func(s *Scope, x *Tensor) *Tensor {
		w := s.FromFloat64([]float64{1.5, .5, 2}, 3)
		return s.Sum(s.Mul(s.LayerNorm(x, w, w, 1e-5), x))
	},
	"crossentropy": func(s *Scope, x *Tensor) *Tensor { return s.CrossEntropy(x, s.FromInt64([]int64{2, 0}, 2)) },
	"attention": func(s *Scope, x *Tensor) *Tensor {
		q := s.Reshape(x, 1, 1, 2, 3)
		return s.Sum(s.Mul(s.Attention(q, q, q, nil, 0), q))
	},
	"embedding": func(s *Scope, x *Tensor) *Tensor {
		e := s.Embedding(x, s.FromInt64([]int64{1, 0, 1}, 3))
		return s.Sum(s.Mul(e, e))
	},
	"linear":    func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Exp(s.Linear(x, x, nil))) },
	"norm":      func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Sqrt(s.SumDims(s.Mul(x, x), true, 1))) },
	"mean":      func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Log(s.AddScalar(s.Mul(x, x), 1))) },
	"cat":       func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Tanh(s.Cat(0, x, s.MulScalar(x, 2)))) },
	"narrow":    func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Tanh(s.Narrow(x, 1, 1, 2))) },
	"div":       func(s *Scope, x *Tensor) *Tensor { return s.Sum(s.Div(x, s.AddScalar(s.Mul(x, x), 2))) },
	"mse":       func(s *Scope, x *Tensor) *Tensor { return s.MSE(s.Tanh(x), s.MulScalar(x, 3)) },
	"mean_dims": func(s *Scope, x *Tensor) *Tensor { m := s.MeanDims(x, false, 0); return s.Sum(s.Mul(m, m)) },
}

var point = []float64{.3, -.7, 1.1, .9, -.2, .5}

func TestGradientsAgainstFiniteDifferences(t *testing.T) {
	for name, f := range operators {
		t.Run(name, func(t *testing.T) {
			inScope(t, func(s *Scope) {
				x := s.FromFloat64(point, 2, 3)
				s.SetRequiresGrad(x, true)
				grads := s.Gradients(f(s, x), []*Tensor{x}, false)
				if s.Err() != nil {
					return
				}
				at := func(p []float64) float64 { return item(t, f(s, s.FromFloat64(p, 2, 3))) }
				compareGradient(t, values(t, grads[0]), at)
			})
		})
	}
}

// TestSecondOrder differentiates ½|∇f|² through the first gradient.
func TestSecondOrder(t *testing.T) {
	for _, name := range []string{"matmul", "tanh", "gelu", "softmax", "crossentropy", "linear", "layernorm"} {
		f := operators[name]
		t.Run(name, func(t *testing.T) {
			inScope(t, func(s *Scope) {
				halfNorm := func(p []float64) (*Tensor, *Tensor) {
					x := s.FromFloat64(p, 2, 3)
					s.SetRequiresGrad(x, true)
					g := s.Gradients(f(s, x), []*Tensor{x}, true)
					if s.Err() != nil {
						t.Fatal(s.Err())
					}
					return x, s.MulScalar(s.Sum(s.Mul(g[0], g[0])), .5)
				}
				x, y := halfNorm(point)
				second := s.Gradients(y, []*Tensor{x}, false)
				compareGradient(t, values(t, second[0]), func(p []float64) float64 {
					_, y := halfNorm(p)
					return item(t, y)
				})
			})
		})
	}
}

// compareGradient checks against central differences, whose error is O(h²).
func compareGradient(t *testing.T, got []float64, f func([]float64) float64) {
	t.Helper()
	const h = 1e-5
	for i := range got {
		p := append([]float64(nil), point...)
		p[i] += h
		up := f(p)
		p[i] -= 2 * h
		want := (up - f(p)) / (2 * h)
		if math.Abs(got[i]-want) > 1e-7*math.Max(1, math.Abs(want)) {
			t.Errorf("gradient %d = %.10g, finite difference %.10g", i, got[i], want)
		}
	}
}

// TestAdamW compares with the update written out in float64.
func TestAdamW(t *testing.T) {
	inScope(t, func(s *Scope) {
		const lr, decay = .1, .01
		p := s.FromFloat64([]float64{1, -2, 3}, 3)
		s.SetRequiresGrad(p, true)
		o := NewAdamW(s, []Group{{Params: []*Tensor{p}, WeightDecay: decay}})
		want, m, v := []float64{1, -2, 3}, make([]float64, 3), make([]float64, 3)
		for step := 1; step <= 5; step++ {
			s.ZeroGrad(o.Params())
			s.Backward(s.Sum(s.Mul(p, s.Mul(p, p)))) // gradient 3 p²
			o.Step(s, lr)
			for i := range want {
				g := 3 * want[i] * want[i]
				want[i] *= 1 - lr*decay
				m[i] = .9*m[i] + .1*g
				v[i] = .999*v[i] + .001*g*g
				mHat, vHat := m[i]/(1-math.Pow(.9, float64(step))), v[i]/(1-math.Pow(.999, float64(step)))
				want[i] -= lr * mHat / (math.Sqrt(vHat) + 1e-8)
			}
		}
		for i, got := range values(t, p) {
			if math.Abs(got-want[i]) > 1e-10 {
				t.Errorf("p[%d] = %.12g, want %.12g", i, got, want[i])
			}
		}
	})
}

func TestSGDWithMomentum(t *testing.T) {
	inScope(t, func(s *Scope) {
		p := s.FromFloat64([]float64{1, 2}, 2)
		s.SetRequiresGrad(p, true)
		o := NewSGD(s, []Group{{Params: []*Tensor{p}}}, .9)
		want, buffer := []float64{1, 2}, make([]float64, 2)
		for range 4 {
			s.ZeroGrad(o.Params())
			s.Backward(s.Sum(s.Mul(p, p)))
			o.Step(s, .1)
			for i := range want {
				buffer[i] = .9*buffer[i] + 2*want[i]
				want[i] -= .1 * buffer[i]
			}
		}
		for i, got := range values(t, p) {
			if math.Abs(got-want[i]) > 1e-12 {
				t.Errorf("p[%d] = %g, want %g", i, got, want[i])
			}
		}
	})
}

func TestClipGradNorm(t *testing.T) {
	for _, c := range []struct{ max, want float64 }{{1, 1}, {100, 10}} {
		inScope(t, func(s *Scope) {
			p := s.FromFloat64([]float64{3, 4}, 2)
			s.SetRequiresGrad(p, true)
			s.Backward(s.Sum(s.Mul(p, p))) // gradient [6, 8], norm 10
			s.ClipGradNorm([]*Tensor{p}, c.max)
			g := values(t, s.Grad(p))
			if got := math.Hypot(g[0], g[1]); math.Abs(got-c.want) > 1e-5 {
				t.Errorf("norm after clipping at %g = %g, want %g", c.max, got, c.want)
			}
		})
	}
}

func TestDropoutIsSeeded(t *testing.T) {
	inScope(t, func(s *Scope) {
		draw := func(seed int64) []float64 {
			Seed(seed)
			return values(t, s.Dropout(s.Ones(Float32, CPU, 1000), .25))
		}
		a, b, c := draw(1), draw(1), draw(2)
		same, kept := true, 0
		for i := range a {
			if a[i] != b[i] {
				t.Fatalf("seed 1 gave %g and %g at %d", a[i], b[i], i)
			}
			same = same && a[i] == c[i]
			if a[i] != 0 {
				kept++
			}
		}
		if same {
			t.Error("seeds 1 and 2 gave the same mask")
		}
		if kept < 690 || kept > 810 { // 750 ± 4.4 standard deviations
			t.Errorf("kept %d of 1000, want about 750", kept)
		}
	})
}

func TestInt8Linear(t *testing.T) {
	if _, err := QuantizedEngine(); err != nil {
		t.Skip(err)
	}
	inScope(t, func(s *Scope) {
		const in, out, n = 64, 32, 5
		Seed(3)
		w := s.Randn(Float32, CPU, out, in)
		x := s.Randn(Float32, CPU, n, in)
		b := s.Randn(Float32, CPU, out)
		want := values(t, s.Linear(x, w, b))
		wv := values(t, w)
		scales, q := make([]float32, out), make([]int8, out*in)
		for o := range out {
			largest := 0.0
			for i := range in {
				largest = math.Max(largest, math.Abs(wv[o*in+i]))
			}
			scales[o] = float32(largest / 127)
			for i := range in {
				q[o*in+i] = int8(math.RoundToEven(wv[o*in+i] / float64(scales[o])))
			}
		}
		layer := s.PackInt8(s.FromInt8(q, out, in), s.FromFloat32(scales, out), b)
		if s.Err() != nil {
			return
		}
		got := values(t, layer.Apply(s, x))
		// Rounding of weights and inputs: each contributes at most half a
		// step per product; sqrt(64) of them add up to well under 0.5.
		for i := range got {
			if math.Abs(got[i]-want[i]) > .5 {
				t.Errorf("output %d = %g, fp32 %g", i, got[i], want[i])
			}
		}
		if allEqual(got, want) {
			t.Error("int8 and fp32 outputs are identical: int8 kernels cannot have run")
		}
	})
}

func allEqual(a, b []float64) bool {
	for i := range a {
		if a[i] != b[i] {
			return false
		}
	}
	return true
}

func TestLinearSchedule(t *testing.T) {
	for _, c := range []struct {
		warmup     float64
		step, want float64
	}{{.1, 0, 0}, {.1, 5, .5}, {.1, 10, 1}, {.1, 55, .5}, {.1, 100, 0}, {0, 0, 1}, {0, 50, .5}} {
		got, err := LinearSchedule(1, c.warmup, int(c.step), 100)
		if err != nil || math.Abs(got-c.want) > 1e-12 {
			t.Errorf("warm-up %g, step %g: %g, %v; want %g", c.warmup, c.step, got, err, c.want)
		}
	}
	if _, err := LinearSchedule(1, 2, 0, 10); err == nil {
		t.Error("warm-up share 2 was accepted")
	}
}

func BenchmarkMatMul8x8(b *testing.B) {
	err := Do(func(root *Scope) error {
		x := root.Ones(Float32, CPU, 8, 8)
		for b.Loop() {
			s := root.Child()
			for range 16 {
				s.MatMul(x, x)
			}
			if err := s.Close(); err != nil {
				return err
			}
		}
		b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/16, "ns/operator")
		return nil
	})
	if err != nil {
		b.Fatal(err)
	}
}

// TestAttentionTwice: in a scope that says so the gradient of attention can be
// differentiated again, whatever libtorch fuses.
func TestAttentionTwice(t *testing.T) {
	err := Do(func(s *Scope) error {
		s.DifferentiateTwice()
		return s.Run(func(s *Scope) error {
			Seed(1)
			q := s.Randn(Float32, CPU, 1, 2, 3, 4)
			s.SetRequiresGrad(q, true)
			loss := s.Sum(s.Attention(q, s.MulScalar(q, 2), q, nil, 0))
			first := s.Gradients(loss, []*Tensor{q}, true)
			if s.Err() != nil {
				return s.Err()
			}
			second := s.Gradients(s.Sum(s.Mul(first[0], first[0])), []*Tensor{q}, false)
			if s.Err() != nil {
				return s.Err()
			}
			values, err := s.Sum(s.Abs(second[0])).Float64s()
			if err == nil && !(values[0] > 0) {
				t.Errorf("the second derivatives sum to %g", values[0])
			}
			return err
		})
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestFloat32sInPlace: what stands otherwise in memory is copied.
func TestFloat32sInPlace(t *testing.T) {
	err := Do(func(s *Scope) error {
		x := s.FromFloat32([]float32{1, 2, 3, 4, 5, 6}, 2, 3)
		for name, c := range map[string]struct {
			of   *Tensor
			want []float32
		}{
			"plain":      {x, []float32{1, 2, 3, 4, 5, 6}},
			"part":       {s.Narrow(x, 0, 1, 1), []float32{4, 5, 6}},
			"transposed": {s.Transpose(x, 0, 1), []float32{1, 4, 2, 5, 3, 6}},
			"double":     {s.Cast(x, Float64), []float32{1, 2, 3, 4, 5, 6}},
			"empty":      {s.Zeros(Float32, CPU, 0), nil},
		} {
			got, err := c.of.Float32sInPlace()
			if err != nil || !slices.Equal(got, c.want) {
				t.Errorf("%s: %v (%v), want %v", name, got, err, c.want)
			}
		}
		closed := s.Clone(x)
		s.Free(closed)
		if _, err := closed.Float32sInPlace(); !errors.Is(err, ErrClosed) {
			t.Errorf("a tensor that was freed: %v", err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestToNoDevice: where there is no CUDA device, a copy to one is an error of one
// line, whatever is to be copied.
func TestToNoDevice(t *testing.T) {
	if n, _ := CUDADevices(); n > 0 {
		t.Skip("there is one")
	}
	for _, trained := range []bool{false, true} {
		err := Do(func(s *Scope) error {
			x := s.FromFloat32([]float32{1, 2}, 2)
			s.SetRequiresGrad(x, trained)
			if y := s.To(x, 0); y != nil {
				t.Error("there is a copy")
			}
			return nil
		})
		if err == nil || !strings.HasPrefix(err.Error(), "to: ") || strings.Contains(err.Error(), "\n") {
			t.Errorf("got %v", err)
		}
	}
}
