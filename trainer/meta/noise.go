package meta

import (
	"fmt"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// noise is texts of which, in the steps of training, tokens are left out or
// masked: word dropout (Iyyer et al. 2015, section 3.2) on tokens, and BERT's
// mask. Between steps they are as they are.
type noise struct {
	corpus        *Corpus
	dropout, mask float64
	rng           *rand.Rand // of the current step; nil: none
}

func newNoise(corpus *Corpus, config *setting.Config) (*noise, error) {
	if config.TokenMask > 0 && corpus.tokenizer.Special().Mask < 0 {
		return nil, fmt.Errorf("token_mask: the tokenizer has no token [MASK]: use token_dropout")
	}
	return &noise{corpus: corpus, dropout: config.TokenDropout, mask: config.TokenMask}, nil
}

// beginStep has texts changed by draws from a seed until endStep.
func (d *Data) beginStep(seed int64) {
	if d.noise != nil {
		d.noise.rng = rand.New(rand.NewPCG(uint64(seed), 0))
	}
}

func (d *Data) endStep() {
	if d.noise != nil {
		d.noise.rng = nil
	}
}

// Length implements [Inputs].
func (n *noise) Length(example int) int { return n.corpus.Length(example) }

// Batch implements [Inputs].
func (n *noise) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	if n.rng == nil {
		return n.corpus.Batch(s, device, examples)
	}
	texts := n.corpus.Tokens(examples)
	for i, ids := range texts {
		texts[i] = n.change(ids)
	}
	return model.NewBatch(s, device, n.corpus.tokenizer.Special().Pad, texts)
}

// change returns a copy of a text with tokens left out or masked.
func (n *noise) change(ids []int32) []int32 {
	special := n.corpus.tokenizer.Special()
	out := make([]int32, 0, len(ids))
	kept := false
	for _, id := range ids {
		switch u := n.rng.Float64(); {
		case isSpecial(special, id):
			out = append(out, id)
		case u < n.dropout:
		default:
			kept = true
			if n.rng.Float64() < n.mask {
				id = special.Mask
			}
			out = append(out, id)
		}
	}
	if !kept { // nothing of the text is left: it stays as it is
		return ids
	}
	return out
}

func isSpecial(s text.Special, id int32) bool {
	return id == s.Pad || id == s.CLS || id == s.SEP || id == s.Mask
}
