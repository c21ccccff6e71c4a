package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"time"
)

// workerTrials is the number of trials of each study that workers share.
const workerTrials = 16

// workers measures how many trials an hour one and four workers make on one
// GPU: a study of the ready-made one's kind, WordNet with all-MiniLM-L6-v2.
func workers(o options) (map[string]float64, error) {
	figures := make(map[string]float64)
	for name, n := range map[string]int{"one": 1, "four": 4} {
		seconds, err := timeStudy(o, n)
		if err != nil {
			return nil, err
		}
		figures[name+"_trials_per_hour"] = workerTrials * 3600 / seconds
	}
	figures["ratio"] = figures["four_trials_per_hour"] / figures["one_trials_per_hour"]
	return figures, nil
}

// timeStudy runs a study with that many workers in a new folder and returns
// the seconds of the run.
func timeStudy(o options, parallel int) (float64, error) {
	dir, err := os.MkdirTemp("", "hpsearch-bench-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "study.json")
	study, err := json.Marshal(map[string]any{
		"version": 1, "name": "workers", "objective": map[string]any{"kind": "meta-training"},
		"train": map[string]any{
			"model": o.model, "tasks": map[string]any{"kind": "wordnet", "path": o.wordnet, "max_per_class": 200},
			"ways": 5, "shots": 5, "query_shots": 5, "iterations": 300, "eval_every": 100, "eval_episodes": 20, "max_length": 32,
		},
		"space": []any{
			map[string]any{"name": "learning_rate", "type": "float", "low": 1e-6, "high": 1e-3, "log": true},
		},
		"sampler": map[string]any{"kind": "random", "seed": 1},
		"budget":  map[string]any{"trials": workerTrials},
	})
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(file, study, 0o644); err != nil {
		return 0, err
	}
	program, err := filepath.Abs(o.hpsearch)
	if err != nil {
		return 0, err
	}
	cmd := exec.Command(program, "run", file, "--parallel", strconv.Itoa(parallel), "--device", o.device)
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, os.Stderr, os.Stderr
	start := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%v: %w", cmd.Args, err)
	}
	return time.Since(start).Seconds(), nil
}
