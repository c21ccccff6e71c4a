package meta

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// headFile is where an exported model has its projection and head.
const headFile = "head.safetensors"

// ErrWarmStart marks the error about a model that a training is to start from
// and that is not there, or is none of the same architecture.
var ErrWarmStart = errors.New("warm_start")

// warmStart gives a new learner the weights of an exported model: those of the
// network, which must be of the same architecture and tokenizer, and those of
// projection and head as far as they fit.
func (b Blueprint) warmStart(s *tensor.Scope, l *Learner) error {
	dir := b.Config.WarmStart
	if dir == "" {
		return nil
	}
	fail := func(err error) error { return fmt.Errorf("%w: %w", ErrWarmStart, err) }
	if path := b.Config.Model.Path; path != "" {
		if err := hf.SameArchitecture(path, dir); err != nil {
			return fail(err)
		}
	}
	if e := l.Encoder(); e != nil { // of which weights do not tell the number of heads
		config, err := hf.ReadConfig(dir)
		if err != nil {
			return fail(err)
		}
		if config.Heads != e.Config.Heads {
			return fail(fmt.Errorf("the heads of attention are %d in %s, and %d in the model", config.Heads, dir, e.Config.Heads))
		}
	}
	if b.Tokenizer != nil {
		if err := hf.SameTokenizer(b.Config.Model.TokenizerPath(), dir); err != nil {
			return fail(err)
		}
	}
	if err := model.Overwrite(s, l.Network, dir); err != nil {
		return fail(err)
	}
	_, err := model.ReadNamed(s, append(l.Projection.Params(), l.Head.Params()...), filepath.Join(dir, headFile))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fail(err)
	}
	return nil
}
