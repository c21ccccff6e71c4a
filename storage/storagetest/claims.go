package storagetest

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// claim claims a trial and checks which one it is.
func (f *fixture) claim(t *testing.T, studyID int64, worker string, number, attempt int) (*search.Trial, search.Claim) {
	t.Helper()
	trial, claim, err := f.Claim(f.ctx, studyID, worker, long, 3)
	if err != nil {
		t.Fatalf("Claim: %v", err)
	}
	same(t, "claim", claim, search.Claim{StudyID: studyID, TrialID: trial.ID, Number: number, Attempt: attempt, Worker: worker})
	same(t, "claimed trial", trial, f.trial(t, studyID, number))
	return trial, claim
}

func testEnqueue(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	f.start(t, study.ID, 0, long)
	fixed := map[string]any{"x": 0.5, "n": int64(3), "c": nil, "b": true, "s": "a"}
	number, err := f.Enqueue(f.ctx, study.ID, fixed)
	f.ok(t, err)
	same(t, "number", number, 1)
	trial := f.trial(t, study.ID, 1)
	same(t, "trial", trial, &search.Trial{ID: trial.ID, Number: 1, State: search.Waiting, Fixed: fixed})
	if _, err := f.Enqueue(f.ctx, study.ID, map[string]any{"x": math.Inf(1)}); err == nil {
		t.Error("a value that is no JSON was enqueued")
	}
	number, err = f.Enqueue(f.ctx, study.ID, nil)
	f.ok(t, err)
	same(t, "number", number, 2)
}

func testClaimOrder(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	_, _, err := f.Claim(f.ctx, study.ID, "w", long, 3)
	fails(t, err, search.ErrNothing)
	f.start(t, study.ID, 0, long)
	for range 2 {
		_, err := f.Enqueue(f.ctx, study.ID, map[string]any{"x": 0.25})
		f.ok(t, err)
	}
	f.start(t, study.ID, 3, short)
	for attempt, number := range []int{1, 2} {
		trial, _ := f.claim(t, study.ID, "a", number, 1)
		same(t, "state", trial.State, search.Running)
		same(t, "fixed", trial.Fixed, map[string]any{"x": 0.25})
		if trial.Started.IsZero() {
			t.Errorf("claim %d: no start time", attempt)
		}
	}
	f.claim(t, study.ID, "b", 3, 2)
	_, _, err = f.Claim(f.ctx, study.ID, "w", long, 3)
	fails(t, err, search.ErrNothing)
	if _, _, err := f.Claim(f.ctx, study.ID, "w", 0, 3); err == nil || errors.Is(err, search.ErrNothing) {
		t.Errorf("a lease of 0: %v", err)
	}
}

func testClaimExpired(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	old := f.start(t, study.ID, 0, short)
	f.ok(t, f.Report(f.ctx, old, search.Report{Step: 1, Value: 4}))
	trial, claim := f.claim(t, study.ID, "second", 0, 2)
	same(t, "parameters", trial.Params, map[string]float64{"x": 0.5})
	same(t, "reports", trial.Intermediate, []search.Report{{Step: 1, Value: 4}})
	f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{1}}))
	same(t, "worker", f.trial(t, study.ID, 0).Worker, "second")
}

func testLeases(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	leases, err := f.Leases(f.ctx, study.ID)
	f.ok(t, err)
	same(t, "leases of no trials", len(leases), 0)
	f.start(t, study.ID, 0, short)
	f.start(t, study.ID, 1, long)
	f.complete(t, study.ID, 2, 1)
	f.ok(t, f.Release(f.ctx, f.start(t, study.ID, 3, long)))
	other := f.study(t, definition("other"))
	f.start(t, other.ID, 0, long)
	leases, err = f.Leases(f.ctx, study.ID)
	f.ok(t, err)
	if len(leases) != 2 || leases[0] > 0 || leases[0] < -long || leases[1] <= long/2 || leases[1] > long {
		t.Errorf("leases %v: that of trial 0 is over, and of that of trial 1 nearly %v are left", leases, long)
	}
}

func testClaimGivesUp(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, short)
	for attempt := 2; attempt <= 3; attempt++ {
		var err error
		_, claim, err = f.Claim(f.ctx, study.ID, "w", short, 3)
		f.ok(t, err)
		same(t, "attempt", claim.Attempt, attempt)
	}
	_, err := f.Enqueue(f.ctx, study.ID, nil)
	f.ok(t, err)
	f.claim(t, study.ID, "w", 1, 1) // the lost one is passed over
	trial := f.trial(t, study.ID, 0)
	same(t, "state", trial.State, search.Failed)
	same(t, "reason", trial.Reason, "lost")
	same(t, "attempt", trial.Attempt, 3)
	if trial.Message == "" || trial.Finished.IsZero() {
		t.Errorf("message %q, finished %v", trial.Message, trial.Finished)
	}
	fails(t, f.Renew(f.ctx, claim, long), search.ErrFenced)

	// It is ended also when there is nothing else to claim.
	f.start(t, study.ID, 2, short)
	_, _, err = f.Claim(f.ctx, study.ID, "w", long, 1)
	fails(t, err, search.ErrNothing)
	same(t, "state", f.trial(t, study.ID, 2).State, search.Failed)
}

