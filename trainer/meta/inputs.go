package meta

import (
	"sync"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

// Inputs are the examples of a family, each known by its index, in the form
// that a network computes on. Implementations are safe for concurrent use,
// and meant to be shared by all trials that read the same family.
type Inputs interface {
	// Batch returns examples, in their order, on a device.
	Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error)
	// Length returns what an example costs beside others of its batch: the
	// tokens of a text. Examples of like length are batched together. It is
	// the same for all where there is nothing to pad.
	Length(example int) int
}

// Shaped are inputs of one shape: all but texts.
type Shaped interface {
	Inputs
	// Shape returns the sides of one example, such as [channels, height,
	// width] of an image.
	Shape() []int64
}

// Corpus is the tokenized texts of a family.
type Corpus struct {
	tokenizer *text.Tokenizer
	texts     []string
	maxLength int

	mu     sync.Mutex
	tokens [][]int32 // nil until first asked for
}

// NewCorpus prepares texts; each is tokenized when it is first needed.
func NewCorpus(tokenizer *text.Tokenizer, texts []string, maxLength int) *Corpus {
	return &Corpus{tokenizer: tokenizer, texts: texts, maxLength: maxLength, tokens: make([][]int32, len(texts))}
}

// Batch implements [Inputs].
func (c *Corpus) Batch(s *tensor.Scope, device tensor.Device, examples []int) (model.Batch, error) {
	return model.NewBatch(s, device, c.tokenizer.Special().Pad, c.Tokens(examples))
}

// Length implements [Inputs].
func (c *Corpus) Length(example int) int { return len(c.Tokens([]int{example})[0]) }

// Tokens returns the token ids of texts by index.
func (c *Corpus) Tokens(examples []int) [][]int32 {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := make([][]int32, len(examples))
	for i, e := range examples {
		if c.tokens[e] == nil {
			c.tokens[e] = c.tokenizer.Encode(c.texts[e], c.maxLength)
		}
		out[i] = c.tokens[e]
	}
	return out
}

// All returns the indices of n examples, 0 to n-1.
func All(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
