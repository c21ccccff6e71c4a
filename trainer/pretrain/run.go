package pretrain

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// ErrStopped ends a training that was asked to stop; a checkpoint was
// written, from which the next [Run] goes on.
var ErrStopped = errors.New("pretraining was stopped")

// Run reads the text, trains, and writes the folder with the weights of the
// best validation. The folder appears under its name only when it is complete.
func Run(o Options) (*Result, error) {
	start := time.Now()
	if err := o.Check(); err != nil {
		return nil, err
	}
	if o.Hooks.Log == nil {
		o.Hooks.Log = func(string, ...any) {}
	}
	to, err := filepath.Abs(o.To)
	if err != nil {
		return nil, err
	}
	if err := checkTarget(to); err != nil {
		return nil, err
	}
	work := o.Checkpoints
	if work == "" {
		work = to + ".checkpoint"
	}
	tokenizer, err := prepareTokenizer(&o, work)
	if err != nil {
		return nil, err
	}
	data, err := readCorpus(o.Text, tokenizer.Tokenizer, o.MaxLength, o.HeldOut, o.Seed)
	if err != nil {
		return nil, err
	}
	o.Hooks.Log("%d tokens of text; blocks for training: %d, held out: %d; a vocabulary of %d tokens",
		data.tokens, len(data.train), len(data.heldOut), tokenizer.VocabSize())
	result := &Result{Folder: to, Vocabulary: tokenizer.VocabSize(), Tokens: data.tokens}
	err = tensor.Do(func(s *tensor.Scope) error {
		t, err := newTraining(s, o, tokenizer.Tokenizer, data, work, result)
		if err != nil {
			return err
		}
		if err := t.train(s); err != nil {
			return err
		}
		return write(t.model, tokenizer, to)
	})
	if err != nil {
		return nil, err
	}
	result.Seconds = time.Since(start).Seconds()
	return result, removeCheckpoint(work)
}

// newTraining makes the model with its optimizer and takes up a checkpoint.
func newTraining(s *tensor.Scope, o Options, tokenizer *text.Tokenizer, data *corpus, work string, result *Result) (*training, error) {
	config, err := hf.NewBERT(hf.Shape{
		Layers: o.Layers, Hidden: o.Hidden, Heads: o.Heads,
		Vocabulary: int64(tokenizer.VocabSize()), Positions: int64(max(hf.LeastPositions, o.MaxLength)), Pad: tokenizer.Special().Pad,
	})
	if err != nil {
		return nil, err
	}
	m, err := model.NewMaskedLM(s, config, o.Seed, o.Device)
	if err != nil {
		return nil, err
	}
	t := &training{
		Options: o, asked: o, model: m, masker: newMasker(tokenizer), data: data, dir: work, result: result,
		perEpoch: (len(data.train) + o.BatchSize - 1) / o.BatchSize,
	}
	t.total = o.Steps
	if t.total == 0 {
		t.total = o.Epochs * t.perEpoch
	}
	if t.EvalEvery == 0 {
		t.EvalEvery = (t.total + 9) / 10
	}
	decayed, plain := tensor.Group{WeightDecay: o.WeightDecay}, tensor.Group{}
	for _, p := range m.Params() {
		s.SetRequiresGrad(p.Tensor, true)
		result.Parameters += p.Tensor.Numel()
		if p.Decays() {
			decayed.Params = append(decayed.Params, p.Tensor)
		} else {
			plain.Params = append(plain.Params, p.Tensor)
		}
	}
	t.optimizer = tensor.NewAdamW(s, []tensor.Group{decayed, plain})
	if err := s.Err(); err != nil {
		return nil, err
	}
	return t, t.resume(s)
}

// checkTarget reports what stands in the way of a new folder.
func checkTarget(to string) error {
	entries, err := os.ReadDir(to)
	switch {
	case errors.Is(err, os.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("write %s: %w", to, err)
	case len(entries) > 0:
		return fmt.Errorf("write %s: the folder is not empty: choose another one, or empty it", to)
	}
	return nil
}