func testSetParams(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	_, err := f.Enqueue(f.ctx, study.ID, map[string]any{"x": 0.25})
	f.ok(t, err)
	_, claim := f.claim(t, study.ID, "w", 0, 1)
	params := map[string]float64{"x": 0.25}
	dists := map[string]search.Distribution{"x": search.Float{Low: 0, High: 1}}
	if err := f.SetParams(f.ctx, claim, map[string]float64{"x": 3}, dists); err == nil {
		t.Error("a value outside of its distribution was accepted")
	}
	f.ok(t, f.SetParams(f.ctx, claim, params, dists))
	f.ok(t, f.SetParams(f.ctx, claim, params, dists))
	if err := f.SetParams(f.ctx, claim, map[string]float64{"x": 0.5}, dists); err == nil {
		t.Error("parameters were replaced by others")
	}
	trial := f.trial(t, study.ID, 0)
	same(t, "params", trial.Params, params)
	same(t, "distributions", trial.Distributions, dists)
}

func testRenew(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, short)
	f.ok(t, f.Renew(f.ctx, claim, long)) // late, and nobody took it over
	_, _, err := f.Claim(f.ctx, study.ID, "w", long, 3)
	fails(t, err, search.ErrNothing)
	if err := f.Renew(f.ctx, claim, 0); err == nil {
		t.Error("a lease of 0 was accepted")
	}
	f.ok(t, f.Renew(f.ctx, claim, short))
	f.claim(t, study.ID, "w", 0, 2)
}

func testRelease(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, long)
	f.ok(t, f.Report(f.ctx, claim, search.Report{Step: 1, Value: 4}))
	const more = 5 // than the attempts that a trial has: released ones do not count
	for attempt := 2; attempt < 2+more; attempt++ {
		f.ok(t, f.Release(f.ctx, claim))
		same(t, "state", f.trial(t, study.ID, 0).State, search.Waiting)
		fails(t, f.Release(f.ctx, claim), search.ErrFenced)
		fails(t, f.Report(f.ctx, claim, search.Report{Step: 2, Value: 4}), search.ErrFenced)
		var trial *search.Trial
		trial, claim = f.claim(t, study.ID, "w", 0, attempt)
		same(t, "parameters", trial.Params, map[string]float64{"x": 0.5})
		same(t, "reports", trial.Intermediate, []search.Report{{Step: 1, Value: 4}})
	}
}

func testRequeue(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, long)
	const more = 5 // than the attempts that a trial has: these do not count either
	for attempt := 2; attempt < 2+more; attempt++ {
		message := fmt.Sprintf("8 GiB\x00 in attempt %d", attempt-1)
		f.ok(t, f.Requeue(f.ctx, claim, search.ReasonOutOfMemory, message))
		fails(t, f.Requeue(f.ctx, claim, "other", ""), search.ErrFenced)
		trial := f.trial(t, study.ID, 0)
		same(t, "state", trial.State, search.Waiting)
		same(t, "reason", trial.Reason, search.ReasonOutOfMemory)
		if !strings.HasPrefix(trial.Message, "8 GiB") || !strings.HasSuffix(trial.Message, message[7:]) {
			t.Errorf("message %q, want %q", trial.Message, message)
		}
		_, claim = f.claim(t, study.ID, "w", 0, attempt)
		same(t, "reason of the next attempt", f.trial(t, study.ID, 0).Reason, search.ReasonOutOfMemory)
	}
	f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{1}}))
	trial := f.trial(t, study.ID, 0)
	same(t, "reason of a complete trial", trial.Reason+trial.Message, "")

	// One that fails in the end has the reason of its end.
	claim = f.start(t, study.ID, 1, long)
	f.ok(t, f.Requeue(f.ctx, claim, search.ReasonOutOfMemory, "beside others"))
	_, claim = f.claim(t, study.ID, "w", 1, 2)
	f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Failed, Reason: "diverged", Message: "alone"}))
	trial = f.trial(t, study.ID, 1)
	same(t, "failure", []string{trial.Reason, trial.Message}, []string{"diverged", "alone"})
}

func testFencing(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	old := f.start(t, study.ID, 0, short)
	_, _ = f.claim(t, study.ID, "new", 0, 2)
	before := f.trial(t, study.ID, 0)
	stranger := old
	stranger.Attempt, stranger.Worker = 2, "stranger" // a worker of a deleted study whose ids were given again
	for name, claim := range map[string]search.Claim{"old": old, "stranger": stranger} {
		outcome := search.Outcome{State: search.Complete, Values: []float64{1}}
		for call, err := range map[string]error{
			"Renew":     f.Renew(f.ctx, claim, long),
			"Report":    f.Report(f.ctx, claim, search.Report{Step: 1, Value: 1}),
			"SetParams": f.SetParams(f.ctx, claim, nil, nil),
			"Finish":    f.Finish(f.ctx, claim, outcome),
			"Release":   f.Release(f.ctx, claim),
			"Requeue":   f.Requeue(f.ctx, claim, "out-of-memory", "m"),
		} {
			if !errors.Is(err, search.ErrFenced) {
				t.Errorf("%s by the %s worker: %v, want ErrFenced", call, name, err)
			}
		}
	}
	same(t, "trial", f.trial(t, study.ID, 0), before)
	nameless := search.Claim{StudyID: study.ID, TrialID: old.TrialID, Attempt: 2}
	f.ok(t, f.Renew(f.ctx, nameless, long)) // the attempt alone decides then
}
