package search_test

import (
	"context"
	"fmt"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// counter suggests x = 0, 1, …, its value less one, by the trial's number.
type counter int

func (c counter) Suggest(_ context.Context, _ *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if number >= int(c) {
		return nil, fmt.Errorf("counter: nothing left: %w", search.ErrNothing)
	}
	return space.Fill(fixed, func(search.Param, map[string]float64) (float64, error) { return float64(number), nil })
}

func (c counter) Configurations(_ *search.Study, most int) ([]map[string]float64, bool) {
	if int(c) > most {
		return nil, false
	}
	all := make([]map[string]float64, c)
	for i := range all {
		all[i] = map[string]float64{"x": float64(i)}
	}
	return all, true
}

func TestExhausted(t *testing.T) {
	t.Parallel()
	tried := func(state search.State, x float64) search.Trial {
		return search.Trial{State: state, Params: map[string]float64{"x": x}}
	}
	zero, one := tried(search.Complete, 0), tried(search.Failed, 1)
	for _, test := range []struct {
		name    string
		sampler search.Sampler
		limit   int
		trials  []search.Trial
		want    string
	}{
		{"all", counter(2), 9, []search.Trial{one, zero}, "all 2 configurations were tried"},
		{"without a bound", counter(2), 0, []search.Trial{zero, one}, "all 2 configurations were tried"},
		{"beside others", counter(2), 9, []search.Trial{zero, tried(search.Pruned, 7), one}, "all 2 configurations were tried"},
		{"one", counter(1), 9, []search.Trial{zero}, "its only configuration was tried"},
		{"by the budget", counter(2), 2, []search.Trial{zero, one}, ""},
		{"twice the same", counter(2), 9, []search.Trial{zero, zero}, ""},
		{"one runs", counter(2), 9, []search.Trial{zero, tried(search.Running, 1)}, ""},
		{"one waits", counter(2), 9, []search.Trial{zero, one, {State: search.Waiting}}, ""},
		{"no trials", counter(2), 9, nil, ""},
		{"without end", seeded{7}, 9, []search.Trial{zero, one}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := newFakeStore(definition())
			for number, trial := range test.trials {
				trial.Number = number
				store.trials = append(store.trials, &fakeTrial{Trial: trial})
			}
			counts, err := store.Counts(t.Context(), 1)
			if err != nil {
				t.Fatal(err)
			}
			goals := search.Goals{Store: store, Study: &store.study, Budget: search.Budget{Trials: test.limit}}
			goal, err := goals.Exhausted(t.Context(), test.sampler, counts)
			if err != nil || goal.Why != test.want || (goal.Ending == search.EndExhausted) != (test.want != "") {
				t.Errorf("%+v, %v, want %q", goal, err, test.want)
			}
		})
	}
}

// A runner says that nothing is left, the first time and when it is run again.
func TestRunnerExhausted(t *testing.T) {
	t.Parallel()
	h := newHarness(9, 2, square)
	space := search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 9}}}
	h.store.study.Definition.Space, h.config.Study.Definition.Space = space, space
	h.config.Sampler = counter(3)
	h.run(t, t.Context(), search.EndExhausted, nil)
	r := h.runner(t)
	if ending, err := r.Run(t.Context()); ending != search.EndExhausted || err != nil || r.Goal().Why != "all 3 configurations were tried" {
		t.Errorf("again: %q, %v: %q", ending, err, r.Goal().Why)
	}
	h.expectStates(t, search.Complete, search.Complete, search.Complete)
}
