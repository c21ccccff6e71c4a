package meta

import (
	"testing"

	"github.com/hpsearch/hpsearch/trainer/task"
)

// TestLearns holds the accuracy on unseen classes after training against the
// one before, and against chance.
func TestLearns(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name    string
		changes map[string]any
	}{
		{"protonet", map[string]any{"algorithm": "protonet", "iterations": 150, "eval_every": 50, "learning_rate": 3e-3, "eval_episodes": 60, "meta_batch_size": 2}},
		{"joint", map[string]any{"algorithm": "joint", "iterations": 250, "eval_every": 125, "learning_rate": 3e-3, "eval_episodes": 60, "batch_size": 24}},
	} {
		t.Run(c.name, func(t *testing.T) {
			var before Measurement
			err := b.with(t, c.changes, 1, func(x *fixture) error {
				episodes, err := x.data.Episodes(task.Validation)
				if err != nil {
					return err
				}
				before, err = Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			h := mustTrain(t, b, c.changes, 1)
			after := h.outcome.Metrics["val_accuracy"]
			t.Logf("accuracy %.3f ± %.3f before, %.3f after; loss %.3f, %.3f", before.Accuracy, before.CI95, after, before.Loss, h.outcome.Value)
			if after < before.Accuracy+0.1 || after < 0.6 {
				t.Errorf("accuracy %.3f after, %.3f before", after, before.Accuracy)
			}
			if h.outcome.Value >= before.Loss {
				t.Errorf("loss %.3f after, %.3f before", h.outcome.Value, before.Loss)
			}
		})
	}
}
