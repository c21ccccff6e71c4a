package tpe

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hpsearch/hpsearch/search"
)

func TestPhi(t *testing.T) {
	t.Parallel()
	n := newNormal()
	for x := -10.0; x <= 10; x += 0.0037 {
		if got, want := n.phi(x), distuv.UnitNormal.CDF(x); math.Abs(got-want) > 1e-11 {
			t.Errorf("phi(%g) is %.15g, want %.15g", x, got, want)
		}
	}
	for _, x := range []float64{0, 8.5, 8.4999999, math.Inf(1)} {
		if got, want := n.lower(x), distuv.UnitNormal.CDF(-x); math.Abs(got-want) > 1e-11 {
			t.Errorf("lower(%g) is %g, want %g", x, got, want)
		}
	}
}

func TestMass(t *testing.T) {
	t.Parallel()
	n := newNormal()
	for _, a := range []float64{-37, -20, -6, -1, -1e-3, 0, 0.5, 3, 7} {
		for _, width := range []float64{1e-9, 9e-5, 2e-4, 0.01, 0.019, 0.021, 0.5, 3, 50} {
			b := a + width
			density := func(x float64) float64 { return math.Exp(-0.5*x*x - logSqrt2Pi) }
			want := 0.0
			if from, to := math.Max(a, -12), math.Min(b, 12); from < to {
				want = quad.Fixed(density, from, to, 400, nil, 0)
			}
			if got := n.mass(a, b); math.Abs(got-want) > 2e-11 || width < 0.02 && a > -12 && math.Abs(got-want) > 1e-5*want {
				t.Errorf("mass(%g, %g) is %.10g, the integral says %.10g", a, b, got, want)
			}
		}
	}
	if got := n.mass(1, 1); got != 0 {
		t.Errorf("the mass of nothing is %g", got)
	}
}

func TestTruncatedQuantile(t *testing.T) {
	t.Parallel()
	n := newNormal()
	for _, bounds := range [][2]float64{{-1, 2}, {0, 3}, {-3, 0}, {-100, 100}, {0, 100}, {-1e-3, 1e-3}, {-9, 0.5}} {
		a, b := bounds[0], bounds[1]
		total := n.mass(a, b)
		for _, u := range []float64{0, 1e-9, 0.01, 0.3, 0.5, 0.77, 0.999, 1 - 1e-12} {
			x := truncatedQuantile(u, a, b, n.phi(a), n.phi(-b))
			if x < a || x > b || math.IsNaN(x) {
				t.Fatalf("the %g-quantile in [%g, %g] is %g", u, a, b, x)
			}
			if below := n.mass(a, x) / total; math.Abs(below-u) > 1e-7 {
				t.Errorf("below the %g-quantile %g in [%g, %g] lies a share of %g", u, x, a, b, below)
			}
		}
	}
}

// Densities far from all observations, of many parameters, and of ranges with
// many values are those of the prior, and finite.
func TestDensitiesOfManyParameters(t *testing.T) {
	t.Parallel()
	var distributions []search.Distribution
	var near, far []float64
	want := 0.0
	for j := range 150 {
		switch j % 3 {
		case 0:
			distributions = append(distributions, search.Float{Low: 0, High: 1})
			near, far = append(near, 0.01), append(far, 0.99)
		case 1:
			distributions = append(distributions, search.Int{Low: 0, High: 1 << 40})
			near, far = append(near, 5), append(far, 1<<40)
			want -= 40 * math.Ln2
		default:
			distributions = append(distributions, search.Categorical{Choices: []any{"a", "b", "c"}})
			near, far = append(near, 0), append(far, 2)
			want -= math.Log(3)
		}
	}
	points := make([][]float64, 200)
	for i := range points {
		points[i] = near
	}
	m := newMixture(distributions, points, recencyWeights(len(points)))
	// The prior's Gaussians are not flat: their density at the ends of the
	// range is 0.92 times the uniform one.
	if got := m.logDensity(far); math.Abs(got-want-math.Log(m.weight[200])-100*math.Log(0.9189)) > 0.5 {
		t.Errorf("far away: %g, want about %g", got, want)
	}
	if got := m.logDensity(near); math.IsInf(got, 0) || math.IsNaN(got) || got < want {
		t.Errorf("at the observations: %g", got)
	}
}

