package searchtest

import (
	"context"
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// Minimize runs trials trials of an objective one after another, in memory,
// and returns the lowest value found. The sampler brings its seed.
func Minimize(sampler search.Sampler, o Objective, trials int) (float64, error) {
	h, err := Run(sampler, o, trials, 1)
	if err != nil {
		return math.NaN(), err
	}
	return Lowest(h), nil
}

// Run is Minimize with up to parallel trials pending: each is suggested while
// the parallel-1 before it are RUNNING. It returns the finished trials.
func Run(sampler search.Sampler, o Objective, trials, parallel int) (*search.History, error) {
	h := NewHistory(search.Minimize)
	var pending []*search.Trial
	for number := range trials {
		params, err := sampler.Suggest(context.Background(), h, number, o.Space, nil)
		if err != nil {
			return nil, fmt.Errorf("%s, trial %d: %w", o.Name, number, err)
		}
		t := NewTrial(number, o.Space, params)
		h.Trials = append(h.Trials, t)
		if pending = append(pending, t); len(pending) == parallel {
			complete(h, pending[0], o)
			pending = pending[1:]
		}
	}
	for _, t := range pending {
		complete(h, t, o)
	}
	return h, nil
}

// complete replaces a RUNNING trial by its COMPLETE copy.
func complete(h *search.History, t *search.Trial, o Objective) {
	done := *t
	done.State = search.Complete
	done.Values = []float64{o.Value(t.External())}
	h.Trials[t.Number] = &done
}

// NewHistory returns an empty history.
func NewHistory(d search.Direction) *search.History {
	return &search.History{Study: &search.Study{ID: 1, Name: "searchtest", Directions: []search.Direction{d}}}
}

// NewTrial returns a RUNNING trial with these parameters of the space.
func NewTrial(number int, space search.Space, params map[string]float64) *search.Trial {
	t := &search.Trial{
		ID: int64(number) + 1, Number: number, State: search.Running, Attempt: 1,
		Params: params, Distributions: make(map[string]search.Distribution, len(params)),
	}
	for _, p := range space {
		if _, ok := params[p.Name]; ok {
			t.Distributions[p.Name] = p.Distribution
		}
	}
	return t
}

// Lowest returns the lowest value of the COMPLETE trials, +Inf without any.
func Lowest(h *search.History) float64 {
	lowest := math.Inf(1)
	for _, t := range h.Trials {
		if t.State == search.Complete {
			lowest = math.Min(lowest, t.Value())
		}
	}
	return lowest
}
