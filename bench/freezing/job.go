package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
)

// strategies is one of each kind, and of those with a number the ends of what
// a search would try. Each is trained at two rates.
var strategies = []string{
	"none", "embeddings", "bottom-2", "bottom-4", "percent-80", "all-but-head", "gradual", "lp-ft", "layernorm-only", "lora-8",
}

var rates = []float64{2e-5, 2e-4}

// validations is how often a trial is validated.
const validations = 4

// settings are those of the ready-made study wordnet-5way-5shot, where trials
// have 60 iterations. Fewer are validated on as many episodes fewer: what a
// validation costs beside a training stays as it is.
func settings(iterations int) map[string]any {
	return map[string]any{
		"ways": 5, "shots": 5, "query_shots": 5, "iterations": iterations, "eval_every": iterations / validations,
		"eval_episodes": max(1, iterations/3), "max_length": 32,
		"weight_decay": 0.01, "warmup_ratio": 0.1, "unfreeze_ratio": 0.5, "gradient_clip": 1.0,
	}
}

const maxPerClass = 200

// A job is what both sides are given.
type job struct {
	Model    string           `json:"model"`
	Data     string           `json:"data"`
	Split    task.Split       `json:"split"`
	Settings map[string]any   `json:"settings"`
	Trials   []map[string]any `json:"trials"`
}

// newJob writes WordNet's glosses to a file in dir, and returns the job.
func newJob(dir string, o options) (*job, error) {
	family, err := task.Load(setting.Tasks{
		Kind: "wordnet", Path: o.wordnet, Text: "text", Label: "label", Task: "task", MaxPerClass: maxPerClass,
	})
	if err != nil {
		return nil, err
	}
	j := &job{Model: o.model, Data: filepath.Join(dir, "glosses.jsonl"), Settings: settings(o.iterations)}
	if j.Split, err = task.DrawSplit(family, setting.Fractions{Train: 0.64, Validation: 0.16, Test: 0.2}, 0); err != nil {
		return nil, err
	}
	for _, rate := range rates {
		for _, strategy := range strategies {
			if len(j.Trials) < o.trials {
				j.Trials = append(j.Trials, map[string]any{"freeze": strategy, "learning_rate": rate})
			}
		}
	}
	return j, writeTexts(j.Data, family)
}

func writeTexts(path string, family *task.Family) (err error) {
	file, err := os.Create(path)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := file.Close(); err == nil {
			err = closeErr
		}
	}()
	w := bufio.NewWriter(file)
	lines := json.NewEncoder(w)
	for _, class := range family.Classes {
		for _, example := range class.Examples {
			if err := lines.Encode(map[string]string{"text": family.Texts[example], "label": class.Name}); err != nil {
				return err
			}
		}
	}
	return w.Flush()
}

// study returns the study file of a job.
func (j *job) study(name string) map[string]any {
	train := map[string]any{
		"model": j.Model, "tasks": map[string]any{"kind": "jsonl", "path": j.Data}, "split": j.Split,
		"algorithm": "protonet", "dropout": 0.1,
	}
	for name, value := range j.Settings {
		train[name] = value
	}
	return map[string]any{
		"version": 1, "name": name,
		"objective": map[string]any{"kind": "meta-training", "metric": "val_loss", "direction": "minimize"},
		"train":     train,
		"space": []map[string]any{
			{"name": "freeze", "type": "categorical", "choices": strategies},
			{"name": "learning_rate", "type": "float", "low": 1e-6, "high": 1e-3, "log": true},
		},
		"sampler": map[string]any{"kind": "random", "seed": 1},
		"pruner":  map[string]any{"kind": "none"},
		"budget":  map[string]any{"trials": len(j.Trials)},
		"enqueue": j.Trials,
	}
}

func writeJSON(path string, value any) error {
	data, err := json.MarshalIndent(value, "", "  ")
	if err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	return os.WriteFile(path, data, 0o644)
}
