package meta

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/task"
)

// TestSinusoidLearns is the short form of the benchmark: after a few seconds
// gradient descent learns a sine curve better from MAML's weights than from
// those of joint training, and far better than before.
func TestSinusoidLearns(t *testing.T) {
	b := newCurves()
	budget := map[string]any{
		"model": map[string]any{"kind": "mlp", "hidden": []any{40, 40}}, "meta_batch_size": 25,
		"iterations": 800, "eval_every": 800, "eval_episodes": 200, "learning_rate": 1e-2, "eval_adaptation_steps": 5,
	}
	loss := make(map[string]float64)
	for _, algorithm := range []string{"maml", "fomaml", "joint"} {
		budget["algorithm"] = algorithm
		if algorithm != "joint" {
			budget["adaptation_steps"] = 1
		}
		h := mustTrain(t, b, budget, 1)
		loss[algorithm] = h.outcome.Value
		if _, ok := h.outcome.Metrics["val_accuracy"]; ok {
			t.Errorf("%s: a regression has an accuracy", algorithm)
		}
		if m := h.outcome.Metrics["val_loss_median"]; !(m > 0 && m < h.outcome.Value) {
			t.Errorf("%s: median %g of losses whose mean is %g: they are skewed", algorithm, m, h.outcome.Value)
		}
	}
	t.Logf("mean squared error after 5 steps: %v", loss)
	if loss["maml"] > 1 || loss["maml"] > loss["joint"]/2 || loss["fomaml"] > loss["joint"] {
		t.Errorf("got %v", loss)
	}
}

// TestTogetherIsOneByOne: an evaluation of several tasks in one pass gives
// what they give one after the other.
func TestTogetherIsOneByOne(t *testing.T) {
	err := newCurves().with(t, map[string]any{"eval_episodes": 10}, 1, func(x *fixture) error {
		episodes, err := x.data.Episodes(task.Validation)
		if err != nil {
			return err
		}
		all, err := Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes)
		if err != nil {
			return err
		}
		sum := 0.0
		for i := range episodes {
			one, err := Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes[i:i+1])
			if err != nil {
				return err
			}
			sum += one.Loss / float64(len(episodes))
		}
		if math.Abs(all.Loss-sum) > 1e-5*sum {
			t.Errorf("together %g, one by one %g", all.Loss, sum)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestInnerDivergence: an inner loop whose steps are too long ends the
// training, whatever the algorithm.
func TestInnerDivergence(t *testing.T) {
	b := newCurves()
	for _, algorithm := range append([]string{"joint"}, gradientAlgorithms...) {
		h, err := b.train(t, map[string]any{"algorithm": algorithm, "inner_lr": 100, "eval_adaptation_steps": 50}, 1, "", nil, nil)
		if !errors.Is(err, ErrDiverged) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v, want ErrDiverged in one line", algorithm, err)
		}
		if len(h.reports) > 0 {
			t.Errorf("%s: a diverged validation was reported: %v", algorithm, h.reports)
		}
	}
	_, err := b.train(t, map[string]any{"algorithm": "finetune", "learning_rate": 10, "gradient_clip": 0, "adaptation_steps": 5, "warmup_ratio": 0}, 1, "", nil, nil)
	if err != nil && !errors.Is(err, ErrDiverged) {
		t.Errorf("finetune: %v", err)
	}
}

func TestMedian(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		values []float64
		want   float64
	}{
		{[]float64{3}, 3}, {[]float64{3, 1}, 2}, {[]float64{5, 1, 2}, 2}, {[]float64{math.NaN(), 1, 2}, 2}, {[]float64{math.Inf(1), 1, math.NaN()}, math.Inf(1)},
	} {
		if got := median(c.values); got != c.want {
			t.Errorf("median of %v is %g, want %g", c.values, got, c.want)
		}
	}
	if !math.IsNaN(median(nil)) {
		t.Error("nothing has a median")
	}
}

// TestFinetune: the pretrained model is not changed, the result depends on the
// seed alone, and freezing strategies decide what is trained.
func TestFinetune(t *testing.T) {
	b := newBench(t)
	changes := map[string]any{"algorithm": "finetune", "adaptation_steps": 4, "learning_rate": 5e-3, "batch_size": 4, "eval_episodes": 3}
	before := initial(t, b, changes, 5)
	losses := make(map[string]float64)
	for _, strategy := range []string{"none", "all-but-head", "bottom-1", "lora-2", "gradual", "lp-ft"} {
		changes["freeze"] = strategy
		h := mustTrain(t, b, changes, 5)
		compareHistories(t, strategy, mustTrain(t, b, changes, 5), h)
		for name, values := range h.weights {
			if !sameBits(values, before[name]) {
				t.Errorf("%s: %s was changed", strategy, name)
			}
		}
		if len(h.reports) != 1 || h.outcome.Steps != 1 || h.outcome.Trained == 0 || h.outcome.Memory == 0 || h.outcome.StepTime == 0 {
			t.Errorf("%s: reports %v, outcome %+v", strategy, h.reports, h.outcome)
		}
		losses[strategy] = h.outcome.Value
		if strategy == "all-but-head" && h.outcome.Trained != 3*(16+1) {
			t.Errorf("%s trains %d numbers", strategy, h.outcome.Trained)
		}
	}
	for _, strategy := range []string{"all-but-head", "bottom-1", "lora-2"} {
		if losses[strategy] == losses["none"] {
			t.Errorf("%s gives the loss of none, %g", strategy, losses["none"])
		}
	}
	stopped := make(chan struct{})
	close(stopped)
	if _, err := b.train(t, changes, 5, "", stopped, nil); !errors.Is(err, ErrStopped) {
		t.Errorf("stopped: %v", err)
	}
}
