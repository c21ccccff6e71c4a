package search_test

import (
	"context"
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// script is an objective whose trial number n has value values[n]; NaN makes
// it fail, and a trial beyond the end fails the test.
func script(t *testing.T, values ...float64) objectiveFunc {
	return func(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
		if task.Number >= len(values) {
			t.Errorf("trial %d was started", task.Number)
			return search.Result{}, nil
		}
		return search.Result{Value: values[task.Number]}, nil
	}
}

func TestRunnerStopsAtAGoal(t *testing.T) {
	t.Parallel()
	target, nan := 0.5, math.NaN()
	for _, test := range []struct {
		name   string
		budget search.Budget
		values []float64 // of all trials that may be started
		max    bool
		want   search.Ending
	}{
		{"target", search.Budget{Trials: 9, Target: &target}, []float64{3, 0.6, 0.4}, false, search.EndTarget},
		{"target met exactly", search.Budget{Trials: 9, Target: &target}, []float64{3, 0.5}, false, search.EndTarget},
		{"target, to maximize", search.Budget{Trials: 9, Target: &target}, []float64{0.3, 0.4, 0.7}, true, search.EndTarget},
		{"target missed", search.Budget{Trials: 3, Target: &target}, []float64{3, 2, 1}, false, search.EndBudget},
		{"no improvement", search.Budget{Trials: 9, NoImprovement: 2}, []float64{3, 4, 2, 2, 3}, false, search.EndNoImprovement},
		{"no improvement, to maximize", search.Budget{Trials: 9, NoImprovement: 2}, []float64{3, 2, 2}, true, search.EndNoImprovement},
		{"failures do not count", search.Budget{Trials: 5, NoImprovement: 2}, []float64{3, nan, nan, nan, 2}, false, search.EndBudget},
		{"no complete trial", search.Budget{Trials: 3, NoImprovement: 1, Target: &target}, []float64{nan, nan, nan}, false, search.EndBudget},
		{"improving", search.Budget{Trials: 5, NoImprovement: 2}, []float64{5, 6, 4, 5, 3}, false, search.EndBudget},
		{"the target comes first", search.Budget{Trials: 5, NoImprovement: 1, Target: &target}, []float64{0.4}, false, search.EndTarget},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(0, 1, script(t, test.values...))
			h.config.Budget = test.budget
			if test.max {
				h.config.Study.Directions = []search.Direction{search.Maximize}
				h.store.study.Directions = []search.Direction{search.Maximize}
			}
			h.run(t, t.Context(), test.want, nil)
			if got := len(h.store.states()); got != len(test.values) {
				t.Errorf("%d trials were run, want %d", got, len(test.values))
			}
			if test.want != search.EndBudget {
				h.run(t, t.Context(), test.want, nil) // another run starts nothing
			}
		})
	}
}

// The trials that run when the goal is reached come to their end.
func TestRunnerGoalLetsOthersFinish(t *testing.T) {
	t.Parallel()
	target := 0.5
	reached := make(chan struct{})
	h := newHarness(0, 2, func(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
		if task.Number == 0 {
			<-reached
			return search.Result{Value: 2}, nil
		}
		close(reached)
		return search.Result{Value: 0.1}, nil
	})
	h.config.Budget = search.Budget{Trials: 2, Parallel: 2, Target: &target}
	h.run(t, t.Context(), search.EndTarget, nil)
	h.expectStates(t, search.Complete, search.Complete)
}
