package faults

import (
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

// verdict counts after the last worker has ended. mayFail is the number of
// trials that may have been given up, because each of their attempts met a
// kill.
func (c *crew) verdict(mayFail int) []*search.Trial {
	c.t.Helper()
	trials := c.read()
	if len(trials) != c.trials {
		c.t.Errorf("%d trials, want %d", len(trials), c.trials)
	}
	reported := c.reported()
	failed := 0
	for i, trial := range trials {
		if trial.Number != i {
			c.t.Fatalf("the trial at place %d has number %d", i, trial.Number)
		}
		switch trial.State {
		case search.Complete:
			c.checkTrace(trial)
		case search.Failed:
			failed++
			if reported[i] > 0 || trial.Reason != "lost" && trial.Reason != search.ReasonCrashed {
				c.t.Errorf("trial %d failed, %s: %s; workers said %d times that it is complete", i, trial.Reason, trial.Message, reported[i])
			}
		default:
			c.t.Errorf("trial %d is %s", i, trial.State)
		}
		if reported[i] > 1 {
			c.t.Errorf("workers said %d times that trial %d is complete", reported[i], i)
		}
		if trial.Attempt > search.DefaultMaxAttempts {
			c.t.Errorf("trial %d had %d attempts", i, trial.Attempt)
		}
	}
	if failed > mayFail {
		c.t.Errorf("%d trials failed, want at most %d", failed, mayFail)
	}
	return trials
}

// checkTrace compares a trial with one that nothing interrupted.
func (c *crew) checkTrace(trial *search.Trial) {
	c.t.Helper()
	want := trace(search.TrialSeed(7, trial.Number), c.steps)
	var got []float64
	for i, r := range trial.Intermediate {
		if r.Step != i+1 {
			c.t.Errorf("trial %d: report %d is of step %d", trial.Number, i, r.Step)
		}
		got = append(got, r.Value)
	}
	if !slices.Equal(got, want) || trial.Value() != want[c.steps-1] {
		c.t.Errorf("trial %d after %d attempts:\nvalue %v, losses %v\nwant        %v", trial.Number, trial.Attempt, trial.Value(), got, want)
	}
}

// A ledger remembers finished trials: nothing may become of them any more.
type ledger map[int]*search.Trial

// look notes what has finished and compares what had.
func (l ledger) look(c *crew) {
	c.t.Helper()
	now := map[int]*search.Trial{}
	for _, trial := range c.read() {
		now[trial.Number] = trial
	}
	for number, old := range l {
		trial := now[number]
		if trial == nil || old.State != trial.State || old.ID != trial.ID || !old.Finished.Equal(trial.Finished) ||
			!slices.Equal(old.Values, trial.Values) || len(old.Intermediate) != len(trial.Intermediate) {
			c.t.Errorf("finished trial %d changed from %+v to %+v", number, old, trial)
		}
	}
	for number, trial := range now {
		if trial.State.Finished() {
			l[number] = trial
		}
	}
}
