package model

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Batch is what a network computes on, on a device: texts as a padded batch
// of token ids, or anything else as Values.
type Batch struct {
	// Values is float32 [batch, …]: images as [batch, channels, height,
	// width], numbers as [batch, width]; nil for texts.
	Values *tensor.Tensor
	IDs    *tensor.Tensor // int64 [batch, length]; nil unless of texts
	// Mask is float32 [batch, length], 1 for tokens and 0 for padding; nil
	// when nothing is padded.
	Mask   *tensor.Tensor
	Tokens int // without padding
	// Lengths has the tokens of each sequence; nil when nothing is padded.
	// Networks may need it to leave padding out, never to be right.
	Lengths []int
	// Rows, if it is not 0, has [Stack.Lower] compute on a matrix of that many
	// rows, at least Tokens, one a token and the rest filled up.
	Rows int
}

// NewBatch pads sequences of token ids with pad to the longest among them.
// Every sequence must have at least one token.
func NewBatch(s *tensor.Scope, device tensor.Device, pad int32, sequences [][]int32) (Batch, error) {
	longest, tokens := 0, 0
	for i, ids := range sequences {
		if len(ids) == 0 {
			return Batch{}, fmt.Errorf("sequence %d of a batch is empty", i)
		}
		longest = max(longest, len(ids))
		tokens += len(ids)
	}
	n := len(sequences)
	if n == 0 {
		return Batch{}, fmt.Errorf("a batch has no sequences")
	}
	ids := make([]int64, 0, n*longest)
	for _, sequence := range sequences {
		for _, id := range sequence {
			ids = append(ids, int64(id))
		}
		for range longest - len(sequence) {
			ids = append(ids, int64(pad))
		}
	}
	batch := Batch{Tokens: tokens, IDs: s.To(s.FromInt64(ids, int64(n), int64(longest)), device)}
	if tokens == n*longest {
		return batch, s.Err()
	}
	mask := make([]float32, n*longest)
	batch.Lengths = make([]int, n)
	for i, sequence := range sequences {
		batch.Lengths[i] = len(sequence)
		for j := range sequence {
			mask[i*longest+j] = 1
		}
	}
	batch.Mask = s.To(s.FromFloat32(mask, int64(n), int64(longest)), device)
	return batch, s.Err()
}
