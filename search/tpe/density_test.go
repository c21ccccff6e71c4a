package tpe

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"testing"

	"gonum.org/v1/gonum/integrate/quad"
	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestLogPhi(t *testing.T) {
	t.Parallel()
	for x := -36.0; x <= 8; x += 0.37 {
		want := math.Log(distuv.UnitNormal.CDF(x))
		if got := logPhi(x); math.Abs(got-want) > 1e-9*math.Max(1e-7, math.Abs(want)) {
			t.Errorf("logPhi(%g) is %g, want %g", x, got, want)
		}
	}
	// Beyond float64's range: the values are mpmath's, log(erfc(-x/sqrt(2))/2) with 30 digits.
	for x, want := range map[float64]float64{-40: -804.608442013754, -100: -5005.524208694205} {
		if got := logPhi(x); math.Abs(got-want) > 1e-9*math.Abs(want) {
			t.Errorf("logPhi(%g) is %.12f, want %.12f", x, got, want)
		}
	}
}

func TestLogMass(t *testing.T) {
	t.Parallel()
	for _, a := range []float64{-37, -20, -6, -1, -1e-3, 0, 0.5, 3, 12, 30} {
		for _, width := range []float64{1e-9, 9e-5, 2e-4, 0.01, 0.5, 3, 50} {
			// The integral relative to the density at the end nearer to 0,
			// which does not underflow.
			b := a + width
			peak := math.Max(a, math.Min(b, 0))
			relative := func(x float64) float64 { return math.Exp(0.5 * (peak*peak - x*x)) }
			// Nothing counts farther than 12 from the peak.
			from, to := math.Max(a, peak-12), math.Min(b, peak+12)
			want := math.Log(quad.Fixed(relative, from, to, 400, nil, 0)) - 0.5*peak*peak - logSqrt2Pi
			if got := logMass(a, b); math.Abs(got-want) > 1e-6 {
				t.Errorf("logMass(%g, %g) is %.10g, the integral says %.10g", a, b, got, want)
			}
		}
	}
	if got := logMass(1, 1); !math.IsInf(got, -1) {
		t.Errorf("logMass of nothing is %g", got)
	}
}

func TestTruncatedQuantile(t *testing.T) {
	t.Parallel()
	for _, bounds := range [][2]float64{{-1, 2}, {0, 3}, {-3, 0}, {-100, 100}, {0, 100}, {-1e-3, 1e-3}, {-9, 0.5}} {
		a, b := bounds[0], bounds[1]
		total := math.Exp(logMass(a, b))
		for _, u := range []float64{0, 1e-9, 0.01, 0.3, 0.5, 0.77, 0.999, 1 - 1e-12} {
			x := truncatedQuantile(u, a, b)
			if x < a || x > b || math.IsNaN(x) {
				t.Fatalf("the %g-quantile in [%g, %g] is %g", u, a, b, x)
			}
			below := 0.0
			if x > a {
				below = math.Exp(logMass(a, x)) / total
			}
			if math.Abs(below-u) > 1e-7 {
				t.Errorf("below the %g-quantile %g in [%g, %g] lies a share of %g", u, x, a, b, below)
			}
		}
	}
}

func TestLogSumExp(t *testing.T) {
	t.Parallel()
	inf := math.Inf(1)
	for _, test := range []struct {
		in   []float64
		want float64
	}{
		{nil, -inf},
		{[]float64{-inf, -inf}, -inf},
		{[]float64{0, 0}, math.Ln2},
		{[]float64{-1000, -1000, -inf}, -1000 + math.Ln2},
		{[]float64{1000, 0}, 1000},
	} {
		if got := logSumExp(test.in); got != test.want && math.Abs(got-test.want) > 1e-12 {
			t.Errorf("logSumExp(%v) is %v, want %v", test.in, got, test.want)
		}
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
		w := logNormalized(recencyWeights(n))
		if len(w) != n+1 || math.Abs(logSumExp(w)) > 1e-12 {
			t.Fatalf("%d observations: %d weights, ln of their sum %g", n, len(w), logSumExp(w))
		}
		if !slices.IsSorted(w) {
			t.Errorf("%d observations: an older one weighs more: %v", n, w)
		}
	}
	// numpy.linspace(1/100, 1, 75), 25 ones and the prior, over their sum.
	if got, want := math.Exp(logNormalized(recencyWeights(100))[0]), 0.01/(0.505*75+26); math.Abs(got-want) > 1e-15 {
		t.Errorf("the oldest of 100 weighs %g, want %g", got, want)
	}
}

