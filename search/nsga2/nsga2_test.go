package nsga2_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/nsga2"
	"github.com/hpsearch/hpsearch/search/qmc"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// breeds is a sampler that begins to breed within the few trials of the
// conformance suite.
func breeds(seed int64) (search.Sampler, error) {
	return nsga2.New(nsga2.Options{Seed: seed, Population: 10, StartupTrials: 5})
}

func TestConformance(t *testing.T) {
	t.Parallel()
	searchtest.Suite{New: breeds}.Run(t)
}

func TestConformanceOfTwoObjectives(t *testing.T) {
	t.Parallel()
	searchtest.Suite{New: searchtest.WithTwoObjectives(breeds)}.Run(t)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	s, err := breeds(1)
	if err != nil {
		t.Fatal(err)
	}
	h, err := searchtest.RunTradeoff(s, searchtest.MixedTradeoff(), 40, 2)
	if err != nil {
		t.Fatal(err)
	}
	searchtest.Golden(t, h, "testdata/golden.json")
}

// In 250 trials, with four at a time, it gets much nearer to the front than
// the points of a sequence that learns nothing.
func TestComesNearTheFront(t *testing.T) {
	t.Parallel()
	const trials, parallel = 250, 4
	for _, tradeoff := range searchtest.Tradeoffs() {
		var ours, theirs []float64
		for seed := range int64(5) {
			s, err := nsga2.New(nsga2.Options{Seed: seed})
			if err != nil {
				t.Fatal(err)
			}
			for sampler, shares := range map[search.Sampler]*[]float64{s: &ours, qmc.New(seed): &theirs} {
				h, err := searchtest.RunTradeoff(sampler, tradeoff, trials, parallel)
				if err != nil {
					t.Fatal(err)
				}
				*shares = append(*shares, tradeoff.Share(h.Trials))
			}
		}
		slices.Sort(ours)
		slices.Sort(theirs)
		got, base := ours[2], theirs[2]
		// At least a fifth of what was left to gain.
		if want := base + (1-base)/5; got < want {
			t.Errorf("%s: %.3f of the volume, want %.3f; qmc has %.3f", tradeoff.Name, got, want, base)
		}
	}
}

// With one objective it minimizes, too.
func TestOneObjective(t *testing.T) {
	t.Parallel()
	s, err := nsga2.New(nsga2.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	o := searchtest.Branin()
	if lowest, err := searchtest.Minimize(s, o, 400); err != nil || lowest > o.Optimum+0.05 {
		t.Errorf("lowest %g, %v, want about %g", lowest, err, o.Optimum)
	}
}

// A sampler that has seen another course of events suggests the same as one
// that is new.
func TestForgetsWhatChanged(t *testing.T) {
	t.Parallel()
	tradeoff := searchtest.ZDT(1, 4)
	used, err := breeds(7)
	if err != nil {
		t.Fatal(err)
	}
	h, err := searchtest.RunTradeoff(used, tradeoff, 200, 8)
	if err != nil {
		t.Fatal(err)
	}
	without := func(numbers ...int) *search.History {
		kept := &search.History{Study: h.Study}
		for _, trial := range h.Trials {
			if !slices.Contains(numbers, trial.Number) {
				kept.Trials = append(kept.Trials, trial)
			}
		}
		return kept
	}
	for i, history := range []*search.History{
		without(197), without(3), without(180, 181, 190), h, without(), {Study: h.Study, Trials: h.Trials[:40]},
	} {
		fresh, err := breeds(7)
		if err != nil {
			t.Fatal(err)
		}
		want, err := fresh.Suggest(context.Background(), history, 200, tradeoff.Space, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := used.Suggest(context.Background(), history, 200, tradeoff.Space, nil)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Errorf("history %d: error %v (-new +used):\n%s", i, err, diff)
		}
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for want, options := range map[string]nsga2.Options{
		"startup trials must not be negative: -1": {StartupTrials: -1},
		"needs at least 4 trials, not 3":          {Population: 3},
	} {
		if _, err := nsga2.New(options); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", options, err, want)
		}
	}
}

// The time of a suggestion in a study that has trials trials.
func BenchmarkSuggest(b *testing.B) {
	for _, trials := range []int{100, 1000, 10000} {
		b.Run(fmt.Sprint(trials), func(b *testing.B) {
			tradeoff := searchtest.ZDT(1, 6)
			s, err := nsga2.New(nsga2.Options{Seed: 1})
			if err != nil {
				b.Fatal(err)
			}
			h, err := searchtest.RunTradeoff(s, tradeoff, trials, 1)
			if err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				if _, err := s.Suggest(context.Background(), h, trials, tradeoff.Space, nil); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
