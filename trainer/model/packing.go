package model

import "github.com/hpsearch/hpsearch/trainer/tensor"

// worthPacking is the share of tokens in a padded batch up to which they are
// computed apart from the padding: gathering them costs a few copies.
const worthPacking = 0.9

// A packing lets a network compute on the tokens of a padded batch alone. All
// but attention treats tokens one by one: those layers get [tokens, hidden].
//
// The nil packing keeps the padding.
type packing struct {
	n, length int64
	tokens    *tensor.Tensor // int64 [tokens]: where each is in the flattened batch
	padded    *tensor.Tensor // int64 [n·length]: the token there, 0 for padding
	position  *tensor.Tensor // int64 [tokens]: in its sequence
}

// newPacking returns nil when little of the batch is padding. x is any tensor
// of the batch.
func newPacking(s *tensor.Scope, batch Batch, x *tensor.Tensor) *packing {
	if batch.Lengths == nil || s.Err() != nil {
		return nil
	}
	shape := x.Shape()
	n, length := shape[0], shape[1]
	if float64(batch.Tokens) > worthPacking*float64(n*length) {
		return nil
	}
	tokens, position := make([]int64, 0, batch.Tokens), make([]int64, 0, batch.Tokens)
	padded := make([]int64, n*length)
	for i, of := range batch.Lengths {
		for j := range of {
			at := i*int(length) + j
			padded[at] = int64(len(tokens))
			tokens, position = append(tokens, int64(at)), append(position, int64(j))
		}
	}
	device := x.Device()
	return &packing{
		n: n, length: length, tokens: s.To(s.FromInt64(tokens), device), padded: s.To(s.FromInt64(padded), device),
		position: s.To(s.FromInt64(position), device),
	}
}

// pack returns the tokens [tokens, …] of a padded tensor [n, length, …].
func (p *packing) pack(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	if p == nil || s.Err() != nil {
		return x
	}
	shape := x.Shape()
	return s.IndexSelect(s.Reshape(x, append([]int64{p.n * p.length}, shape[2:]...)...), 0, p.tokens)
}

// unpack puts tokens [tokens, hidden] back into [n, length, hidden]. What
// stands in the place of padding is finite and otherwise undefined; the mask of
// the batch keeps it from having an effect.
func (p *packing) unpack(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	if p == nil {
		return x
	}
	return s.Reshape(s.IndexSelect(x, 0, p.padded), p.n, p.length, -1)
}
