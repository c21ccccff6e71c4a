package model

import (
	"slices"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Stack is a [Network] that can be computed in two parts, the lower of which
// gives an example the same whatever it is batched with, but for rounding.
type Stack interface {
	Network
	// Lower returns what the lowest n blocks make of a batch, in evaluation:
	// of texts [batch, length, hidden], or [batch, Features] when n is the number
	// of blocks. In a matrix of Batch.Rows rows no sum goes over tokens of two
	// texts, or over padding. If known is not 0, the Values of the batch are what
	// Lower returned for that many blocks, fewer than n.
	Lower(s *tensor.Scope, in Batch, known, n int) *tensor.Tensor
	// Upper returns the rest: a network of the same blocks whose lowest n are
	// empty. The Values of its batches are what Lower returned; of texts, Mask
	// is what it was.
	Upper(n int) Network
}

var _ Stack = (*Encoder)(nil)

// Lower implements [Stack].
func (e *Encoder) Lower(s *tensor.Scope, in Batch, known, n int) *tensor.Tensor {
	var x *tensor.Tensor
	if known == 0 {
		x = e.encode(s, in, e.layers[:n-1], 0)
	} else {
		x = e.runPadded(s, in, e.layers[known-1:n-1], 0)
	}
	switch {
	case n <= len(e.layers):
		return x
	case in.Rows > 0:
		return e.poolEach(s, x, in)
	}
	return pool(s, x, in.Mask, e.Pooling)
}

// poolEach pools every text by itself, without its padding: the sum over a
// text must not depend on how long others are.
func (e *Encoder) poolEach(s *tensor.Scope, x *tensor.Tensor, in Batch) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	shape := x.Shape()
	vectors := make([]*tensor.Tensor, shape[0])
	for i := range vectors {
		length := shape[1]
		if in.Lengths != nil {
			length = int64(in.Lengths[i])
		}
		vectors[i] = pool(s, s.Narrow(s.Narrow(x, 0, int64(i), 1), 1, 0, length), nil, e.Pooling)
	}
	return s.Cat(0, vectors...)
}

// Upper implements [Stack].
func (e *Encoder) Upper(n int) Network { return &upper{whole: e, below: n} }

// upper is the part of an encoder above its lowest blocks.
type upper struct {
	whole *Encoder
	below int // blocks that are left out: at least the embeddings
}

// Forward implements [Network].
func (u *upper) Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	if u.below > len(u.whole.layers) {
		return in.Values
	}
	return pool(s, u.whole.runPadded(s, in, u.whole.layers[u.below-1:], mode.Dropout), in.Mask, u.whole.Pooling)
}

// Features implements [Network].
func (u *upper) Features() int64 { return u.whole.Features() }

// Device implements [Network].
func (u *upper) Device() tensor.Device { return u.whole.Device() }

// Params implements [Network].
func (u *upper) Params() []Param { return slices.Concat(u.Blocks()...) }

// Blocks implements [Network].
func (u *upper) Blocks() [][]Param {
	blocks := slices.Clone(u.whole.Blocks())
	clear(blocks[:u.below])
	return blocks
}

// With implements [Network].
func (u *upper) With(tensors []*tensor.Tensor) Network {
	var all []*tensor.Tensor
	for _, block := range u.whole.Blocks()[:u.below] {
		for _, p := range block {
			all = append(all, p.Tensor)
		}
	}
	return &upper{whole: &Encoder{Bert: u.whole.Bert.With(append(all, tensors...)), Pooling: u.whole.Pooling}, below: u.below}
}
