package gp

import (
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/diff/fd"
	"gonum.org/v1/gonum/stat"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestLogImprovement(t *testing.T) {
	t.Parallel()
	for z := -5.0; z < 40; z += 0.173 {
		phi, cdf := math.Exp(-0.5*z*z-logSqrt2Pi), 0.5*math.Erfc(-z/math.Sqrt2)
		h := phi + z*cdf
		got, density, mass := logImprovement(z)
		if math.Abs(got-math.Log(h)) > 1e-8 || math.Abs(density-phi/h) > 1e-7*density || math.Abs(mass-cdf/h) > 1e-7*mass {
			t.Errorf("at %g: %g, %g, %g; want %g, %g, %g", z, got, density, mass, math.Log(h), phi/h, cdf/h)
		}
	}
	// Where the direct formula underflows: the derivative is Φ/(φ + zΦ), and
	// the value follows it without a jump, also where the formulas change.
	for z := -1e3; z < -5; z += 0.5 {
		a, _, before := logImprovement(z)
		b, _, after := logImprovement(z + 0.5)
		_, _, middle := logImprovement(z + 0.25)
		want := 0.5 * (before + 4*middle + after) / 6 // Simpson
		if math.Abs(b-a-want) > 1e-6*want {
			t.Errorf("between %g and %g it grows by %.12g, the derivative says %.12g", z, z+0.5, b-a, want)
		}
	}
	// ln(φ + zΦ) at -40, with 30 digits of mpmath.
	if got, _, _ := logImprovement(-40); math.Abs(got-(-808.298564)) > 1e-5 {
		t.Errorf("at -40: %.9g", got)
	}
}

// The analytic gradients agree with central differences.
func TestGradients(t *testing.T) {
	t.Parallel()
	o := searchtest.Mixed()
	f := newFrame(o.Space)
	d := f.collect(uniformHistory(t, o, 30), 30, false)
	y := standardize(d.y)
	m := newMarginal(f.layout, d.x, y)
	rng := search.Rand(1, 0, "gradients")
	settings := &fd.Settings{Formula: fd.Central, Step: 1e-5}
	for k := range 6 {
		theta := make([]float64, len(f.axes)+2)
		if k%2 == 1 { // bent
			theta = make([]float64, 3*len(f.axes)+2)
		}
		for j := range theta {
			theta[j] = 2*rng.Float64() - 2
		}
		grad, scratch := make([]float64, len(theta)), make([]float64, len(theta))
		m.negative(theta, grad)
		want := fd.Gradient(nil, func(at []float64) float64 { return m.negative(at, scratch) }, theta, settings)
		for j := range grad {
			if math.Abs(grad[j]-want[j]) > 1e-4*(1+math.Abs(want[j])) {
				t.Errorf("marginal, derivative %d is %g, differences say %g", j, grad[j], want[j])
			}
		}
	}
	straight := fit(f.layout, d.x, y)
	bent := straight
	for j := range f.axes {
		bent.bends = append(bent.bends, bend{a: 0.5 + 0.2*float64(j), b: 1.8 - 0.2*float64(j)})
	}
	smooth := []int{1, 5, 6} // lr, momentum, beta
	for k := range 20 {
		p, err := newPosterior(f.layout, []hyper{straight, bent}[k%2], d.x, y, d.x[:3])
		if err != nil {
			t.Fatal(err)
		}
		a := newAcquisition(f, p, o.Space, nil, search.Tried{})
		x := slices.Clone(d.x[rng.IntN(30)])
		for _, j := range smooth {
			x[j] = rng.Float64()
		}
		grad := make([]float64, len(smooth))
		a.slope(x, smooth, grad)
		for k, j := range smooth {
			want := fd.Derivative(func(v float64) float64 {
				at := slices.Clone(x)
				at[j] = v
				return -a.at(at)
			}, x[j], settings)
			if math.Abs(grad[k]-want) > 1e-4*(1+math.Abs(want)) {
				t.Errorf("acquisition, derivative by %d is %g, differences say %g", j, grad[k], want)
			}
		}
	}
}

// Axes are bent where values change quickly at one end, and only there.
func TestFitBends(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		f    func(x, y float64) float64
		want bool
	}{
		{"logarithm", func(x, y float64) float64 { return math.Pow(math.Log10(x+1e-3)+1, 2) + 0.1*y*y }, true},
		{"wave", func(x, y float64) float64 { return math.Sin(5*x) + y*y }, false},
		{"constant", func(_, _ float64) float64 { return 1 }, false},
	} {
		rng := search.Rand(3, 0, "bends")
		var x [][]float64
		var y []float64
		for range 60 {
			at := []float64{rng.Float64(), rng.Float64(), float64(rng.IntN(2))}
			x, y = append(x, at), append(y, test.f(at[0], at[1]))
		}
		h := fit(layout{choice: []bool{false, false, true}}, x, standardize(y))
		if (h.bends != nil) != test.want {
			t.Errorf("%s: bends are %v", test.name, h.bends)
		}
		if h.bends == nil {
			continue
		}
		if h.bends[2] != (bend{1, 1}) {
			t.Errorf("%s: a choice is bent: %v", test.name, h.bends[2])
		}
		if left, right := h.bends[0].at(0.1).value, 1-h.bends[0].at(0.9).value; left < 3*right {
			t.Errorf("%s: a tenth becomes %g at the left end and %g at the right one", test.name, left, right)
		}
	}
}

