package search_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

// objectiveFunc is an objective without anything to close.
type objectiveFunc func(ctx context.Context, task search.Task, s search.Session) (search.Result, error)

func (f objectiveFunc) Run(ctx context.Context, task search.Task, s search.Session) (search.Result, error) {
	return f(ctx, task, s)
}
func (objectiveFunc) Close() error { return nil }

// seeded draws each parameter from (seed, number).
type seeded struct{ seed int64 }

func (s seeded) Suggest(_ context.Context, _ *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	rng := search.Rand(s.seed, number, "test")
	return space.Fill(fixed, func(p search.Param, _ map[string]float64) (float64, error) {
		return search.Uniform(rng, p.Distribution), nil
	})
}

// pruneAt prunes every trial at a step.
type pruneAt int

func (p pruneAt) Prune(_ context.Context, _ *search.History, t *search.Trial) (bool, error) {
	last, _ := t.Last()
	return last.Step == int(p), nil
}

func definition() search.Definition {
	return search.Definition{
		Name: "s", Objective: search.ObjectiveSpec{Metric: "loss", Direction: search.Minimize},
		Train:   map[string]any{"model": "m"},
		Space:   search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 1}}},
		Sampler: search.SamplerSpec{Seed: 7},
	}
}

// a harness is a store and the configuration of a runner on it.
type harness struct {
	store  *fakeStore
	config search.RunnerConfig
}

func newHarness(trials, parallel int, run objectiveFunc) *harness {
	store := newFakeStore(definition())
	study := store.study
	return &harness{store, search.RunnerConfig{
		Store: store, Study: &study, Sampler: seeded{7}, History: search.NewHistoryCache(store, &study),
		NewObjective: func(int) (search.Objective, error) { return run, nil },
		Worker:       "w", Budget: search.Budget{Trials: trials, Parallel: parallel},
	}}
}

func (h *harness) runner(t *testing.T) *search.Runner {
	t.Helper()
	r, err := search.NewRunner(h.config)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs a new runner and compares its end.
func (h *harness) run(t *testing.T, ctx context.Context, ending search.Ending, failure error) {
	t.Helper()
	got, err := h.runner(t).Run(ctx)
	if got != ending || !errors.Is(err, failure) {
		t.Errorf("Run() = %q, %v, want %q, %v", got, err, ending, failure)
	}
}

func (h *harness) expectStates(t *testing.T, want ...search.State) {
	t.Helper()
	if diff := cmp.Diff(want, h.store.states()); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
}

func square(_ context.Context, task search.Task, s search.Session) (search.Result, error) {
	x := task.Config["x"].(float64)
	return search.Result{Value: x * x}, s.Report(context.Background(), 1, map[string]float64{"loss": x})
}

func TestRunnerSpendsTheBudget(t *testing.T) {
	t.Parallel()
	var values [][]float64
	for _, parallel := range []int{1, 1, 4} {
		h := newHarness(20, parallel, square)
		h.run(t, t.Context(), search.EndBudget, nil)
		var got []float64
		for number := range 20 {
			trial := h.store.get(t, number)
			if trial.State != search.Complete || trial.Value() != trial.Params["x"]*trial.Params["x"] || len(trial.Intermediate) != 1 {
				t.Errorf("trial %d: %+v", number, trial)
			}
			got = append(got, trial.Params["x"])
		}
		if n := len(h.store.states()); n != 20 {
			t.Errorf("%d trials, want 20", n)
		}
		values = append(values, got)
		h.run(t, t.Context(), search.EndBudget, nil) // the total is the study's
		if n := len(h.store.states()); n != 20 {
			t.Errorf("%d trials after a second run, want 20", n)
		}
	}
	if !slices.Equal(values[0], values[1]) || !slices.Equal(values[0], values[2]) {
		t.Errorf("suggestions differ between runs: %v", values)
	}
}

// A worker looks for the trials of others every few seconds, which a virtual
// clock makes no time at all.
func TestRunnersShareAStudy(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(60, 3, square)
		var group sync.WaitGroup
		for range 4 {
			config := h.config
			config.History = search.NewHistoryCache(h.store, config.Study)
			group.Go(func() {
				r, err := search.NewRunner(config)
				if err != nil {
					t.Error(err)
					return
				}
				if ending, err := r.Run(t.Context()); ending != search.EndBudget || err != nil {
					t.Errorf("Run() = %q, %v", ending, err)
				}
			})
		}
		group.Wait()
		if got := h.store.states(); len(got) != 60 || slices.ContainsFunc(got, func(s search.State) bool { return s != search.Complete }) {
			t.Errorf("states %v, want 60 COMPLETE", got)
		}
	})
}

