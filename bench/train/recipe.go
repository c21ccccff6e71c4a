package main

import (
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A recipe is a meta-training with the tests that follow it.
type recipe struct {
	settings map[string]any // as under train in a study file
	tests    map[string]map[string]any
}

// testEpisodes is the number of test tasks, that of the few-shot literature.
const testEpisodes = 600

// run trains with a seed and returns the measurement of each test, and the
// seconds of the training by the clock.
func (r recipe) run(o options, seed int64) (map[string]meta.Measurement, float64, error) {
	config, err := r.config(o, nil)
	if err != nil {
		return nil, 0, err
	}
	tensor.SetThreads(o.threads)
	device, err := tensor.ParseDevice(o.device)
	if err != nil {
		return nil, 0, err
	}
	family, inputs, err := load(config, seed)
	if err != nil {
		return nil, 0, err
	}
	measured := make(map[string]meta.Measurement)
	var seconds float64
	err = tensor.Do(func(s *tensor.Scope) error {
		data, err := meta.NewData(family, inputs, config, seed)
		if err != nil {
			return err
		}
		learner, err := meta.LoadLearner(s, meta.Blueprint{Config: config, Inputs: inputs, Seed: seed, Device: device})
		if err != nil {
			return err
		}
		algorithm, err := meta.NewAlgorithm(s, meta.Setup{Config: config, Seed: seed, Learner: learner, Data: data})
		if err != nil {
			return err
		}
		outcome, err := meta.Train(s, algorithm, learner, data, meta.Options{Config: config, Seed: seed, Hooks: progress()})
		if err != nil {
			return err
		}
		seconds = outcome.Duration.Seconds()
		for name, changes := range r.tests {
			if measured[name], err = r.test(s, o, changes, family, learner, seed); err != nil {
				return err
			}
		}
		return nil
	})
	return measured, seconds, err
}

// test measures a trained learner on test tasks, with changed settings.
func (r recipe) test(s *tensor.Scope, o options, changes map[string]any, family *task.Family, learner *meta.Learner, seed int64) (meta.Measurement, error) {
	config, err := r.config(o, changes)
	if err != nil {
		return meta.Measurement{}, err
	}
	_, inputs, err := reload(family, config, seed)
	if err != nil {
		return meta.Measurement{}, err
	}
	data, err := meta.NewData(family, inputs, config, seed)
	if err != nil {
		return meta.Measurement{}, err
	}
	episodes, err := data.Episodes(task.Test)
	if err != nil {
		return meta.Measurement{}, err
	}
	adapter, err := meta.NewAdapter(config)
	if err != nil {
		return meta.Measurement{}, err
	}
	return meta.Evaluate(s, adapter, learner, data.Inputs(), episodes)
}

func (r recipe) config(o options, changes map[string]any) (*setting.Config, error) {
	values := map[string]any{"device": o.device, "threads": o.threads, "test_episodes": testEpisodes}
	maps.Copy(values, r.settings)
	maps.Copy(values, changes)
	return setting.Parse(values)
}

// load reads the family of a configuration; it is nil for one that is
// generated.
func load(config *setting.Config, seed int64) (*task.Family, meta.Inputs, error) {
	if config.Tasks.Generated() {
		return reload(nil, config, seed)
	}
	family, err := task.Load(config.Tasks)
	if err != nil {
		return nil, nil, err
	}
	return reload(family, config, seed)
}

// reload returns the inputs of a family that is there.
func reload(family *task.Family, config *setting.Config, seed int64) (*task.Family, meta.Inputs, error) {
	switch {
	case family == nil:
		return nil, meta.NewPoints(task.NewSinusoid(config, seed)), nil
	case family.Images != nil:
		return family, meta.NewPictures(family.Images), nil
	}
	return nil, nil, fmt.Errorf("tasks of kind %s are not benchmarked here", config.Tasks.Kind)
}

// progressEvery is the time between lines of progress.
const progressEvery = 30 * time.Second

// progress prints where a training is, and its validations.
func progress() meta.Hooks {
	last := time.Now()
	return meta.Hooks{
		Progress: func(step, total int) {
			if time.Since(last) > progressEvery {
				last = time.Now()
				fmt.Fprintf(os.Stderr, "  step %d of %d\n", step, total)
			}
		},
		Report: func(step int, metrics map[string]float64) {
			fmt.Fprintf(os.Stderr, "  step %d: %v\n", step, metrics)
		},
	}
}
