package searchtest

import (
	"fmt"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// testEarlier gives the sampler the trials of an earlier study, which have
// numbers below 0. They have tried the whole space; it must be tried again.
func (s Suite) testEarlier(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
		{Name: "n", Distribution: search.Int{Low: 1, High: 3}},
	}
	const size = 6
	sampler := s.sampler(t, 11)
	h := NewHistory(search.Minimize)
	for i := range size {
		trial := NewTrial(i-size, space, map[string]float64{"c": float64(i % 2), "n": float64(1 + i/2)})
		trial.State, trial.Values = search.Complete, []float64{trial.Params["n"]}
		h.Trials = append(h.Trials, trial)
	}
	seen := make(map[string]bool)
	for number := range size {
		params := suggest(t, sampler, h, number, space, nil)
		if key := fmt.Sprint(params); seen[key] {
			t.Errorf("trial %d repeats %v", number, params)
		} else {
			seen[key] = true
		}
		trial := NewTrial(number, space, params)
		trial.State, trial.Values = search.Complete, []float64{params["n"]}
		h.Trials = append(h.Trials, trial)
	}
}
