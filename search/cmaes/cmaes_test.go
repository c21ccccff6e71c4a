package cmaes_test

import (
	"context"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cmaes"
	"github.com/hpsearch/hpsearch/search/qmc"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for _, o := range []cmaes.Options{{}, {StartupTrials: 1, Population: 4}} {
		searchtest.Suite{New: func(seed int64) (search.Sampler, error) {
			o := o
			o.Seed = seed
			return cmaes.New(o)
		}}.Run(t)
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	h, err := searchtest.Run(newSampler(t, cmaes.Options{Seed: 42}), searchtest.Mixed(), 25, 3)
	if err != nil {
		t.Fatal(err)
	}
	searchtest.Golden(t, h, "testdata/golden.json")
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, o := range []cmaes.Options{{StartupTrials: -1}, {Population: 3}, {Population: -4}} {
		if _, err := cmaes.New(o); err == nil {
			t.Errorf("New(%+v) succeeded", o)
		}
	}
}

// Both directions, one trial at a time and eight, are better than an even
// selection of points.
func TestFindsTheOptimum(t *testing.T) {
	t.Parallel()
	for _, o := range searchtest.Objectives() {
		for _, parallel := range []int{1, 8} {
			const seeds, trials = 7, 150
			var ours, even []float64
			for seed := range int64(seeds) {
				ours = append(ours, lowest(t, newSampler(t, cmaes.Options{Seed: seed}), o, trials, parallel))
				even = append(even, lowest(t, qmc.New(seed), o, trials, parallel))
			}
			slices.Sort(ours)
			slices.Sort(even)
			t.Logf("%s, %d pending: %.4g, quasi-random %.4g, optimum %.4g", o.Name, parallel, ours[seeds/2], even[seeds/2], o.Optimum)
			if ours[seeds/2] >= even[seeds/2] {
				t.Errorf("%s, %d pending: %g is not better than %g", o.Name, parallel, ours[seeds/2], even[seeds/2])
			}
		}
	}
}

func TestMaximizes(t *testing.T) {
	t.Parallel()
	o := searchtest.Branin()
	h := searchtest.NewHistory(search.Maximize)
	s := newSampler(t, cmaes.Options{Seed: 1})
	best := -1e9
	for number := range 100 {
		params, err := s.Suggest(context.Background(), h, number, o.Space, nil)
		if err != nil {
			t.Fatal(err)
		}
		trial := searchtest.NewTrial(number, o.Space, params)
		trial.State, trial.Values = search.Complete, []float64{-o.Value(trial.External())}
		best = max(best, trial.Value())
		h.Trials = append(h.Trials, trial)
	}
	if best < -0.6 {
		t.Errorf("the largest of minus Branin is %g", best)
	}
}

// A converged strategy begins anew elsewhere.
func TestRestarts(t *testing.T) {
	t.Parallel()
	o := searchtest.Branin()
	h, err := searchtest.Run(newSampler(t, cmaes.Options{Seed: 2}), o, 600, 1)
	if err != nil {
		t.Fatal(err)
	}
	regions := make(map[int]int) // trials near each of the three optima
	for _, trial := range h.Trials {
		if trial.Value() < o.Optimum+0.01 {
			regions[int((trial.Params["x1"]+3.15)/3)]++
		}
	}
	if len(regions) < 2 {
		t.Errorf("in 600 trials only one optimum was found: %v", regions)
	}
}

func newSampler(t *testing.T, o cmaes.Options) *cmaes.Sampler {
	t.Helper()
	s, err := cmaes.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func lowest(t *testing.T, s search.Sampler, o searchtest.Objective, trials, parallel int) float64 {
	t.Helper()
	h, err := searchtest.Run(s, o, trials, parallel)
	if err != nil {
		t.Fatal(err)
	}
	return searchtest.Lowest(h)
}
