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

// TestTogether has workers of both sides run one study at the same time, while
// a trial is away that was asked for. Optuna fails trials that give no sign of
// life, if they ever gave one.
func TestTogether(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *site) {
		s.create(t, "shared", sharedStudy)
		output(t, s.hpsearch(t, "ask", "shared"))
		theirs := peer(t, "work", s.sql, "shared", strconv.Itoa(sharedTrials))
		ours := s.hpsearch(t, "run", "shared", "--parallel", "2", "--lease", "3s")
		alone := s.hpsearch(t, "worker", "shared", "--lease", "3s")
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
		// Nobody has touched the trial that was asked for.
		output(t, s.hpsearch(t, "tell", "shared", "0", "0.125"))
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
			delete(byPeer, i)
			if i > 0 {
				same(t, "first step of trial "+strconv.Itoa(i), trial.Intermediate["1"], x)
				same(t, "steps of trial "+strconv.Itoa(i), len(trial.Intermediate), 3)
			}
		}
		same(t, "Optuna's trials that are not there", byPeer, map[int]bool{})
		same(t, "the first enqueued one", dump.Trials[0].Params["x"], any(0.125))
		same(t, "the second enqueued one", dump.Trials[1].Params["x"], any(0.25))
		s.compare(t, "shared", dump)
	})
}
