package meta

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
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
	Settings  string             `json:"settings"` // fingerprint
	Seed      int64              `json:"seed"`
	Total     int                `json:"total"`
	Step      int                `json:"step"`
	Validated int                `json:"validated"` // step of the last validation
	FirstLoss *float64           `json:"first_loss,omitempty"`
	Stale     int                `json:"stale"`
	LossSum   float64            `json:"loss_sum"`
	LossCount int                `json:"loss_count"`
	BestStep  int                `json:"best_step"`       // 0: none yet
	Ended     bool               `json:"ended,omitempty"` // nothing is left to do: no tensors
	Metrics   map[string]float64 `json:"metrics,omitempty"`
	Reports   []report           `json:"reports,omitempty"`
	Spent     spent              `json:"spent"`
}

// hasBest reports whether the weights of a checkpoint are those of the best
// validation themselves.
func (p position) hasBest() bool {
	return !p.Ended && p.BestStep > 0 && p.BestStep == p.Step && p.Step == p.Validated
}

// A report is one that was made up to the checkpoint. The worker may have died
// before it had stored it: whoever goes on reports it again.
type report struct {
	Step    int              `json:"step"`
	Metrics protocol.Metrics `json:"metrics"`
}

const positionKey = "hpsearch_position"

// save writes a checkpoint: the best weights first, in a file of their own where
// they are others than the checkpoint's, then the file that says so. In the end
// the best weights are all that counts.
func (r *run) save(s *tensor.Scope) error {
	if r.Dir == "" {
		return nil
	}
	if err := os.MkdirAll(r.Dir, 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	here := position{
		Settings: fingerprint(r.Config), Seed: r.Seed, Total: r.total, Ended: r.finished() && r.best != nil,
		Step: r.position, Validated: r.validated, Stale: r.stale,
		LossSum: r.lossSum, LossCount: r.lossCount, BestStep: r.outcome.Step, Metrics: r.outcome.Metrics,
		Reports: r.reports, Spent: r.soFar(),
	}
	if r.firstLoss == r.firstLoss {
		here.FirstLoss = &r.firstLoss
	}
	encoded, err := json.Marshal(here)
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	metadata := map[string]string{positionKey: string(encoded)}
	if here.BestStep > 0 && !here.hasBest() && r.bestOnDisk != here.BestStep {
		if err := r.write(BestFile, r.bestParams(), metadata); err != nil {
			return err
		}
		r.bestOnDisk = here.BestStep
	}
	var params []model.Param
	if !here.Ended {
		params = slices.Concat(r.kept, r.optimizerState())
	}
	if err := r.write(CheckpointFile, params, metadata); err != nil {
		return err
	}
	if r.Hooks.Checkpoint != nil {
		r.Hooks.Checkpoint(r.position, filepath.Join(r.Dir, CheckpointFile))
	}
	return s.Err()
}

// write writes one of the files.
func (r *run) write(name string, params []model.Param, metadata map[string]string) error {
	blobs, err := model.Views(params)
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return hf.WriteCheckpoint(filepath.Join(r.Dir, name), blobs, metadata)
}

// bestParams names the copies that keepBest has made.
func (r *run) bestParams() []model.Param {
	copies := make([]model.Param, len(r.kept))
	for i, p := range r.kept {
		copies[i] = model.Param{Name: p.Name, Tensor: r.best[i]}
	}
	return copies
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
	blobs, metadata, err := hf.ReadSafetensors(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("resume: %w; remove the file to start the trial over", err)
	}
	here, err := r.readPosition(path, metadata)
	if err != nil {
		return err
	}
	if !here.Ended {
		if err := model.Restore(s, append(r.optimizerState(), r.kept...), blobs); err != nil {
			return fmt.Errorf("resume: %s: %w; remove the file to start the trial over", path, err)
		}
	}
	r.optimizer.SetStep(int64(here.Step))
	r.position, r.validated, r.stale, r.outcome.Resumed = here.Step, here.Validated, here.Stale, here.Step
	r.lossSum, r.lossCount = here.LossSum, here.LossCount
	if here.FirstLoss != nil {
		r.firstLoss = *here.FirstLoss
	}
	r.reports, r.spent = here.Reports, here.Spent
	if r.Hooks.Report != nil {
		for _, past := range r.reports {
			r.Hooks.Report(past.Step, past.Metrics)
		}
	}
	if here.BestStep == 0 {
		return nil
	}
	r.outcome.Step, r.outcome.Metrics, r.outcome.Value = here.BestStep, here.Metrics, here.Metrics[r.Config.Metric]
	r.keepBest(s)
	if here.hasBest() {
		return s.Err()
	}
	return r.resumeBest(s, here)
}

// readPosition checks that a file is this training's.
func (r *run) readPosition(path string, metadata map[string]string) (here position, err error) {
	if err := json.Unmarshal([]byte(metadata[positionKey]), &here); err != nil {
		return here, fmt.Errorf("resume: %s: no position in it; remove the file to start the trial over", path)
	}
	switch {
	case here.Seed != r.Seed || here.Total != r.total:
		return here, fmt.Errorf("resume: %s is of another training (seed %d, %d steps; this one has seed %d, %d steps); remove it to start over",
			path, here.Seed, here.Total, r.Seed, r.total)
	case here.Settings != fingerprint(r.Config):
		return here, fmt.Errorf("resume: %s is of a training with other settings; remove it to start over", path)
	case here.Step < 0 || here.Step > r.total || here.Validated > here.Step || here.BestStep > here.Validated:
		return here, fmt.Errorf("resume: %s: impossible position %d of %d; remove the file to start the trial over", path, here.Step, r.total)
	}
	return here, nil
}

// fingerprint tells trainings apart by the settings that change their result.
// Where files lie and what computes is left out: a trial may be taken up on
// another machine.
func fingerprint(c *setting.Config) string {
	relevant := *c
	relevant.Model.Path, relevant.Model.Tokenizer, relevant.Tasks.Path = "", "", ""
	if relevant.WarmStart != "" {
		relevant.WarmStart = "somewhere"
	}
	relevant.Threads, relevant.Device, relevant.PrefixCacheMB = 0, setting.Device{}, 0
	relevant.Seed, relevant.SeedSet = 0, false // the run's seed counts, which has its own field
	encoded, err := json.Marshal(relevant)
	if err != nil { // plain values only: cannot happen, and two equal marks do no harm
		return ""
	}
	sum := sha256.Sum256(encoded)
	return hex.EncodeToString(sum[:8])
}

// resumeBest overwrites the copies of the best weights by those of their file.
func (r *run) resumeBest(s *tensor.Scope, here position) error {
	path := filepath.Join(r.Dir, BestFile)
	blobs, metadata, err := hf.ReadSafetensors(path)
	if err != nil {
		return fmt.Errorf("resume: %w; remove the folder %s to start the trial over", err, r.Dir)
	}
	// A process that died between the two files left a later best here: the
	// validation that made it will come round again.
	if best, err := r.readPosition(path, metadata); err != nil {
		return err
	} else if best.BestStep < here.BestStep {
		return fmt.Errorf("resume: %s is of step %d, the checkpoint's best is of step %d; remove the folder %s to start the trial over",
			path, best.BestStep, here.BestStep, r.Dir)
	}
	if err := model.Restore(s, r.bestParams(), blobs); err != nil {
		return fmt.Errorf("resume: %s: %w; remove the folder %s to start the trial over", path, err, r.Dir)
	}
	r.bestOnDisk = here.BestStep
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
