package faults

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestSuspended suspends a worker, its trainer, or both, for longer than the
// lease, until another worker has taken the trial over and ended it. When they
// go on they must notice, and change nothing.
func TestSuspended(t *testing.T) {
	t.Parallel()
	for name, processes := range map[string]func(e event) []int{
		"worker":  func(e event) []int { return []int{e.Worker} },
		"machine": func(e event) []int { return []int{e.Worker, e.Trainer} },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEach(t, func(t *testing.T, dir, url string) {
				// Two trials: of more, the checkpoints of the first are cleared away.
				c := newCrew(t, dir, url, plan{trials: 2, steps: 40, pace: 5, lease: 2 * time.Second})
				first := c.worker()
				// After a checkpoint, and far from the end.
				at, stopped := c.suspend(8, processes)
				second := c.worker()
				eventually(t, "the second worker ends the trial", func() bool {
					return c.read()[at.Number].State.Finished()
				})
				seen := ledger{}
				seen.look(c)
				own := filepath.Join(c.data(), "s", "trials", "0", "checkpoint-2", "position")
				before, err := os.ReadFile(own)
				if err != nil {
					t.Fatal(err)
				}
				stopped.resume(c)
				eventually(t, "the first worker notices", func() bool {
					return strings.Contains(first.log.String(), "trial 0  left: ")
				})
				if after, err := os.ReadFile(own); err != nil || string(after) != string(before) {
					t.Errorf("the checkpoint of the second attempt changed: %v", err)
				}
				c.finish()
				seen.look(c)
				trials := c.verdict(0)
				if got := trials[0].Attempt; got != 2 {
					t.Errorf("trial 0 had %d attempts, want 2", got)
				}
				if strings.Contains(first.log.String(), "trial 0  COMPLETE") || !strings.Contains(second.log.String(), "trial 0  COMPLETE") {
					t.Error("the wrong worker says that the trial is complete")
				}
			})
		})
	}
}

// TestSuspendedAlone suspends a worker and its trainer for longer than the
// lease when nobody is there to take the trial over: it goes on where it was.
func TestSuspendedAlone(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dir, url string) {
		c := newCrew(t, dir, url, plan{trials: 1, steps: 40, pace: 5, lease: 5 * time.Second})
		w := c.worker()
		_, stopped := c.suspend(8, func(e event) []int { return []int{e.Worker, e.Trainer} })
		began := time.Now()
		eventually(t, "the lease is over", func() bool { return time.Since(began) > c.lease })
		stopped.resume(c)
		c.finish()
		if trial := c.verdict(0)[0]; trial.Attempt != 1 || strings.Contains(w.log.String(), "left") {
			t.Errorf("trial 0 had %d attempts; the worker said:\n%s", trial.Attempt, w.log.String())
		}
	})
}
