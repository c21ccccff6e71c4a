package pruner

import (
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// A trial that does again what a COMPLETE one has done ends, also between rungs and
// though it would be the best there.
func TestEndRepeats(t *testing.T) {
	t.Parallel()
	h := &search.History{}
	for n, curve := range [][]float64{{9, 8, 7, 6.5}, {8.1, 7.2, 6.3, 5.4}, {4, 3.5, 3, 2.9}, {9.9, 9.3, 9.1, 9}} {
		other := searchtest.Curve(n, curve...)
		other.State, other.Values = search.Complete, curve[3:]
		h.Trials = append(h.Trials, other)
	}
	for _, test := range []struct {
		name   string
		end    bool
		warmup int
		curve  []float64
		want   bool
	}{
		{"a repetition", true, 0, []float64{4, 3.5, 3}, true},
		{"not yet seen to be one", true, 0, []float64{4, 3.5}, false},
		{"a better one", true, 0, []float64{4, 3.5, 2.5}, false},
		{"the rule of the paper", false, 0, []float64{4, 3.5, 3}, false},
		{"the warm-up", true, 4, []float64{4, 3.5, 3}, false},
		{"at its end", true, 0, []float64{4, 3.5, 3, 2.9}, false},
	} {
		a, err := NewASHA(ASHAOptions{MinResource: 2, WarmupSteps: test.warmup, EndRepeats: test.end})
		if err != nil {
			t.Fatal(err)
		}
		b, err := NewHyperband(HyperbandOptions{MinResource: 2, WarmupSteps: test.warmup, EndRepeats: test.end})
		if err != nil {
			t.Fatal(err)
		}
		for number := 4; number < 12; number++ { // of several brackets
			trial := searchtest.Curve(number, test.curve...)
			for _, p := range []search.Pruner{a, b} {
				all := &search.History{Trials: append(slices.Clone(h.Trials), trial)}
				if got, err := p.Prune(t.Context(), all, trial); err != nil || got != test.want {
					t.Errorf("%s, %T: trial %d is pruned: %v, %v", test.name, p, number, got, err)
				}
			}
		}
	}
}