func TestRunnerOutcomes(t *testing.T) {
	t.Parallel()
	crash := &search.TrialError{Reason: search.ReasonCrashed, Message: "boom", Retry: true}
	for _, c := range []struct {
		name    string
		result  search.Result
		err     error
		runs    int
		state   search.State
		reason  string
		message string
	}{
		{"complete", search.Result{Value: 3}, nil, 1, search.Complete, "", ""},
		{"NaN", search.Result{Value: math.NaN()}, nil, 1, search.Failed, search.ReasonDiverged, "its loss is NaN"},
		{"infinite", search.Result{Value: math.Inf(-1)}, nil, 1, search.Failed, search.ReasonDiverged, "its loss is -Inf"},
		{"out of memory", search.Result{}, &search.TrialError{Reason: search.ReasonOutOfMemory, Message: "m"}, 1, search.Failed, search.ReasonOutOfMemory, "m"},
		{"bad config", search.Result{}, &search.TrialError{Reason: search.ReasonBadConfig, Message: "m"}, 1, search.Failed, search.ReasonBadConfig, "m"},
		{"crash", search.Result{}, crash, 3, search.Failed, search.ReasonCrashed, "boom"},
		{"other", search.Result{}, errors.New("odd"), 1, search.Failed, search.ReasonError, "odd"},
		{"unasked stop", search.Result{}, search.ErrStopped, 1, search.Failed, search.ReasonError, "it stopped without being asked to"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			runs := 0
			h := newHarness(2, 1, func(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
				if task.Number == 1 {
					return search.Result{Value: 1}, nil
				}
				runs++
				return c.result, c.err
			})
			h.run(t, t.Context(), search.EndBudget, nil)
			h.expectStates(t, c.state, search.Complete)
			trial := h.store.get(t, 0)
			if trial.Reason != c.reason || trial.Message != c.message || runs != c.runs {
				t.Errorf("reason %q, message %q, %d runs, want %q, %q, %d", trial.Reason, trial.Message, runs, c.reason, c.message, c.runs)
			}
		})
	}
}

func TestRunnerRetriesACrash(t *testing.T) {
	t.Parallel()
	runs := 0
	h := newHarness(1, 1, func(context.Context, search.Task, search.Session) (search.Result, error) {
		if runs++; runs < 3 {
			return search.Result{}, &search.TrialError{Reason: search.ReasonCrashed, Retry: true}
		}
		return search.Result{Value: 1}, nil
	})
	h.run(t, t.Context(), search.EndBudget, nil)
	h.expectStates(t, search.Complete)
}

func TestRunnerStopsAfterTooManyFailures(t *testing.T) {
	t.Parallel()
	h := newHarness(9, 1, func(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
		return search.Result{}, &search.TrialError{Reason: search.ReasonBadConfig, Message: fmt.Sprintf("not %d", task.Number)}
	})
	h.config.Budget.MaxFailed = 3
	ending, err := h.runner(t).Run(t.Context())
	if ending != search.EndFailed || !errors.Is(err, search.ErrTooManyFailed) ||
		!strings.Contains(err.Error(), `study "s"`) || !strings.Contains(err.Error(), "trial 2, bad-config: not 2") {
		t.Errorf("Run() = %q, %v", ending, err)
	}
	h.expectStates(t, search.Failed, search.Failed, search.Failed)
}

