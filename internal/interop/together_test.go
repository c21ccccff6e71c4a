package interop_test

import (
	"strconv"
	"testing"
)

const sharedTrials = 40

const sharedStudy = `
objective: {kind: command, command: [curve], metric: loss}
space:
  - {name: x, type: float, low: 0, high: 1}
  - {name: n, type: int, low: 1, high: 64, log: true}
  - {name: c, type: categorical, choices: [a, b]}
sampler: {kind: tpe, seed: 1}
budget: {trials: 40}
enqueue:
  - {x: 0.125}
  - {x: 0.25}
`

// TestTogether has workers of both sides run one study at the same time.
func TestTogether(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *site) {
		s.create(t, "shared", sharedStudy)
		theirs := peer(t, "work", s.sql, "shared", strconv.Itoa(sharedTrials))
		ours := s.hpsearch(t, "run", "shared", "--parallel", "2")
		alone := s.hpsearch(t, "worker", "shared")
		commands := []interface {
			Start() error
			Wait() error
		}{ours, alone}
		for _, c := range commands {
			if err := c.Start(); err != nil {
				t.Fatal(err)
			}
		}
		var worked struct{ Numbers []int }
		decode(t, output(t, theirs), &worked)
		for _, c := range commands {
			if err := c.Wait(); err != nil {
				t.Errorf("hpsearch: %v", err)
			}
		}
		dump := s.dump(t, "shared")
		byPeer := map[int]bool{}
		for _, n := range worked.Numbers {
			byPeer[n] = true
		}
		// Optuna looks at the budget after each trial, so that it may start one
		// more than there should be.
		if n := len(dump.Trials); n < sharedTrials || n > sharedTrials+1 {
			t.Errorf("%d trials, want %d, or one more of Optuna's", n, sharedTrials)
		}
		if len(worked.Numbers) == 0 || len(worked.Numbers) == len(dump.Trials) {
			t.Errorf("Optuna ran %d of %d trials: both sides should", len(worked.Numbers), len(dump.Trials))
		}
		for i, trial := range dump.Trials {
			x := trial.Params["x"]
			same(t, "number", trial.Number, i)
			same(t, "state of trial "+strconv.Itoa(i), trial.State, "COMPLETE")
			same(t, "value of trial "+strconv.Itoa(i), trial.Values, []any{x})
			same(t, "first step of trial "+strconv.Itoa(i), trial.Intermediate["1"], x)
			same(t, "steps of trial "+strconv.Itoa(i), len(trial.Intermediate), 3)
			delete(byPeer, i)
		}
		same(t, "Optuna's trials that are not there", byPeer, map[int]bool{})
		same(t, "the first enqueued one", dump.Trials[0].Params["x"], any(0.125))
		same(t, "the second enqueued one", dump.Trials[1].Params["x"], any(0.25))
		s.compare(t, "shared", dump)
	})
}
