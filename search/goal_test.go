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

// after is a terminator that ends a study after that many complete trials.
type after int

func (a after) Judge(_ context.Context, h *search.History) (search.Verdict, error) {
	complete := 0
	for _, t := range h.Trials {
		if t.State == search.Complete {
			complete++
		}
	}
	return search.Verdict{Ended: complete >= int(a), Why: "it is enough"}, nil
}

func TestRunnerTerminator(t *testing.T) {
	t.Parallel()
	h := newHarness(9, 1, script(t, 3, 2, 1))
	h.config.Terminator = after(3)
	r := h.runner(t)
	ending, err := r.Run(t.Context())
	if want := (search.Goal{Ending: search.EndTerminator, Why: "it is enough"}); ending != want.Ending || err != nil || r.Goal() != want {
		t.Errorf("Run() = %q, %v, goal %+v", ending, err, r.Goal())
	}
	h.expectStates(t, search.Complete, search.Complete, search.Complete)
}

// The values of several objectives are found among the metrics.
func TestRunnerSeveralObjectives(t *testing.T) {
	t.Parallel()
	h := newHarness(3, 1, func(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
		metrics := []map[string]float64{{"loss": 1, "seconds": 7}, {"loss": 1}, {"loss": 1, "seconds": math.Inf(1)}}
		return search.Result{Value: 1, Metrics: metrics[task.Number]}, nil
	})
	spec := search.ObjectiveSpec{Metrics: []string{"loss", "seconds"}}
	h.config.Study.Definition.Objective = spec.Complete()
	h.config.Study.Directions = h.config.Study.Definition.Objective.Directions
	h.run(t, t.Context(), search.EndBudget, nil)
	h.expectStates(t, search.Complete, search.Failed, search.Failed)
	if trial := h.store.get(t, 0); len(trial.Values) != 2 || trial.Values[1] != 7 {
		t.Errorf("values %v", trial.Values)
	}
	if trial := h.store.get(t, 1); trial.Reason != search.ReasonError || trial.Message != "its result has no seconds, which the study is judged by (it has loss)" {
		t.Errorf("trial 1: %s: %s", trial.Reason, trial.Message)
	}
	if trial := h.store.get(t, 2); trial.Reason != search.ReasonDiverged || trial.Message != "its seconds is +Inf" {
		t.Errorf("trial 2: %s: %s", trial.Reason, trial.Message)
	}
}
