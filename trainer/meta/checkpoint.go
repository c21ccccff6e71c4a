package meta

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The files of a checkpoint folder. There is no generator state to keep: the
// draws of a step are a function of the seed and the step.
const (
	CheckpointFile = "checkpoint.safetensors" // trained weights, optimizer state, position
	BestFile       = "best.safetensors"       // trained weights of the best validation
)

// A position is what a checkpoint keeps beside tensors, as JSON in the
// file's metadata.
type position struct {
	Seed      int64              `json:"seed"`
	Total     int                `json:"total"`
	Step      int                `json:"step"`
	FirstLoss *float64           `json:"first_loss,omitempty"`
	Stale     int                `json:"stale"`
	LossSum   float64            `json:"loss_sum"`
	LossCount int                `json:"loss_count"`
	BestStep  int                `json:"best_step"` // 0: none yet
	Metrics   map[string]float64 `json:"metrics,omitempty"`
}

const positionKey = "hpsearch_position"

// save writes a checkpoint: the best weights first, when they are new, then
// the file that says so.
func (r *run) save(s *tensor.Scope) error {
	if r.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	here := position{
		Seed: r.Seed, Total: r.total, Step: r.position, Stale: r.stale,
		LossSum: r.lossSum, LossCount: r.lossCount, BestStep: r.outcome.Step, Metrics: r.outcome.Metrics,
	}
	if r.firstLoss == r.firstLoss {
		here.FirstLoss = &r.firstLoss
	}
	encoded, err := json.Marshal(here)
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	metadata := map[string]string{positionKey: string(encoded)}
	weights, err := model.Blobs(r.trained)
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	if r.outcome.Step == r.position && r.best != nil {
		if err := model.WriteCheckpoint(filepath.Join(r.Dir, BestFile), weights, metadata); err != nil {
			return err
		}
	}
	state, err := model.Blobs(r.optimizerState())
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	path := filepath.Join(r.Dir, CheckpointFile)
	if err := model.WriteCheckpoint(path, append(weights, state...), metadata); err != nil {
		return err
	}
	if r.Hooks.Checkpoint != nil {
		r.Hooks.Checkpoint(r.position, path)
	}
	return s.Err()
}

// optimizerState names the optimizer's tensors by their order.
func (r *run) optimizerState() []model.Param {
	tensors, _ := r.optimizer.State()
	params := make([]model.Param, len(tensors))
	for i, t := range tensors {
		params[i] = model.Param{Name: fmt.Sprintf("optimizer.%d", i), Tensor: t}
	}
	return params
}

// resume takes up a checkpoint if the folder has one. One of another seed or
// length, or a damaged one, is an error: going on from it, or over it, would
// lose or falsify work.
func (r *run) resume(s *tensor.Scope) error {
	if r.Dir == "" {
		return nil
	}
	path := filepath.Join(r.Dir, CheckpointFile)
	blobs, metadata, err := model.ReadSafetensors(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("resume: %w; remove the file to start the trial over", err)
	}
	var here position
	if err := json.Unmarshal([]byte(metadata[positionKey]), &here); err != nil {
		return fmt.Errorf("resume: %s: no position in it; remove the file to start the trial over", path)
	}
	if here.Seed != r.Seed || here.Total != r.total {
		return fmt.Errorf("resume: %s is of another training (seed %d, %d steps; this one has seed %d, %d steps); remove it to start over",
			path, here.Seed, here.Total, r.Seed, r.total)
	}
	if err := model.Restore(s, r.trained, blobs); err != nil {
		return fmt.Errorf("resume: %s: %w", path, err)
	}
	if err := model.Restore(s, r.optimizerState(), blobs); err != nil {
		return fmt.Errorf("resume: %s: %w", path, err)
	}
	r.optimizer.SetStep(int64(here.Step))
	r.position, r.stale, r.outcome.Resumed = here.Step, here.Stale, here.Step
	r.lossSum, r.lossCount = here.LossSum, here.LossCount
	if here.FirstLoss != nil {
		r.firstLoss = *here.FirstLoss
	}
	if here.BestStep == 0 {
		return nil
	}
	return r.resumeBest(s, here)
}

func (r *run) resumeBest(s *tensor.Scope, here position) error {
	path := filepath.Join(r.Dir, BestFile)
	blobs, _, err := model.ReadSafetensors(path)
	if err != nil {
		return fmt.Errorf("resume: %w; remove the folder %s to start the trial over", err, r.Dir)
	}
	// keepBest makes the copies, whose contents are then overwritten.
	r.keepBest(s)
	copies := make([]model.Param, len(r.trained))
	for i, p := range r.trained {
		copies[i] = model.Param{Name: p.Name, Tensor: r.best[i]}
	}
	if err := model.Restore(s, copies, blobs); err != nil {
		return fmt.Errorf("resume: %s: %w", path, err)
	}
	r.outcome.Step, r.outcome.Metrics, r.outcome.Value = here.BestStep, here.Metrics, here.Metrics[r.Config.Metric]
	return nil
}

// RemoveCheckpoint deletes what only a resume needs, once a training has come
// to its end.
func RemoveCheckpoint(dir string) error {
	err := os.Remove(filepath.Join(dir, CheckpointFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
