package search_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// A trial is killed when it gives no sign of life for a minute, whatever it
// did before, and not as long as it gives any.
func TestRunnerStallTimeout(t *testing.T) {
	t.Parallel()
	report := func(s search.Session) { _ = s.Report(context.Background(), 1, map[string]float64{"loss": 1}) }
	progress := func(s search.Session) { s.Progress(search.Progress{Step: 1}) }
	checkpoint := func(s search.Session) { s.Checkpoint(1, "c") }
	for _, test := range []struct {
		name  string
		signs []func(search.Session) // one every 50 seconds
		hangs bool
		want  search.State
		after time.Duration
	}{
		{"at once", nil, true, search.Failed, time.Minute},
		{"after a report", []func(search.Session){report}, true, search.Failed, 110 * time.Second},
		{"after all kinds of signs", []func(search.Session){progress, checkpoint, report}, true, search.Failed, 210 * time.Second},
		{"never", []func(search.Session){progress, checkpoint, report, progress}, false, search.Complete, 200 * time.Second},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				h := newHarness(1, 1, func(ctx context.Context, _ search.Task, s search.Session) (search.Result, error) {
					for _, sign := range test.signs {
						time.Sleep(50 * time.Second)
						sign(s)
					}
					if test.hangs {
						<-ctx.Done()
						return search.Result{}, context.Cause(ctx)
					}
					return search.Result{Value: 1}, nil
				})
				h.config.Budget.StallTimeout = time.Minute
				h.run(t, t.Context(), search.EndBudget, nil)
				h.expectStates(t, test.want)
				if took := time.Since(began); took != test.after {
					t.Errorf("it took %s, want %s", took, test.after)
				}
				trial := h.store.get(t, 0)
				if test.hangs && (trial.Reason != search.ReasonTimeout || !strings.Contains(trial.Message, "no sign of life for 1m0s")) {
					t.Errorf("trial 0: %s: %s", trial.Reason, trial.Message)
				}
			})
		})
	}
}

// Each run of a trial that crashes has its own minute, and the grace of a
// trial that was asked to stop is the objective's.
func TestRunnerStallTimeoutBeginsAnew(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		runs := 0
		var r *search.Runner
		h := newHarness(1, 1, func(_ context.Context, _ search.Task, s search.Session) (search.Result, error) {
			if runs++; runs == 1 {
				time.Sleep(45 * time.Second)
				return search.Result{}, &search.TrialError{Reason: search.ReasonCrashed, Retry: true}
			}
			time.Sleep(45 * time.Second)
			r.Stop(search.StopCancelled)
			<-s.Stopping()
			time.Sleep(2 * time.Minute) // it writes a checkpoint
			return search.Result{}, search.ErrStopped
		})
		h.config.Budget.StallTimeout = time.Minute
		r = h.runner(t)
		if ending, err := r.Run(t.Context()); ending != search.EndStopped || err != nil {
			t.Errorf("Run() = %q, %v", ending, err)
		}
		h.expectStates(t, search.Waiting)
	})
}
