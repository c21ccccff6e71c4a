package meta

import (
	"slices"
	"time"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The rule by which checkpoints are written after validations: one of more than
// smallCheckpoint bytes must not take more than 1/checkpointShare of the time.
// What writing takes is first guessed from the size.
const (
	smallCheckpoint = 16 << 20
	checkpointShare = 20
	checkpointSpeed = 500 << 20 // bytes a second
)

// A saving is when checkpoints were written, and what that took.
type saving struct {
	last time.Time     // or the begin of the training
	took time.Duration // 0: none was written yet
}

// due reports whether a checkpoint of that many bytes is worth its time.
func (v saving) due(now time.Time, bytes int64) bool {
	took := v.took
	if took == 0 {
		took = time.Duration(float64(bytes) / checkpointSpeed * float64(time.Second))
	}
	return bytes <= smallCheckpoint || now.Sub(v.last) >= checkpointShare*took
}

// saveIfDue is save after a validation: large checkpoints are written now and
// then, and what a killed training computes again is bounded by what they cost.
// The end of a training is always written.
func (r *run) saveIfDue(s *tensor.Scope) error {
	if r.Dir == "" {
		return nil
	}
	bytes := int64(0)
	for _, p := range slices.Concat(r.kept, r.optimizerState()) {
		bytes += 4 * p.Tensor.Numel() // of float32, as nearly all of them are
	}
	if !r.finished() && !r.saving.due(time.Now(), bytes) {
		return nil
	}
	start := time.Now()
	err := r.save(s)
	r.saving = saving{last: time.Now(), took: time.Since(start)}
	return err
}
