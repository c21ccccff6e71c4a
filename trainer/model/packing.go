package model

import "github.com/hpsearch/hpsearch/trainer/tensor"

// worthPacking is the share of tokens in a padded batch up to which a GPU computes
// them apart from the padding: attention gathers them there by a few copies. On
// the CPU it takes them as they are, and any padding is worth leaving out.
const worthPacking = 0.9

// A packing lets a network compute on the tokens of a padded batch alone. All
// but attention treats tokens one by one: those layers get [tokens, hidden],
// and [n, length, hidden] where too little is padding.
type packing struct {
	n, length int64
	layout    tensor.Layout  // of the texts among the rows of what layers get; empty where only a mask tells
	tokens    *tensor.Tensor // int64 [tokens]: where each is in the flattened batch; nil: the padding is kept
	padded    *tensor.Tensor // int64 [n·length]: the token there, 0 for padding
	position  *tensor.Tensor // int64 [tokens]: in its sequence
}

// newPacking looks at a batch, x being any tensor of it.
func newPacking(s *tensor.Scope, batch Batch, x *tensor.Tensor) *packing {
	if s.Err() != nil {
		return nil
	}
	shape := x.Shape()
	p := &packing{n: shape[0], length: shape[1]}
	if batch.Lengths == nil && batch.Mask != nil {
		return p
	}
	keeps := batch.Lengths == nil || x.Device().IsCUDA() && float64(batch.Tokens) > worthPacking*float64(p.n*p.length)
	keeps = keeps && batch.Rows == 0
	next := int64(0)
	for i := range p.n {
		length := p.length
		if batch.Lengths != nil {
			length = int64(batch.Lengths[i])
		}
		p.layout.Offsets, p.layout.Lengths = append(p.layout.Offsets, next), append(p.layout.Lengths, length)
		if keeps {
			next += p.length
		} else {
			next += length
		}
	}
	if !keeps {
		p.gather(s, max(batch.Rows, batch.Tokens), x.Device())
	}
	return p
}

// gather makes the indices that leave the padding out. Rows of no token, up to
// n, are filled with the first one.
func (p *packing) gather(s *tensor.Scope, n int, device tensor.Device) {
	tokens, position := make([]int64, 0, n), make([]int64, 0, n)
	padded := make([]int64, p.n*p.length)
	for i, of := range p.layout.Lengths {
		for j := range of {
			at := int64(i)*p.length + j
			padded[at] = int64(len(tokens))
			tokens, position = append(tokens, at), append(position, j)
		}
	}
	for len(tokens) < n {
		tokens, position = append(tokens, 0), append(position, 0)
	}
	p.tokens = s.To(s.FromInt64(tokens), device)
	p.padded = s.To(s.FromInt64(padded), device)
	p.position = s.To(s.FromInt64(position), device)
}

// pack returns the tokens [tokens, …] of a padded tensor [n, length, …].
func (p *packing) pack(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	if s.Err() != nil || p.tokens == nil {
		return x
	}
	shape := x.Shape()
	return s.IndexSelect(s.Reshape(x, append([]int64{p.n * p.length}, shape[2:]...)...), 0, p.tokens)
}

// unpack puts tokens [tokens, hidden] back into [n, length, hidden]. What
// stands in the place of padding is finite and otherwise undefined; the mask of
// the batch keeps it from having an effect.
func (p *packing) unpack(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	if s.Err() != nil || p.tokens == nil {
		return x
	}
	return s.Reshape(s.IndexSelect(x, 0, p.padded), p.n, p.length, -1)
}