func TestObserve(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	report := func(step int, v float64) []search.Report {
		return []search.Report{{Step: 0, Value: -9}, {Step: step, Value: v}}
	}
	h := searchtest.NewHistory(search.Minimize)
	add := func(trial search.Trial) {
		trial.Number = len(h.Trials)
		h.Trials = append(h.Trials, &trial)
	}
	// In descending order of rank, worst first; 24 fillers are worse still.
	for range 24 {
		add(search.Trial{State: search.Complete, Values: []float64{nan}})
	}
	add(search.Trial{State: search.Pruned})                                // 24
	add(search.Trial{State: search.Pruned, Intermediate: report(2, nan)})  // 25
	add(search.Trial{State: search.Pruned, Intermediate: report(2, 5)})    // 26
	add(search.Trial{State: search.Pruned, Intermediate: report(7, 90)})   // 27
	add(search.Trial{State: search.Complete, Values: []float64{3}})        // 28
	add(search.Trial{State: search.Complete, Values: []float64{1}})        // 29
	add(search.Trial{State: search.Running})                               // 30
	add(search.Trial{State: search.Failed, Reason: search.ReasonDiverged}) // 31
	add(search.Trial{State: search.Failed, Reason: "crashed"})             // 32
	add(search.Trial{State: search.Running})                               // 33, itself
	var ranks []rank
	for _, trial := range h.Trials[:30] {
		ranks = insert(ranks, rankOf(trial, search.Minimize))
	}
	for i, want := range []int{29, 28, 27, 26, 25, 24} {
		if ranks[i].number != want {
			t.Errorf("rank %d is trial %d, want %d", i, ranks[i].number, want)
		}
	}
	o := observe(h, 33, false)
	if got, want := numbers(o.good), []int{27, 28, 29}; o.finished != 30 || !slices.Equal(got, want) {
		t.Errorf("of %d finished trials %v are good, want %v of 30", o.finished, got, want)
	}
	if got := numbers(o.bad); len(got) != 29 || !slices.Equal(got[27:], []int{30, 31}) {
		t.Errorf("bad are %v", got)
	}
	if got := numbers(observe(h, 33, true).bad); slices.Contains(got, 30) {
		t.Errorf("a running trial is bad though they are ignored: %v", got)
	}
	h.Study.Directions = []search.Direction{search.Maximize}
	if got, want := numbers(observe(h, 33, false).good), []int{27, 28, 29}; !slices.Equal(got, want) {
		t.Errorf("maximizing, %v are good, want %v", got, want)
	}
}

func TestRankWeights(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 10, 25} {
		sum := 0.0
		for rank := range n {
			w := rankWeight(rank, n)
			sum += w
			if w <= 0 || rank > 0 && w >= rankWeight(rank-1, n) {
				t.Errorf("of %d trials rank %d weighs %g", n, rank, w)
			}
		}
		if math.Abs(sum-float64(n)) > 1e-12 {
			t.Errorf("the weights of %d trials sum to %g", n, sum)
		}
	}
	// The weights follow the values, whatever the order of the numbers.
	h := searchtest.NewHistory(search.Minimize)
	for i, v := range []float64{3, 1, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9} {
		h.Trials = append(h.Trials, &search.Trial{Number: i, State: search.Complete, Values: []float64{v}})
	}
	o := observe(h, len(h.Trials), false)
	if want := []float64{rankWeight(2, 3), rankWeight(0, 3), rankWeight(1, 3)}; !slices.Equal(o.weight, want) {
		t.Errorf("weights %v, want %v", o.weight, want)
	}
}

func TestThin(t *testing.T) {
	t.Parallel()
	var trials []*search.Trial
	for i := range 1003 {
		trials = append(trials, &search.Trial{Number: i})
	}
	if got := thin(trials[:100], 100); len(got) != 100 {
		t.Errorf("of 100 trials %d are left", len(got))
	}
	got := numbers(thin(trials, 100))
	if len(got) != 100 || !slices.IsSorted(got) || got[0] != 0 || got[50] != 953 || got[99] != 1002 {
		t.Errorf("of 1003 trials are left: %v", got)
	}
	for i := range 50 {
		if gap := got[i+1] - got[i]; gap < 19 || gap > 20 {
			t.Errorf("between older trials %d and %d: %d", got[i], got[i+1], gap)
		}
	}
}

func numbers(trials []*search.Trial) []int {
	var n []int
	for _, t := range trials {
		n = append(n, t.Number)
	}
	return n
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
