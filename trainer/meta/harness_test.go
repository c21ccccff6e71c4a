package meta

import (
	"maps"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// A bench is a tiny model and a tiny family, from which trainings are made.
type bench struct {
	base      map[string]any  // settings
	tokenizer *text.Tokenizer // nil: the family is the sinusoid
	family    *task.Family
}

// newCurves returns a bench of sine curves and a small perceptron.
func newCurves() *bench {
	tensor.SetThreads(1)
	return &bench{base: map[string]any{
		"model": map[string]any{"kind": "mlp", "hidden": []any{20, 20}}, "tasks": map[string]any{"kind": "sinusoid"},
		"algorithm": "maml", "shots": 5, "query_shots": 10, "meta_batch_size": 4, "adaptation_steps": 2, "inner_lr": 0.01,
		"iterations": 8, "eval_every": 3, "eval_episodes": 6, "test_episodes": 6,
		"learning_rate": 1e-3, "weight_decay": 0, "dropout": 0, "device": "cpu", "threads": 1,
	}}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	tensor.SetThreads(1)
	dir, tasks := tinymodel.Folder(t), tinymodel.JSONL(t, tinymodel.Rows(24, 12, 0))
	b := &bench{base: map[string]any{
		"model": dir, "tasks": map[string]any{"kind": "jsonl", "path": tasks},
		"algorithm": "protonet", "ways": 3, "shots": 2, "query_shots": 4, "max_length": 16,
		"iterations": 8, "eval_every": 3, "eval_episodes": 6, "test_episodes": 6,
		"learning_rate": 1e-3, "dropout": 0.1, "device": "cpu", "threads": 1,
	}}
	return b.load(t, dir)
}

// load reads the tokenizer in a folder, and the tasks of base.
func (b *bench) load(t *testing.T, dir string) *bench {
	t.Helper()
	var err error
	if b.tokenizer, err = text.Load(dir); err != nil {
		t.Fatal(err)
	}
	if b.family, err = task.Load(b.config(t, nil).Tasks); err != nil {
		t.Fatal(err)
	}
	return b
}

// config returns small settings with changes.
func (b *bench) config(t *testing.T, changes map[string]any) *setting.Config {
	t.Helper()
	values := maps.Clone(b.base)
	maps.Copy(values, changes)
	c, err := setting.Parse(values)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// A fixture is everything that Train needs.
type fixture struct {
	s         *tensor.Scope
	config    *setting.Config
	learner   *Learner
	network   model.Network // the learner's, which a training divides
	data      *Data
	algorithm Algorithm
}

// with calls f with a training made from settings.
func (b *bench) with(t *testing.T, changes map[string]any, seed int64, f func(x *fixture) error) error {
	t.Helper()
	config := b.config(t, changes)
	return tensor.Do(func(s *tensor.Scope) error {
		x := &fixture{s: s, config: config}
		var err error
		var inputs Inputs = NewPoints(task.NewSinusoid(config, seed))
		if b.tokenizer != nil {
			inputs = NewCorpus(b.tokenizer, b.family.Texts, config.MaxLength)
		}
		if x.data, err = NewData(b.family, inputs, config, seed); err != nil {
			return err
		}
		if x.learner, err = LoadLearner(s, Blueprint{Config: config, Tokenizer: b.tokenizer, Inputs: inputs, Seed: seed, Device: tensor.CPU}); err != nil {
			return err
		}
		x.network = x.learner.Network
		x.algorithm, err = NewAlgorithm(s, Setup{Config: config, Seed: seed, Learner: x.learner, Data: x.data})
		if err != nil {
			return err
		}
		return f(x)
	})
}

// A history is all that a training lets be seen.
type history struct {
	reports map[int]map[string]float64
	saved   []int
	outcome *Outcome
	weights map[string][]float32 // of everything, frozen or not
}

// train runs a whole training. dir and stopped may be zero; afterStep is
// called with the number of finished steps.
func (b *bench) train(t *testing.T, changes map[string]any, seed int64, dir string, stopped chan struct{}, onStep func(step int)) (*history, error) {
	t.Helper()
	h := &history{reports: make(map[int]map[string]float64)}
	err := b.with(t, changes, seed, func(x *fixture) error {
		var err error
		h.outcome, err = Train(x.s, x.algorithm, x.learner, x.data, Options{
			Config: x.config, Seed: seed, Dir: dir, Stopped: stopped,
			Hooks: Hooks{
				Report:     func(step int, m map[string]float64) { h.reports[step] = maps.Clone(m) },
				Checkpoint: func(step int, _ string) { h.saved = append(h.saved, step) },
				Progress: func(step, _ int) {
					if onStep != nil {
						onStep(step)
					}
				},
			},
		})
		if err != nil {
			return err
		}
		h.weights, err = x.weights()
		return err
	})
	return h, err
}

// params returns all parameters, frozen or not.
func (x *fixture) params() []model.Param {
	all := append([]model.Param(nil), x.network.Params()...)
	return append(append(all, x.learner.Projection.Params()...), x.algorithm.Params()...)
}

func (x *fixture) weights() (map[string][]float32, error) {
	weights := make(map[string][]float32)
	for _, p := range x.params() {
		values, err := p.Tensor.Float32s()
		if err != nil {
			return nil, err
		}
		weights[p.Name] = values
	}
	return weights, nil
}

func mustTrain(t *testing.T, b *bench, changes map[string]any, seed int64) *history {
	t.Helper()
	h, err := b.train(t, changes, seed, "", nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return h
}
