package model

import (
	"math"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Attentive is a [Network] with self-attention.
type Attentive interface {
	Network
	// QueryValue returns the positions in Params of the matrices that make
	// queries and values.
	QueryValue() []int
}

// LoRA is a network whose query and value matrices W are replaced by
// W + alpha/R B A, with B [out, R] and A [R, in] (Hu et al. 2021, section 4.1:
// adapting these two is the best use of a small number of parameters, section
// 7.1). A is drawn from a normal distribution and B starts at 0, so that the
// network computes at first what the base does.
//
// The sum is formed in each pass, which costs in·out·R multiplications a
// matrix instead of (in + out)·R for each token: nothing beside a batch. So
// [LoRA.Merge] changes no bit of what the network computes.
type LoRA struct {
	base    Attentive
	scale   float64
	targets []int // positions in the base's Params
	added   []Param
}

var _ Network = (*LoRA)(nil)

const (
	loraA = ".lora_A"
	loraB = ".lora_B"
)

// NewLoRA adds matrices of that rank to a network. They belong to s.
func NewLoRA(s *tensor.Scope, base Attentive, rank int, alpha float64) *LoRA {
	l := &LoRA{base: base, scale: alpha / float64(rank), targets: base.QueryValue()}
	params := base.Params()
	for _, t := range l.targets {
		name := strings.TrimSuffix(params[t].Name, ".weight")
		shape := params[t].Tensor.Shape()
		out, in := shape[0], shape[1]
		// The deviation of the authors' program, which draws from a uniform
		// distribution up to 1/√in. Drawn on the CPU: the same on every device.
		a := s.MulScalar(s.Randn(tensor.Float32, tensor.CPU, int64(rank), in), 1/math.Sqrt(3*float64(in)))
		l.added = append(l.added,
			Param{Name: name + loraA, Tensor: s.To(a, base.Device())},
			Param{Name: name + loraB, Tensor: s.Zeros(tensor.Float32, base.Device(), out, int64(rank))})
	}
	return l
}

// IsLoRA reports whether a parameter is one of those that [NewLoRA] adds.
func IsLoRA(p Param) bool {
	return strings.HasSuffix(p.Name, loraA) || strings.HasSuffix(p.Name, loraB)
}

// Forward implements [Network].
func (l *LoRA) Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	params := l.base.Params()
	tensors := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		tensors[i] = p.Tensor
	}
	for i, t := range l.targets {
		tensors[t] = l.sum(s, i)
	}
	if s.Err() != nil {
		return nil
	}
	return l.base.With(tensors).Forward(s, in, mode)
}

// sum returns the matrix that stands in for target i.
func (l *LoRA) sum(s *tensor.Scope, i int) *tensor.Tensor {
	a, b := l.added[2*i].Tensor, l.added[2*i+1].Tensor
	return s.Add(l.base.Params()[l.targets[i]].Tensor, s.MulScalar(s.MatMul(b, a), l.scale))
}

// Merge overwrites the base's matrices with the sums. The base computes the
// same as this network then, which is not to be used any more.
func (l *LoRA) Merge(s *tensor.Scope) {
	inner := s.Child()
	inner.NoGrad(func() {
		for i, t := range l.targets {
			inner.Copy(l.base.Params()[t].Tensor, l.sum(inner, i))
		}
	})
	_ = inner.Close() // its error is now the outer scope's
}

// Features implements [Network].
func (l *LoRA) Features() int64 { return l.base.Features() }

// Device implements [Network].
func (l *LoRA) Device() tensor.Device { return l.base.Device() }

// Params implements [Network]: the base's, then A and B of each matrix.
func (l *LoRA) Params() []Param {
	return append(append([]Param(nil), l.base.Params()...), l.added...)
}

// Blocks implements [Network]: A and B stand in the block of their matrix.
func (l *LoRA) Blocks() [][]Param {
	byName := make(map[string][]Param, len(l.targets))
	for i, t := range l.targets {
		byName[l.base.Params()[t].Name] = l.added[2*i : 2*i+2]
	}
	var blocks [][]Param
	for _, block := range l.base.Blocks() {
		var with []Param
		for _, p := range block {
			with = append(append(with, p), byName[p.Name]...)
		}
		blocks = append(blocks, with)
	}
	return blocks
}

// With implements [Network].
func (l *LoRA) With(tensors []*tensor.Tensor) Network {
	n := len(l.base.Params())
	with := *l
	with.base = l.base.With(tensors[:n]).(Attentive) // the same network
	with.added = make([]Param, len(l.added))
	for i, p := range l.added {
		with.added[i] = Param{Name: p.Name, Tensor: tensors[n+i]}
	}
	return &with
}