// Densities over a numeric parameter integrate to 1 on the kernels' axis, and
// probabilities sum to 1.
func TestDensitiesAreNormalized(t *testing.T) {
	t.Parallel()
	for _, d := range []search.Distribution{
		search.Float{Low: -2, High: 3},
		search.Float{Low: 1e-6, High: 1e-1, Log: true},
		search.Float{Low: 0, High: 1, Step: 0.1},
		search.Float{Low: 0, High: 1, Step: 0.3},
		search.Int{Low: -5, High: 5},
		search.Int{Low: 0, High: 30, Step: 7},
		search.Int{Low: 1, High: 200, Log: true},
		search.Categorical{Choices: []any{"a", "b", "c"}},
	} {
		for _, n := range []int{0, 1, 2, 5, 60, 300} {
			t.Run(fmt.Sprintf("%v, %d observations", d, n), func(t *testing.T) {
				t.Parallel()
				m := newMixture([]search.Distribution{d}, clustered(d, n), recencyWeights(n))
				density := func(v float64) float64 { return math.Exp(m.logDensity([]float64{v})) }
				total := 0.0
				if count := search.Cardinality(d); math.IsInf(count, 1) {
					axis := newScale(d)
					total = integrate(func(x float64) float64 { return density(axis.off(x)) }, axis.low, axis.high)
				} else {
					for k := range int64(count) {
						total += density(search.ValueAt(d, k))
					}
				}
				if math.Abs(total-1) > 1e-6 {
					t.Errorf("the total probability is %.9f", total)
				}
			})
		}
	}
}

// clustered draws observations half of which are equal or at the ends.
func clustered(d search.Distribution, n int) [][]float64 {
	rng := search.Rand(1, n, "clustered")
	points := make([][]float64, n)
	for i := range points {
		v := search.Uniform(rng, d)
		switch i % 6 {
		case 1:
			v = search.Nearest(d, math.Inf(1))
		case 2:
			v = search.Nearest(d, math.Inf(-1))
		case 3:
			v = points[0][0]
		}
		points[i] = []float64{v}
	}
	return points
}

// integrate divides the range into 200 pieces: kernels are as narrow as 1/100.
func integrate(f func(float64) float64, low, high float64) float64 {
	const pieces = 200
	total := 0.0
	for k := range pieces {
		a := low + (high-low)*float64(k)/pieces
		b := low + (high-low)*float64(k+1)/pieces
		total += quad.Fixed(f, a, b, 12, nil, 0)
	}
	return total
}

// Samples follow the density that is computed for them.
func TestSamplesFollowTheDensity(t *testing.T) {
	t.Parallel()
	const draws = 20000
	distributions := []search.Distribution{
		search.Int{Low: 0, High: 4},
		search.Int{Low: 1, High: 5, Log: true},
		search.Categorical{Choices: []any{"a", "b", "c"}},
	}
	points := [][]float64{{0, 1, 0}, {4, 5, 1}, {1, 2, 1}, {4, 5, 2}}
	m := newMixture(distributions, points, recencyWeights(len(points)))
	for _, known := range []float64{math.NaN(), 4} {
		counts := make(map[[3]float64]int)
		for _, p := range m.sample(search.Rand(1, 0, "samples"), draws, []float64{known, math.NaN(), math.NaN()}) {
			counts[[3]float64(p)]++
		}
		norm := 0.0 // of the density conditional on the known value
		var cells [][3]float64
		for a := range 5 {
			for b := range 5 {
				for c := range 3 {
					cell := [3]float64{float64(a), float64(b + 1), float64(c)}
					if math.IsNaN(known) || known == cell[0] {
						cells = append(cells, cell)
						norm += math.Exp(m.logDensity(cell[:]))
					}
				}
			}
		}
		for _, cell := range cells {
			want := draws * math.Exp(m.logDensity(cell[:])) / norm
			if got := float64(counts[cell]); math.Abs(got-want) > 5*math.Sqrt(want)+1 {
				t.Errorf("known %v: %v was drawn %v times, want about %.1f", known, cell, got, want)
			}
		}
		for cell := range counts {
			if !slices.Contains(cells, cell) {
				t.Errorf("known %v: drew %v", known, cell)
			}
		}
	}
}

