package gp

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/qmc"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options Options
	}{
		{"defaults", Options{}},
		{"early", Options{StartupTrials: 1, MaxTrials: 20, IgnoreRunning: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			searchtest.Suite{Converges: true, New: func(seed int64) (search.Sampler, error) {
				o := test.options
				o.Seed = seed
				return New(o)
			}}.Run(t)
		})
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	h, err := searchtest.Run(newSampler(t, Options{Seed: 42}), searchtest.Mixed(), 16, 3)
	if err != nil {
		t.Fatal(err)
	}
	searchtest.Golden(t, h, "testdata/golden.json")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{StartupTrials: -1}, {MaxTrials: -1}, {MaxTrials: 5}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) succeeded", o)
		}
	}
}

// TestFindsTheOptimum allows each objective what the median of a few seeds
// reaches easily in 60 trials, and a point set never does.
func TestFindsTheOptimum(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		objective searchtest.Objective
		within    float64
	}{
		{searchtest.Branin(), 0.01}, {searchtest.Hartmann6(), 0.3}, {searchtest.Rosenbrock(8), 8000}, {searchtest.Mixed(), 0.05},
	} {
		for _, parallel := range []int{1, 8} {
			o := test.objective
			t.Run(fmt.Sprintf("%s, %d pending", o.Name, parallel), func(t *testing.T) {
				t.Parallel()
				const seeds, trials = 3, 60
				var ours, even []float64
				for seed := range int64(seeds) {
					ours = append(ours, lowest(t, newSampler(t, Options{Seed: seed}), o, trials, parallel))
					even = append(even, lowest(t, qmc.New(seed), o, trials, parallel))
				}
				slices.Sort(ours)
				slices.Sort(even)
				t.Logf("gp %.5g, quasi-random %.5g, optimum %.5g", ours[1], even[1], o.Optimum)
				if ours[1] > o.Optimum+test.within {
					t.Errorf("the median %g is farther than %g from the optimum %g", ours[1], test.within, o.Optimum)
				}
				if even[1] <= o.Optimum+test.within {
					t.Errorf("quasi-random points come as close: %g", even[1])
				}
			})
		}
	}
}

// Failed and pruned trials are avoided, and noise does not lead astray.
func TestAvoidsFailures(t *testing.T) {
	t.Parallel()
	o := searchtest.Branin()
	s := newSampler(t, Options{Seed: 5})
	h := searchtest.NewHistory(search.Maximize)
	failures := 0
	for number := range 50 {
		params, err := s.Suggest(context.Background(), h, number, o.Space, nil)
		if err != nil {
			t.Fatal(err)
		}
		trial := searchtest.NewTrial(number, o.Space, params)
		trial.State, trial.Values = search.Complete, []float64{-o.Value(trial.External())}
		if params["x1"] < 2.5 { // two of the three optima lie there
			trial.State, trial.Values, trial.Reason = search.Failed, nil, search.ReasonDiverged
			if number >= 25 {
				failures++
			}
		}
		h.Trials = append(h.Trials, trial)
	}
	if failures > 10 {
		t.Errorf("%d of the last 25 trials failed", failures)
	}
	best := math.Inf(-1)
	for _, trial := range h.Trials {
		if trial.State == search.Complete {
			best = max(best, trial.Value())
		}
	}
	if best < -0.45 {
		t.Errorf("the best is %g", best)
	}
}

func TestFrame(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
		{Name: "one", Distribution: search.Int{Low: 3, High: 3}},
		{Name: "x", Distribution: search.Float{Low: 0, High: 4}},
		{Name: "y", Distribution: search.Float{Low: 1, High: 100, Log: true}, When: map[string][]any{"c": {"a"}}},
		{Name: "d", Distribution: search.Categorical{Choices: []any{1, 2}}, When: map[string][]any{"c": {"a"}}},
	}
	f := newFrame(space)
	for _, test := range []struct {
		params map[string]float64
		want   []float64
	}{
		{map[string]float64{"c": 0, "x": 1, "y": 10, "d": 1}, []float64{0, 0.25, 0.5, 1}},
		{map[string]float64{"c": 1, "x": 4}, []float64{1, 1, noNumber, noChoice}},
		{map[string]float64{"c": 1}, nil},         // x is missing
		{map[string]float64{"c": 1, "x": 5}, nil}, // from another space
	} {
		got := f.pointOf(searchtest.NewTrial(0, space, test.params))
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%v (-want +got):\n%s", test.params, diff)
		}
	}
}

func TestCollect(t *testing.T) {
	t.Parallel()
	space := search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 1}}}
	h := searchtest.NewHistory(search.Maximize)
	add := func(state search.State, reason string, values ...float64) {
		trial := searchtest.NewTrial(len(h.Trials), space, map[string]float64{"x": float64(len(h.Trials)) / 10})
		trial.State, trial.Reason, trial.Values = state, reason, values
		if state == search.Pruned {
			trial.Intermediate = []search.Report{{Step: 1, Value: values[0]}}
		}
		h.Trials = append(h.Trials, trial)
	}
	add(search.Complete, "", 1)
	add(search.Complete, "", 2)
	add(search.Complete, "", 3)
	add(search.Complete, "", math.NaN())
	add(search.Pruned, "", 9)  // looked good when it was stopped
	add(search.Pruned, "", -4) // the worst
	add(search.Failed, search.ReasonDiverged)
	add(search.Failed, "crashed") // says nothing about its configuration
	add(search.Running, "")
	add(search.Running, "") // itself
	f := newFrame(space)
	d := f.collect(h, 9, false)
	if diff := cmp.Diff([]float64{-1, -2, -3, 4, -2, 4, 4}, d.y); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
	if len(d.pending) != 1 || d.finished != 6 {
		t.Errorf("%d pending, %d finished; want 1 and 6", len(d.pending), d.finished)
	}
	if d := f.collect(h, 9, true); len(d.pending) != 0 {
		t.Errorf("running trials are not ignored: %v", d.pending)
	}
}