// A bent coordinate stays in [0, 1] and its derivatives are finite, at every
// bound.
func TestBend(t *testing.T) {
	t.Parallel()
	bounds := []float64{math.Exp(-bendBound), 1, math.Exp(bendBound)}
	for _, a := range bounds {
		for _, b := range bounds {
			before := -1.0
			for x := 0.0; x <= 1; x += 1.0 / 64 {
				c := bend{a, b}.at(x)
				if c.value < before || c.value < 0 || c.value > 1 {
					t.Errorf("%v at %g: %g after %g", bend{a, b}, x, c.value, before)
				}
				before = c.value
				for _, v := range []float64{c.byA, c.byB, c.byX} {
					if math.IsNaN(v) || math.IsInf(v, 0) {
						t.Errorf("%v at %g: %+v", bend{a, b}, x, c)
					}
				}
				if a == 1 && b == 1 && math.Abs(c.value-x) > 2*edge {
					t.Errorf("a straight axis takes %g to %g", x, c.value)
				}
			}
		}
	}
}

func TestMinimize(t *testing.T) {
	t.Parallel()
	rosenbrock := func(x, grad []float64) float64 {
		a, b := 1-x[0], x[1]-x[0]*x[0]
		grad[0], grad[1] = -2*a-400*x[0]*b, 200*b
		return a*a + 100*b*b
	}
	undefined := func(x, grad []float64) float64 { // defined right of 0.5 only
		if x[0] < 0.5 {
			return math.Inf(1)
		}
		grad[0] = 1
		return x[0]
	}
	square := func(x, grad []float64) float64 {
		v := 0.0
		for i := range x {
			grad[i] = 2 * (x[i] - float64(i))
			v += (x[i] - float64(i)) * (x[i] - float64(i))
		}
		return v
	}
	for _, test := range []struct {
		name        string
		f           objective
		start, want []float64
		low, high   float64
	}{
		{"inside", rosenbrock, []float64{-1.2, 1}, []float64{1, 1}, -5, 5},
		{"at a bound", rosenbrock, []float64{-1.2, 1}, []float64{0.5, 0.25}, -0.5, 0.5},
		{"begins outside", square, []float64{9, 9, 9}, []float64{0, 1, 1.5}, -1, 1.5},
		{"undefined elsewhere", undefined, []float64{2}, []float64{0.5}, 0, 3},
		{"at the minimum", square, []float64{0, 1}, []float64{0, 1}, -1, 3},
	} {
		b := box{low: slices.Repeat([]float64{test.low}, len(test.start)), high: slices.Repeat([]float64{test.high}, len(test.start))}
		x := slices.Clone(test.start)
		minimize(test.f, x, b, 200)
		for i := range x {
			if math.Abs(x[i]-test.want[i]) > 2e-3 {
				t.Errorf("%s: %v, want %v", test.name, x, test.want)
				break
			}
		}
	}
}

