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
	// Train says that the batch is learned from: running statistics, where a
	// network keeps them, move towards the batch's.
	Train bool
}

// A TaskNetwork is a [Network] that can compute several tasks at once, each
// with weights of its own, in one pass.
type TaskNetwork interface {
	Network
	// WithTasks returns the network computing with tensors [tasks, …], one for
	// each of Params: its Forward takes Values [tasks, n, …] and returns
	// [tasks, n, Features].
	WithTasks(tensors []*tensor.Tensor) Network
}

// A LanguageModel is a [Network] of texts with a head of its own, which says
// how likely each next token is.
type LanguageModel interface {
	Network
	// NLL returns the negative log-likelihood of the batch's tokens, summed
	// over those that are to be predicted, and their number.
	NLL(s *tensor.Scope, in Batch, mode Mode) (total *tensor.Tensor, tokens int)
}

// A Buffered network has tensors that training changes without gradients,
// such as running statistics.
type Buffered interface {
	Network
	// Buffers returns them in the order of computation.
	Buffers() []Param
}

// Buffers returns the buffers of a network, none if it has no such thing.
func Buffers(n Network) []Param {
	if b, ok := n.(Buffered); ok {
		return b.Buffers()
	}
	return nil
}

// A Contextual network may give an example another vector beside other
// examples.
type Contextual interface {
	Network
	// DependsOnBatch reports whether it does, in evaluation, too.
	DependsOnBatch() bool
}

// DependsOnBatch reports whether the examples of a task must be computed in
// one batch.
func DependsOnBatch(n Network) bool {
	c, ok := n.(Contextual)
	return ok && c.DependsOnBatch()
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
