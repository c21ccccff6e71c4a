package searchtest

import (
	"fmt"
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// A past is a kind of history that a sampler must be able to do with.
type past struct {
	name   string
	trials int
	finish func(t *search.Trial, i int) // makes the i-th RUNNING trial what it is
}

// pasts returns every kind of awkward history.
func pasts() []past {
	const several = 40
	nan, inf := math.NaN(), math.Inf(1)
	finish := func(state search.State, value func(i int) float64, reports ...search.Report) func(*search.Trial, int) {
		return func(t *search.Trial, i int) {
			t.State, t.Intermediate = state, reports
			if value != nil {
				t.Values = []float64{value(i)}
			}
		}
	}
	failed := func(reason string) func(*search.Trial, int) {
		return func(t *search.Trial, _ int) { t.State, t.Reason = search.Failed, reason }
	}
	always := func(v float64) func(int) float64 { return func(int) float64 { return v } }
	return []past{
		{"none", 0, nil},
		{"one", 1, finish(search.Complete, always(1))},
		{"equal", several, finish(search.Complete, always(1))},
		{"nan", several, finish(search.Complete, always(nan))},
		{"infinite", several, finish(search.Complete, func(i int) float64 { return []float64{inf, -inf, 0}[i%3] })},
		{"huge", several, finish(search.Complete, func(i int) float64 { return []float64{math.MaxFloat64, -math.MaxFloat64, 5e-324}[i%3] })},
		{"no value", several, finish(search.Complete, nil)},
		{"pruned without reports", several, finish(search.Pruned, nil)},
		{"pruned", several, finish(search.Pruned, always(2), search.Report{Step: 1, Value: 2})},
		{"pruned at nan", several, finish(search.Pruned, always(nan), search.Report{Step: 1, Value: nan})},
		{"failed", several, failed(search.ReasonError)},
		{"diverged", several, failed(search.ReasonDiverged)},
		{"running", several, func(*search.Trial, int) {}},
	}
}

// history makes a history of that kind with random parameters.
func (p past) history(t fataler, space search.Space) *search.History {
	t.Helper()
	h := NewHistory(search.Minimize)
	for i := range p.trials {
		rng := search.Rand(3, i, "searchtest/past")
		params, err := space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
			return search.Uniform(rng, p.Distribution), nil
		})
		if err != nil {
			t.Fatalf("%s: %v", p.name, err)
		}
		trial := NewTrial(i, space, params)
		p.finish(trial, i)
		h.Trials = append(h.Trials, trial)
	}
	return h
}

// testHistories suggests after each kind of history, in a space of several
// parameters and for each distribution alone.
func (s Suite) testHistories(t *testing.T) {
	t.Parallel()
	spaces := map[string]search.Space{"mixed": Mixed().Space}
	for _, d := range Distributions() {
		spaces[fmt.Sprint(d)] = search.Space{{Name: "p", Distribution: d}}
	}
	for _, p := range pasts() {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			for name, space := range spaces {
				sampler := s.sampler(t, 3)
				h := p.history(t, space)
				params, err := sampler.Suggest(t.Context(), h, p.trials, space, nil)
				if err == nil {
					err = Check(space, nil, params)
				}
				if err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}
		})
	}
}