func TestBandwidths(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name     string
		mu, want []float64
	}{
		{"none", nil, nil},
		{"alone: the farther end", []float64{2}, []float64{8}},
		{"two: their distance", []float64{6, 2}, []float64{4, 4}},
		{"the farther neighbour", []float64{1, 9, 4}, []float64{3, 5, 5}},
		{"equal: the narrowest", []float64{3, 3, 3}, []float64{2, 2, 2}},
		{"two equal: what lies beyond them", []float64{5, 1, 5, 9}, []float64{4, 4, 4, 4}},
		{"three equal, whoever came first", []float64{1, 5, 5, 9, 5}, []float64{4, 10.0 / 7, 10.0 / 7, 4, 10.0 / 7}},
	} {
		got := bandwidths(test.mu, sortedOrder(test.mu, 0, 10), 0, 10, 1)
		if !slices.Equal(got, test.want) {
			t.Errorf("%s: %v, want %v", test.name, got, test.want)
		}
	}
}

func TestSortedOrder(t *testing.T) {
	t.Parallel()
	for _, d := range []search.Distribution{
		search.Float{Low: -3, High: 5}, search.Int{Low: 0, High: 3}, search.Float{Low: 1e-300, High: 1e300, Log: true},
	} {
		for _, n := range []int{0, 1, 2, 3, 50, 1000} {
			axis := newScale(d)
			v := make([]float64, n)
			for i, p := range clustered(d, n) {
				v[i] = axis.on(p[0])
			}
			order := sortedOrder(v, axis.low, axis.high)
			want := make([]int, n)
			for i := range want {
				want[i] = i
			}
			slices.SortStableFunc(want, func(i, j int) int { return cmp.Compare(v[i], v[j]) })
			if !slices.Equal(order, want) {
				t.Errorf("%v, %d values: order %v, want %v", d, n, order, want)
			}
		}
	}
}

func TestRecencyWeights(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 25, 26, 27, 100} {
		w := normalized(recencyWeights(n))
		if len(w) != n+1 || math.Abs(floats.Sum(w)-1) > 1e-12 {
			t.Fatalf("%d observations: %d weights, their sum %g", n, len(w), floats.Sum(w))
		}
		if !slices.IsSorted(w) {
			t.Errorf("%d observations: an older one weighs more: %v", n, w)
		}
	}
	// numpy.linspace(1/100, 1, 75), 25 ones and the prior, over their sum.
	if got, want := normalized(recencyWeights(100))[0], 0.01/(0.505*75+26); math.Abs(got-want) > 1e-15 {
		t.Errorf("the oldest of 100 weighs %g, want %g", got, want)
	}
}

func TestDecompose(t *testing.T) {
	t.Parallel()
	number := search.Float{Low: 0, High: 1}
	when := func(values ...any) map[string][]any { return map[string][]any{"a": values} }
	groups := decompose(search.Space{
		{Name: "a", Distribution: search.Categorical{Choices: []any{"x", "y", int64(1), "1"}}},
		{Name: "b", Distribution: number, When: when("x", "y")},
		{Name: "single", Distribution: search.Int{Low: 1, High: 1}},
		{Name: "c", Distribution: number},
		{Name: "d", Distribution: number, When: when("y", "x")},
		{Name: "e", Distribution: number, When: when(int64(1))},
		{Name: "f", Distribution: number, When: when("1")},
	})
	var names []string
	for _, g := range groups {
		names = append(names, fmt.Sprint(g.names))
	}
	if want := []string{"[a c]", "[b d]", "[e]", "[f]"}; !slices.Equal(names, want) {
		t.Errorf("groups %v, want %v", names, want)
	}
}