func TestThin(t *testing.T) {
	t.Parallel()
	var d data
	for i := range 100 {
		d.x = append(d.x, []float64{float64(i)})
		d.y = append(d.y, float64((i*37)%100))
		d.trials = append(d.trials, &search.Trial{Number: i})
	}
	d.thin(40)
	if len(d.x) != 40 || len(d.y) != 40 || len(d.trials) != 40 {
		t.Fatalf("%d points with %d values of %d trials are left of 40", len(d.x), len(d.y), len(d.trials))
	}
	best := 0
	for i, x := range d.x {
		if i > 0 && x[0] <= d.x[i-1][0] {
			t.Errorf("point %v after %v", x, d.x[i-1])
		}
		if d.y[i] != float64((int(x[0])*37)%100) {
			t.Errorf("point %v has the value %v of another", x, d.y[i])
		}
		if d.trials[i].Number != int(x[0]) {
			t.Errorf("point %v is of trial %d", x, d.trials[i].Number)
		}
		if d.y[i] < 10 {
			best++
		}
	}
	if best != 10 {
		t.Errorf("%d of the best 10 are left", best)
	}
}

// What the cache answers does not depend on what it was asked before.
func TestFitCacheIsPure(t *testing.T) {
	t.Parallel()
	o := searchtest.Hartmann6()
	h, err := searchtest.Run(qmc.New(1), o, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	f := newFrame(o.Space)
	var warm fitCache
	for n := 30; n <= 40; n++ {
		d := f.collect(&search.History{Study: h.Study, Trials: h.Trials[:n]}, n, false)
		var cold fitCache
		if diff := cmp.Diff(cold.get(f, &d), warm.get(f, &d), cmp.AllowUnexported(hyper{}, bend{})); diff != "" {
			t.Errorf("%d trials (-cold +warm):\n%s", n, diff)
		}
	}
	if len(warm.fits) > rememberedFits {
		t.Errorf("%d fits are remembered", len(warm.fits))
	}
	for n, want := range map[int]int{2: 1, 31: 1, 32: 2, 100: 4, 300: 16} {
		if got := refitStep(n); got != want {
			t.Errorf("after %d trials every %dth is fitted, want %d", n, got, want)
		}
	}
}

func newSampler(t testing.TB, o Options) *Sampler {
	t.Helper()
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func lowest(t testing.TB, s search.Sampler, o searchtest.Objective, trials, parallel int) float64 {
	t.Helper()
	h, err := searchtest.Run(s, o, trials, parallel)
	if err != nil {
		t.Fatal(err)
	}
	return searchtest.Lowest(h)
}

// BenchmarkSuggest measures one suggestion after n trials, as a study asks
// for it: the hyperparameters are fitted anew when it is their turn.
func BenchmarkSuggest(b *testing.B) {
	for _, o := range []searchtest.Objective{searchtest.Hartmann6(), searchtest.Mixed()} {
		for _, n := range []int{100, 300, 1000} {
			b.Run(fmt.Sprintf("%s/%d", o.Name, n), func(b *testing.B) {
				h, err := searchtest.Run(qmc.New(1), o, n+64, 1)
				if err != nil {
					b.Fatal(err)
				}
				s := newSampler(b, Options{Seed: 1})
				i := 0
				for b.Loop() {
					at := n + i%64
					i++
					past := &search.History{Study: h.Study, Trials: h.Trials[:at]}
					if _, err := s.Suggest(context.Background(), past, at, o.Space, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func TestOrdered(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d    search.Distribution
		want bool
	}{
		{search.Categorical{Choices: []any{int64(8), int64(16), int64(64)}}, true},
		{search.Categorical{Choices: []any{int64(0), 0.5, int64(2)}}, true},
		{search.Categorical{Choices: []any{int64(8), int64(64), int64(16)}}, false},
		{search.Categorical{Choices: []any{1.0, 2.0}}, false},
		{search.Categorical{Choices: []any{1.0, 2.0, "3"}}, true},
		{search.Categorical{Choices: []any{"1e-4", "0.001", "0.1", "1"}}, true},
		{search.Categorical{Choices: []any{"256", "64", "16"}}, true},
		{search.Categorical{Choices: []any{"16", "16.0", "64"}}, false},
		{search.Categorical{Choices: []any{"1", "2", "x"}}, false},
		{search.Categorical{Choices: []any{"NaN", "1", "2"}}, false},
		{search.Categorical{Choices: []any{false, true, int64(2)}}, false},
		{search.Categorical{Choices: []any{nil, 1.0, 2.0}}, false},
		{search.Int{Low: 1, High: 5}, false},
	} {
		if got := ordered(test.d); got != test.want {
			t.Errorf("%v: %t, want %t", test.d, got, test.want)
		}
	}
}