func TestRunnerStopsWhenItsFirstTrialsFailAlike(t *testing.T) {
	t.Parallel()
	type outcomes func(number int) error
	failed := func(reason, format string, args ...any) error {
		return &search.TrialError{Reason: reason, Message: fmt.Sprintf(format, args...)}
	}
	for name, c := range map[string]struct {
		outcome   outcomes
		maxFailed int
		trials    int // that were run, of 8
	}{
		"alike":        {func(int) error { return failed(search.ReasonError, "no module named torch") }, 0, 5},
		"differently":  {func(n int) error { return failed(search.ReasonError, "lr %d", n) }, 0, 8},
		"other reason": {func(n int) error { return failed([]string{search.ReasonError, search.ReasonCrashed}[n%2], "x") }, 0, 8},
		"diverged":     {func(int) error { return failed(search.ReasonDiverged, "loss is NaN") }, 0, 8},
		"one is good": {func(n int) error {
			if n == 1 {
				return nil
			}
			return failed(search.ReasonError, "x")
		}, 0, 8},
		"allowed": {func(int) error { return failed(search.ReasonError, "x") }, 7, 7},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHarness(8, 1, func(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
				return search.Result{Value: 1}, c.outcome(task.Number)
			})
			h.config.Budget.MaxFailed = c.maxFailed
			_, err := h.runner(t).Run(t.Context())
			if got := len(h.store.states()); got != c.trials {
				t.Errorf("%d trials were run, want %d", got, c.trials)
			}
			if alike := c.trials == 5; errors.Is(err, search.ErrFailAlike) != alike {
				t.Errorf("Run() = %v", err)
			} else if alike && !strings.HasSuffix(err.Error(), "the first 5 of this run with error: no module named torch") {
				t.Errorf("Run() = %v", err)
			}
		})
	}
}

func TestRunnerGivesTrialsBackWhenTheObjectiveIsUnavailable(t *testing.T) {
	t.Parallel()
	h := newHarness(5, 2, func(context.Context, search.Task, search.Session) (search.Result, error) {
		return search.Result{}, fmt.Errorf("%w: no trainer", search.ErrUnavailable)
	})
	h.run(t, t.Context(), search.EndFailed, search.ErrUnavailable)
	for number, state := range h.store.states() {
		if state != search.Waiting {
			t.Errorf("trial %d is %s", number, state)
		}
	}
}

// untilStopped runs until it is asked to stop, or until the end of ctx.
func untilStopped(ctx context.Context, _ search.Task, s search.Session) (search.Result, error) {
	select {
	case <-s.Stopping():
		return search.Result{}, search.ErrStopped
	case <-ctx.Done():
		return search.Result{}, context.Cause(ctx)
	}
}

func TestRunnerStopAndResume(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(3, 2, untilStopped)
		r := h.runner(t)
		time.AfterFunc(time.Hour, func() { r.Stop(search.StopPreempted) })
		if ending, err := r.Run(t.Context()); ending != search.EndStopped || err != nil {
			t.Errorf("Run() = %q, %v", ending, err)
		}
		h.expectStates(t, search.Waiting, search.Waiting)
		before := h.store.get(t, 0).Params
		h.config.NewObjective = func(int) (search.Objective, error) { return objectiveFunc(square), nil }
		h.run(t, t.Context(), search.EndBudget, nil)
		h.expectStates(t, search.Complete, search.Complete, search.Complete)
		if after := h.store.get(t, 0); !cmp.Equal(before, after.Params) || after.Attempt != 2 {
			t.Errorf("trial 0 resumed with %v in attempt %d, want %v in 2", after.Params, after.Attempt, before)
		}
	})
}

func TestRunnerKill(t *testing.T) {
	t.Parallel()
	ctx, kill := context.WithCancel(t.Context())
	h := newHarness(1, 1, func(ctx context.Context, _ search.Task, _ search.Session) (search.Result, error) {
		kill()
		<-ctx.Done()
		return search.Result{}, context.Cause(ctx)
	})
	h.run(t, ctx, search.EndStopped, context.Canceled)
	h.expectStates(t, search.Waiting)
}

func TestRunnerTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(0, 1, func(_ context.Context, _ search.Task, s search.Session) (search.Result, error) {
			select {
			case <-time.After(25 * time.Minute):
				return search.Result{Value: 1}, nil
			case <-s.Stopping():
				return search.Result{}, search.ErrStopped
			}
		})
		h.config.Budget.Timeout = time.Hour
		began := time.Now()
		h.run(t, t.Context(), search.EndTimeout, nil)
		h.expectStates(t, search.Complete, search.Complete, search.Waiting)
		if took := time.Since(began); took != time.Hour {
			t.Errorf("it took %s", took)
		}
	})
}

func TestRunnerPrunes(t *testing.T) {
	t.Parallel()
	h := newHarness(1, 1, func(ctx context.Context, _ search.Task, s search.Session) (search.Result, error) {
		for step := 1; ; step++ {
			if err := s.Report(ctx, step, map[string]float64{"loss": 10 - float64(step), "lr": 1}); err != nil {
				return search.Result{}, err
			}
			if err := s.Report(ctx, step, map[string]float64{"only shown": 1}); err != nil {
				return search.Result{}, err
			}
		}
	})
	h.config.Pruner = pruneAt(3)
	h.run(t, t.Context(), search.EndBudget, nil)
	trial := h.store.get(t, 0)
	want := search.Report{Step: 3, Value: 7, Metrics: map[string]float64{"loss": 7, "lr": 1}}
	if last, _ := trial.Last(); trial.State != search.Pruned || trial.Value() != 7 || !cmp.Equal(last, want) || len(trial.Intermediate) != 3 {
		t.Errorf("trial: %+v", trial)
	}
}

func TestRunnerRunsEnqueuedTrialsFirst(t *testing.T) {
	t.Parallel()
	var configs []map[string]any
	h := newHarness(3, 1, func(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
		configs = append(configs, task.Config)
		return search.Result{Value: 1}, nil
	})
	h.store.add(search.Trial{State: search.Waiting, Fixed: map[string]any{"x": 2.0}}, time.Time{})
	h.store.add(search.Trial{State: search.Waiting, Fixed: map[string]any{"x": 0.5, "note": "hi"}}, time.Time{})
	h.run(t, t.Context(), search.EndBudget, nil)
	h.expectStates(t, search.Failed, search.Complete, search.Complete)
	if bad := h.store.get(t, 0); bad.Reason != search.ReasonBadConfig || !strings.Contains(bad.Message, `parameter "x"`) {
		t.Errorf("trial 0: %s: %s", bad.Reason, bad.Message)
	}
	if want := map[string]any{"model": "m", "x": 0.5, "note": "hi"}; !cmp.Equal(configs[0], want) {
		t.Errorf("first configuration %v, want %v", configs[0], want)
	}
}

func TestRunnerLeavesAPausedStudy(t *testing.T) {
	t.Parallel()
	h := newHarness(5, 1, square)
	h.store.study.Paused = true
	h.run(t, t.Context(), search.EndPaused, nil)
	if got := h.store.states(); len(got) != 0 {
		t.Errorf("states %v, want none", got)
	}
}

func TestRunnerStopsAtABrokenStore(t *testing.T) {
	t.Parallel()
	broken := errors.New("database disk image is malformed")
	for _, method := range []string{"Claim", "Counts", "Start", "Report", "Finish", "Trials"} {
		h := newHarness(3, 2, square)
		h.store.before = func(_ context.Context, called string) error {
			if called == method {
				return broken
			}
			return nil
		}
		h.run(t, t.Context(), search.EndFailed, broken)
		if method == "Report" && slices.Contains(h.store.states(), search.Running) {
			t.Errorf("%s: states %v, want what ran released", method, h.store.states())
		}
	}
}
