package tpe

import (
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/random"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options Options
	}{
		{"defaults", Options{}},
		{"early", Options{StartupTrials: 1, Candidates: 2, IgnoreRunning: true}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			searchtest.Suite{New: func(seed int64) (search.Sampler, error) {
				o := test.options
				o.Seed = seed
				return New(o)
			}}.Run(t)
		})
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	for path, pending := range map[string]int{"testdata/golden.json": 3, "testdata/golden-alone.json": 1} {
		h, err := searchtest.Run(newSampler(t, Options{Seed: 42}), searchtest.Mixed(), 40, pending)
		if err != nil {
			t.Fatal(err)
		}
		searchtest.Golden(t, h, path)
	}
}

func TestNewRefusesNegativeCounts(t *testing.T) {
	t.Parallel()
	for _, o := range []Options{{StartupTrials: -1}, {Candidates: -1}} {
		if _, err := New(o); err == nil {
			t.Errorf("New(%+v) succeeded", o)
		}
	}
}

// TestBeatsRandom compares the medians of the best of 100 trials over ten
// seeds.
func TestBeatsRandom(t *testing.T) {
	t.Parallel()
	for _, o := range searchtest.Objectives() {
		t.Run(o.Name, func(t *testing.T) {
			t.Parallel()
			const seeds, trials = 10, 100
			var ours, theirs []float64
			for seed := range int64(seeds) {
				ours = append(ours, minimize(t, newSampler(t, Options{Seed: seed}), o, trials))
				theirs = append(theirs, minimize(t, random.New(seed), o, trials))
			}
			slices.Sort(ours)
			slices.Sort(theirs)
			t.Logf("best of %d trials, median of %d seeds: tpe %.4g, random %.4g, optimum %.4g",
				trials, seeds, ours[seeds/2], theirs[seeds/2], o.Optimum)
			if ours[seeds/2] >= theirs[seeds/2] {
				t.Errorf("tpe %.4g is not better than random %.4g", ours[seeds/2], theirs[seeds/2])
			}
			if ours[0] < o.Optimum-1e-9 {
				t.Errorf("%.10g is below the optimum %.10g", ours[0], o.Optimum)
			}
		})
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

func minimize(t testing.TB, s search.Sampler, o searchtest.Objective, trials int) float64 {
	t.Helper()
	v, err := searchtest.Minimize(s, o, trials)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// TestConstantLiar compares eight pending workers with and without the lie:
// without it they crowd around the same suggestion.
func TestConstantLiar(t *testing.T) {
	t.Parallel()
	spread := func(ignoreRunning bool) float64 {
		o := searchtest.Branin()
		var distances []float64
		for seed := range int64(10) {
			h, err := searchtest.Run(newSampler(t, Options{Seed: seed, IgnoreRunning: ignoreRunning}), o, 48, 8)
			if err != nil {
				t.Fatal(err)
			}
			for i := 24; i < len(h.Trials); i++ {
				distances = append(distances, nearestPending(h.Trials[i-7:i], h.Trials[i]))
			}
		}
		slices.Sort(distances)
		return distances[len(distances)/2]
	}
	lying, honest := spread(false), spread(true)
	t.Logf("median distance to the nearest pending trial: %.3f with the lie, %.3f without", lying, honest)
	if lying <= honest {
		t.Errorf("pending trials are %.3f apart with the lie, %.3f without", lying, honest)
	}
}

func nearestPending(pending []*search.Trial, trial *search.Trial) float64 {
	nearest := math.Inf(1)
	for _, p := range pending {
		nearest = math.Min(nearest, math.Hypot(p.Params["x1"]-trial.Params["x1"], p.Params["x2"]-trial.Params["x2"]))
	}
	return nearest
}
