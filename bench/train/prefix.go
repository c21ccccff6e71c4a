package main

import (
	"fmt"
	"maps"
	"time"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// prefixEpochs is the number of epochs of a measurement. The first, in which
// the cache is filled, is not timed.
const prefixEpochs = 3

// prefixCache measures an epoch of joint training with the four lower layers of
// six frozen, with the cache of their outputs and without.
func prefixCache(o options) (map[string]float64, error) {
	settings := map[string]any{
		"model": o.model, "tasks": map[string]any{"kind": "wordnet", "path": o.wordnet, "max_per_class": 40},
		"algorithm": "joint", "ways": 5, "shots": 5, "query_shots": 5, "batch_size": 16, "epochs": prefixEpochs,
		"eval_every": 1_000_000, "eval_episodes": 1, "max_length": 32, "freeze": "bottom-4",
		"device": o.device, "threads": o.threads,
	}
	figures := make(map[string]float64)
	for name, cache := range map[string]string{"cached": setting.PrefixMemory, "uncached": setting.PrefixOff} {
		values := maps.Clone(settings)
		values["prefix_cache"] = cache
		config, err := setting.Parse(values)
		if err != nil {
			return nil, err
		}
		if figures[name+"_epoch_seconds"], err = epochSeconds(config, o); err != nil {
			return nil, err
		}
	}
	figures["ratio"] = figures["cached_epoch_seconds"] / figures["uncached_epoch_seconds"]
	return figures, nil
}

// epochSeconds trains and returns the mean time of an epoch after the first.
func epochSeconds(config *setting.Config, o options) (float64, error) {
	tensor.SetThreads(o.threads)
	device, err := tensor.ParseDevice(o.device)
	if err != nil {
		return 0, err
	}
	family, err := task.Load(config.Tasks)
	if err != nil {
		return 0, err
	}
	tokenizer, err := text.Load(config.Model.Path)
	if err != nil {
		return 0, err
	}
	inputs := meta.NewCorpus(tokenizer, family.Texts, config.MaxLength)
	const seed = 1
	var first, last time.Time
	err = tensor.Do(func(s *tensor.Scope) error {
		data, err := meta.NewData(family, inputs, config, seed)
		if err != nil {
			return err
		}
		learner, err := meta.LoadLearner(s, meta.Blueprint{Config: config, Tokenizer: tokenizer, Inputs: inputs, Seed: seed, Device: device})
		if err != nil {
			return err
		}
		algorithm, err := meta.NewAlgorithm(s, meta.Setup{Config: config, Seed: seed, Learner: learner, Data: data})
		if err != nil {
			return err
		}
		steps := algorithm.Steps() / prefixEpochs
		_, err = meta.Train(s, algorithm, learner, data, meta.Options{Config: config, Seed: seed, Hooks: meta.Hooks{
			Progress: func(step, total int) {
				switch step {
				case steps:
					first = time.Now()
				case total:
					last = time.Now()
				}
			},
		}})
		return err
	})
	if err == nil && (first.IsZero() || last.IsZero()) {
		err = fmt.Errorf("the training ended early")
	}
	return last.Sub(first).Seconds() / (prefixEpochs - 1), err
}
