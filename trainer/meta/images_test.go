package meta

import (
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// drawings is a family of characters that a test draws, with settings.
type drawings struct {
	path   string
	family *task.Family
}

func newDrawings(t *testing.T, classes, examples int) *drawings {
	t.Helper()
	tensor.SetThreads(1)
	d := &drawings{path: tinymodel.Strokes(t, classes, examples, 28)}
	var err error
	if d.family, err = task.Load(d.config(t, nil).Tasks); err != nil {
		t.Fatal(err)
	}
	return d
}

func (d *drawings) config(t *testing.T, changes map[string]any) *setting.Config {
	t.Helper()
	values := map[string]any{
		"model":     map[string]any{"kind": "conv4", "filters": 16},
		"tasks":     map[string]any{"kind": "images", "path": d.path, "invert": true},
		"algorithm": "protonet", "ways": 5, "shots": 1, "query_shots": 3, "iterations": 6, "eval_every": 3,
		"eval_episodes": 10, "learning_rate": 1e-3, "weight_decay": 0, "dropout": 0, "device": "cpu", "threads": 1,
	}
	maps.Copy(values, changes)
	c, err := setting.Parse(values)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// train trains with changed settings; dir and stopped may be zero. It returns
// the outcome and all weights and buffers.
func (d *drawings) train(t *testing.T, changes map[string]any, dir string, stopped chan struct{}, onStep func(int)) (*Outcome, map[string][]float32, error) {
	t.Helper()
	config := d.config(t, changes)
	const seed = 1
	var outcome *Outcome
	numbers := make(map[string][]float32)
	err := tensor.Do(func(s *tensor.Scope) error {
		data, err := NewData(d.family, NewPictures(d.family.Images), config, seed)
		if err != nil {
			return err
		}
		learner, err := LoadLearner(s, Blueprint{Config: config, Inputs: data.Inputs(), Seed: seed, Device: tensor.CPU})
		if err != nil {
			return err
		}
		algorithm, err := NewAlgorithm(s, Setup{Config: config, Seed: seed, Learner: learner, Data: data})
		if err != nil {
			return err
		}
		outcome, err = Train(s, algorithm, learner, data, Options{Config: config, Seed: seed, Dir: dir, Stopped: stopped,
			Hooks: Hooks{Progress: func(step, _ int) {
				if onStep != nil {
					onStep(step)
				}
			}}})
		if err != nil {
			return err
		}
		for _, p := range slices.Concat(learner.Network.Params(), model.Buffers(learner.Network)) {
			if numbers[p.Name], err = p.Tensor.Float32s(); err != nil {
				return err
			}
		}
		return nil
	})
	return outcome, numbers, err
}

// TestConv4Learns meta-trains on characters drawn from a seed and measures on
// characters that were not trained on. A guess would be right in a fifth.
func TestConv4Learns(t *testing.T) {
	d := newDrawings(t, 60, 8)
	for algorithm, c := range map[string]struct {
		changes map[string]any
		least   float64
	}{
		"protonet": {map[string]any{"ways": 10, "eval_ways": 5, "iterations": 120, "eval_every": 60, "learning_rate": 3e-3}, 0.88},
		"fomaml":   {map[string]any{"inner_lr": 0.1, "adaptation_steps": 3, "eval_adaptation_steps": 5, "iterations": 120, "eval_every": 60, "learning_rate": 3e-3, "meta_batch_size": 2}, 0.85},
	} {
		c.changes["algorithm"] = algorithm
		c.changes["eval_episodes"] = 50
		outcome, _, err := d.train(t, c.changes, "", nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		accuracy := outcome.Metrics["val_accuracy"]
		t.Logf("%s: %.3f of unseen characters in %.1f s", algorithm, accuracy, outcome.Duration.Seconds())
		if accuracy < c.least {
			t.Errorf("%s: %.3f of unseen characters are right, want %.2f", algorithm, accuracy, c.least)
		}
	}
}

// TestSecondOrderConv4 makes steps of MAML, whose gradients go through
// convolutions, batch normalization and pooling twice.
func TestSecondOrderConv4(t *testing.T) {
	d := newDrawings(t, 30, 4)
	changes := map[string]any{"algorithm": "maml", "inner_lr": 0.1, "adaptation_steps": 2, "iterations": 3, "eval_every": 3, "eval_episodes": 3, "meta_batch_size": 2}
	_, maml, err := d.train(t, changes, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	changes["algorithm"] = "fomaml"
	_, fomaml, err := d.train(t, changes, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, values := range maml {
		if slices.Equal(values, fomaml[name]) {
			t.Errorf("%s is the same with second-order gradients and without", name)
		}
		for _, v := range values {
			if math.IsNaN(float64(v)) {
				t.Fatalf("%s is not finite", name)
			}
		}
	}
}

// TestConv4Resumes stops a training and takes it up again: weights and running
// statistics are those of an uninterrupted one.
func TestConv4Resumes(t *testing.T) {
	d := newDrawings(t, 30, 4)
	_, whole, err := d.train(t, nil, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir, stopped := t.TempDir(), make(chan struct{})
	_, _, err = d.train(t, nil, dir, stopped, func(step int) {
		if step == 4 {
			close(stopped)
		}
	})
	if err == nil {
		t.Fatal("the training was not stopped")
	}
	outcome, resumed, err := d.train(t, nil, dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if outcome.Resumed != 4 {
		t.Errorf("resumed at step %d, want 4", outcome.Resumed)
	}
	if len(whole) != 4*5 {
		t.Errorf("%d tensors were compared, want 3 parameters and 2 buffers of each layer", len(whole))
	}
	for name, values := range whole {
		if !slices.Equal(values, resumed[name]) {
			t.Errorf("%s differs after a stop", name)
		}
	}
	if mean := whole["layer.0.norm.running_mean"]; slices.Max(mean) == 0 && slices.Min(mean) == 0 {
		t.Error("the running statistics did not move")
	}
}

// TestNetworksOfOtherInputs: what does not fit together is said so.
func TestNetworksOfOtherInputs(t *testing.T) {
	d := newDrawings(t, 30, 4)
	dir := t.TempDir()
	err := tensor.Do(func(s *tensor.Scope) error {
		other, err := model.NewConv4(s, model.Conv4Shape{Filters: 4, Channels: 3, Height: 28, Width: 28}, 1, tensor.CPU)
		if err != nil {
			return err
		}
		return model.SavePlain(dir, other)
	})
	if err != nil {
		t.Fatal(err)
	}
	if _, _, err := d.train(t, map[string]any{"model": dir}, "", nil, nil); err == nil || !strings.Contains(err.Error(), "computes on images of [channels, height, width] [3 28 28], these have") {
		t.Errorf("a model of colours: %v", err)
	}
	if _, _, err := d.train(t, map[string]any{"model": tinymodel.Folder(t)}, "", nil, nil); err == nil || !strings.Contains(err.Error(), "reads texts, and tasks of kind images have none") {
		t.Errorf("a model of texts: %v", err)
	}
}

// TestTasksOfABatchNetwork: where a batch is normalized by itself, tasks are
// computed apart, and what one gives does not depend on the others.
func TestTasksOfABatchNetwork(t *testing.T) {
	d := newDrawings(t, 30, 4)
	for _, algorithm := range []string{"anil", "fomaml"} {
		config := d.config(t, map[string]any{"algorithm": algorithm, "adaptation_steps": 2, "inner_lr": 0.1})
		err := tensor.Do(func(s *tensor.Scope) error {
			data, err := NewData(d.family, NewPictures(d.family.Images), config, 1)
			if err != nil {
				return err
			}
			learner, err := LoadLearner(s, Blueprint{Config: config, Inputs: data.Inputs(), Seed: 1, Device: tensor.CPU})
			if err != nil {
				return err
			}
			adapter, err := NewAdapter(config)
			if err != nil {
				return err
			}
			episodes, err := data.Episodes(task.Validation)
			if err != nil {
				return err
			}
			together, err := Evaluate(s, adapter, learner, data.Inputs(), episodes[:2])
			if err != nil {
				return err
			}
			sum := 0.0
			for _, e := range episodes[:2] {
				alone, err := Evaluate(s, adapter, learner, data.Inputs(), []Episode{e})
				if err != nil {
					return err
				}
				sum += alone.Loss / 2
			}
			if math.Abs(together.Loss-sum) > 1e-9 {
				t.Errorf("%s: the loss of two tasks is %g, the mean of each alone %g", algorithm, together.Loss, sum)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestBatchNetworkOfManyExamples: a support set that is larger than the batches
// of evaluation is normalized whole, as it was in training.
func TestBatchNetworkOfManyExamples(t *testing.T) {
	d := newDrawings(t, 60, 6)
	config := d.config(t, map[string]any{"algorithm": "fomaml", "ways": 20, "eval_ways": 5, "shots": 4, "query_shots": 1, "adaptation_steps": 2, "inner_lr": 0.1})
	err := tensor.Do(func(s *tensor.Scope) error {
		data, err := NewData(d.family, NewPictures(d.family.Images), config, 1)
		if err != nil {
			return err
		}
		learner, err := LoadLearner(s, Blueprint{Config: config, Inputs: data.Inputs(), Seed: 1, Device: tensor.CPU})
		if err != nil {
			return err
		}
		e, err := data.TrainEpisode(0)
		if err != nil {
			return err
		}
		if len(e.Support.Inputs) <= evalBatch {
			t.Fatalf("%d support examples are no more than a batch", len(e.Support.Inputs))
		}
		loop := &InnerLoop{Rate: config.InnerLR, Steps: config.AdaptationSteps, Freeze: config.InnerFreeze}
		var losses [2]float64
		for i, o := range []order{plain, firstOrder} {
			adapted, err := loop.learn(s, learner, data.Inputs(), []Examples{e.Support}, e.Outputs, o, model.Mode{})
			if err != nil {
				return err
			}
			loss, err := adapted.Loss(s, data.Inputs(), e.Query, model.Mode{}).Float64s()
			if err != nil {
				return err
			}
			losses[i] = loss[0]
		}
		if math.Abs(losses[0]-losses[1]) > 1e-6 {
			t.Errorf("a task has the loss %g in evaluation, %g in training", losses[0], losses[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