func TestStandardize(t *testing.T) {
	t.Parallel()
	for _, values := range [][]float64{
		{1, 2, 3, 4, 5, 6}, {0, 0, 0}, {5}, {1, 1e6, 2, 3, 1e300, 2.5}, {-1e308, 1e308, 0}, {3, 3, 3, 4}, {-9, 1, 1, 1, 1},
	} {
		got := standardize(values)
		for i := range values {
			for j := range values {
				if values[i] < values[j] && got[i] > got[j] {
					t.Errorf("%v: the order of %v and %v is lost in %v", values, values[i], values[j], got)
				}
			}
		}
		mean, sd := stat.PopMeanStdDev(got, nil)
		constant := slices.Max(values) == slices.Min(values)
		if math.Abs(mean) > 1e-9 || !constant && math.Abs(sd-1) > 1e-9 || constant && sd != 0 {
			t.Errorf("%v became %v, with mean %g and deviation %g", values, got, mean, sd)
		}
	}
	// The better half keeps its shape whatever the worst value is.
	a, b := standardize([]float64{1, 2, 3, 4, 5, 6}), standardize([]float64{1, 2, 3, 4, 5, 1e9})
	if math.Abs((a[1]-a[0])-(b[1]-b[0])) > 1e-9 {
		t.Errorf("an outlier changes the better half: %v, %v", a, b)
	}
}

// Without noise the process goes through its values, far away it knows only
// the prior, and where a believer stands nothing is left to gain.
func TestPosterior(t *testing.T) {
	t.Parallel()
	l := layout{choice: []bool{false, true}}
	h := hyper{weight: []float64{100, 1}, scale: 2, noise: 1e-8}
	x := [][]float64{{0.1, 0}, {0.2, 1}, {0.15, 2}}
	y := []float64{-1, 0.5, 1}
	p, err := newPosterior(l, h, x, y, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range x {
		if mean, sd := p.predict(x[i]); math.Abs(mean-y[i]) > 1e-6 || sd > 1e-3 {
			t.Errorf("at %v: %g ± %g, want %g", x[i], mean, sd, y[i])
		}
	}
	if mean, sd := p.predict([]float64{1, 3}); math.Abs(mean) > 1e-2 || math.Abs(sd-math.Sqrt2) > 1e-2 {
		t.Errorf("far away: %g ± %g, want 0 ± √2", mean, sd)
	}
	if got := p.lowest(); math.Abs(got+1) > 1e-6 {
		t.Errorf("the lowest mean is %g, want -1", got)
	}
	at := []float64{0.4, 0}
	before, _ := p.predict(at)
	q, err := newPosterior(l, h, x, y, [][]float64{at, at})
	if err != nil {
		t.Fatal(err)
	}
	if mean, sd := q.predict(at); math.Abs(mean-before) > 1e-5 || sd > 1e-3 {
		t.Errorf("at a pending point: %g ± %g, want %g ± 0", mean, sd, before)
	}
}

func uniformHistory(t *testing.T, o searchtest.Objective, n int) *search.History {
	t.Helper()
	h := searchtest.NewHistory(search.Minimize)
	rng := search.Rand(1, 0, "uniform")
	for number := range n {
		params, err := o.Space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
			return search.Uniform(rng, p.Distribution), nil
		})
		if err != nil {
			t.Fatal(err)
		}
		trial := searchtest.NewTrial(number, o.Space, params)
		trial.State, trial.Values = search.Complete, []float64{o.Value(trial.External())}
		h.Trials = append(h.Trials, trial)
	}
	return h
}
