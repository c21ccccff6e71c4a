package model

import "github.com/hpsearch/hpsearch/trainer/tensor"

// A Network turns a batch of examples into one vector each. What stands on
// top of it (a projection, the head of a task) is not part of it.
//
// It is used by one goroutine, inside [tensor.Do].
type Network interface {
	// Forward returns the vectors [batch, Features].
	Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor
	// Features is the width of a vector.
	Features() int64
	// Params returns the parameters in the order of computation.
	Params() []Param
	// Blocks returns the same parameters from the bottom up: block 0 is the
	// embeddings, and empty in a network that has none; block i is layer i,
	// counted from 1.
	Blocks() [][]Param
	// With returns the same network computing with other tensors, one for
	// each of Params, in that order and of the same shapes: the weights that
	// an inner loop has reached. The network itself is not changed.
	With(tensors []*tensor.Tensor) Network
	// Device returns where the parameters live.
	Device() tensor.Device
}

// Mode says how a network computes. The zero value is evaluation.
type Mode struct {
	Dropout float64 // probability, everywhere in the network; 0 in evaluation
}

// Layers returns the number of a network's blocks above the embeddings.
func Layers(n Network) int { return len(n.Blocks()) - 1 }

// An Encoder is a Bert with a way of pooling: a [Network] of texts.
type Encoder struct {
	*Bert
	Pooling Pooling
}

// Forward implements [Network].
func (e *Encoder) Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	return e.Embed(s, in, e.Pooling, mode.Dropout)
}

// With implements [Network].
func (e *Encoder) With(tensors []*tensor.Tensor) Network {
	return &Encoder{Bert: e.Bert.With(tensors), Pooling: e.Pooling}
}
