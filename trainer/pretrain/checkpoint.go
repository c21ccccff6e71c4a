package pretrain

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// checkpointFile has all that a resume needs: weights, the optimizer's state
// and the best weights so far. Draws depend on the seed and the position, so
// that there is no generator to keep.
const checkpointFile = "checkpoint.safetensors"

// bestPrefix stands before the names of the best weights.
const bestPrefix = "best."

// A position is what a checkpoint keeps beside tensors, as JSON in the file's
// metadata.
type position struct {
	Training  identity `json:"training"`
	Total     int      `json:"total"`
	Step      int      `json:"step"`
	Validated int      `json:"validated"`
	LossSum   float64  `json:"loss_sum"`
	LossCount int      `json:"loss_count"`
	BestStep  int      `json:"best_step"` // 0: none yet
	BestLoss  float64  `json:"best_loss"`
}

const positionKey = "hpsearch_position"

// An identity is all that changes the result of a training.
type identity struct {
	Options    Options `json:"options"`
	Vocabulary int64   `json:"vocabulary"` // tokens that there are
	Text       uint64  `json:"text"`       // fingerprint of the texts, as tokens
}

func (t *training) identity() identity {
	return identity{t.asked, t.model.Config.Vocabulary, t.data.fingerprint}
}

// differs says what tells a checkpoint's training from this one, "" when
// nothing does.
func (i identity) differs(now identity) (string, error) {
	before, err := i.Options.named()
	if err != nil {
		return "", err
	}
	asked, err := now.Options.named()
	if err != nil {
		return "", err
	}
	for _, name := range slices.Sorted(maps.Keys(asked)) {
		if before[name] != asked[name] {
			return fmt.Sprintf("--%s was %v, and is %v now", strings.ReplaceAll(name, "_", "-"), before[name], asked[name]), nil
		}
	}
	switch {
	case i.Vocabulary != now.Vocabulary:
		return fmt.Sprintf("the tokenizer had %d tokens, and has %d now", i.Vocabulary, now.Vocabulary), nil
	case i.Text != now.Text:
		return "the texts, or the tokenizer, are not the same", nil
	}
	return "", nil
}

func (t *training) save() error {
	if err := os.MkdirAll(t.dir, 0o755); err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	here := position{
		Training: t.identity(), Total: t.total, Step: t.position, Validated: t.validated, LossSum: t.lossSum, LossCount: t.lossCount,
		BestStep: t.result.Step, BestLoss: t.result.Loss,
	}
	encoded, err := json.Marshal(here)
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	blobs, err := model.Blobs(t.state())
	if err != nil {
		return fmt.Errorf("save checkpoint: %w", err)
	}
	return hf.WriteCheckpoint(filepath.Join(t.dir, checkpointFile), blobs, map[string]string{positionKey: string(encoded)})
}

// state names every tensor of a checkpoint.
func (t *training) state() []model.Param {
	params := t.model.Params()
	all := append([]model.Param(nil), params...)
	tensors, _ := t.optimizer.State()
	for i, o := range tensors {
		all = append(all, model.Param{Name: fmt.Sprintf("optimizer.%d", i), Tensor: o})
	}
	for i, b := range t.best {
		all = append(all, model.Param{Name: bestPrefix + params[i].Name, Tensor: b})
	}
	return all
}

// resume takes up a checkpoint if there is one. One of another training, or a
// damaged one, is an error: going on from it, or over it, would lose or
// falsify work.
func (t *training) resume(s *tensor.Scope) error {
	path := filepath.Join(t.dir, checkpointFile)
	blobs, metadata, err := hf.ReadSafetensors(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("resume: %w; remove the folder %s to start over", err, t.dir)
	}
	var here position
	if err := json.Unmarshal([]byte(metadata[positionKey]), &here); err != nil {
		return fmt.Errorf("resume: %s: no position in it; remove the folder %s to start over", path, t.dir)
	}
	difference, err := here.Training.differs(t.identity())
	switch {
	case err != nil:
		return err
	case difference != "":
		return fmt.Errorf("resume: %s is of another pretraining: %s; run it as it was, or remove the folder %s to start over", path, difference, t.dir)
	case here.Total != t.total:
		return fmt.Errorf("resume: %s is of a pretraining of %d steps, this one has %d; remove the folder %s to start over", path, here.Total, t.total, t.dir)
	case here.Step < 0 || here.Step > t.total || here.Validated > here.Step || here.BestStep > here.Validated:
		return fmt.Errorf("resume: %s: impossible position %d of %d; remove the folder %s to start over", path, here.Step, t.total, t.dir)
	}
	if here.BestStep > 0 {
		t.keepBest(s) // makes the copies, whose contents are then overwritten
	}
	if err := model.Restore(s, t.state(), blobs); err != nil {
		return fmt.Errorf("resume: %s: %w; remove the folder %s to start over", path, err, t.dir)
	}
	t.optimizer.SetStep(int64(here.Step))
	t.position, t.validated, t.lossSum, t.lossCount = here.Step, here.Validated, here.LossSum, here.LossCount
	t.result.Step, t.result.Loss, t.result.Resumed = here.BestStep, here.BestLoss, here.Step
	t.result.Perplexity = perplexity(here.BestLoss)
	t.Hooks.Log("going on from step %d of %d", here.Step, t.total)
	return s.Err()
}

// removeCheckpoint deletes what only a resume needs, and the folder if nothing
// else is in it.
func removeCheckpoint(dir string) error {
	for _, name := range append([]string{checkpointFile}, hf.TokenizerFiles...) {
		if err := os.Remove(filepath.Join(dir, name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	_ = os.Remove(dir) // fails when somebody put something there
	return nil
}
