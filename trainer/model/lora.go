package model

import (
	"math"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Attentive is a [Network] with self-attention.
type Attentive interface {
	Network
	// QueryValue returns the matrices that make queries and values.
	QueryValue() []Matrix
}

// A Matrix is a parameter that maps In numbers to Out numbers, or a part of
// one that maps them to more.
type Matrix struct {
	Name    string // for parameters that belong to it
	Param   int    // its position in Params
	Out, In int64
	// Transposed parameters are [in, out], as GPT-2's, instead of [out, in]. The
	// matrix is their columns from First on.
	Transposed bool
	First      int64
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
	targets []Matrix
	added   []Param // A and B of each target
	// merged are the A and B whose product the base has already, nil where it has
	// none: only what is beyond that product is added.
	merged []*tensor.Tensor
}

var _ Network = (*LoRA)(nil)

const (
	loraA = ".lora_A"
	loraB = ".lora_B"
)

// NewLoRA adds matrices of that rank to a network. They belong to s.
func NewLoRA(s *tensor.Scope, base Attentive, rank int, alpha float64) *LoRA {
	l := &LoRA{base: base, scale: alpha / float64(rank), targets: base.QueryValue()}
	for _, m := range l.targets {
		// The deviation of the authors' program, which draws from a uniform
		// distribution up to 1/√in. Drawn on the CPU: the same on every device.
		a := s.MulScalar(s.Randn(tensor.Float32, tensor.CPU, int64(rank), m.In), 1/math.Sqrt(3*float64(m.In)))
		l.added = append(l.added,
			Param{Name: m.Name + loraA, Tensor: s.To(a, base.Device())},
			Param{Name: m.Name + loraB, Tensor: s.Zeros(tensor.Float32, base.Device(), m.Out, int64(rank))})
	}
	return l
}

// Network returns the network as what the base is: a [LanguageModel] if that
// is one.
func (l *LoRA) Network() Network {
	if _, ok := l.base.(LanguageModel); ok {
		return languageLoRA{l}
	}
	return l
}

// AsLoRA returns what [LoRA.Network] was made from; false for other networks.
func AsLoRA(n Network) (*LoRA, bool) {
	switch n := n.(type) {
	case *LoRA:
		return n, true
	case languageLoRA:
		return n.LoRA, true
	}
	return nil, false
}

// Base returns the network that [NewLoRA] was given, and any other network
// itself.
func Base(n Network) Network {
	if l, ok := AsLoRA(n); ok {
		return l.base
	}
	return n
}

// Merged returns the network without LoRA's matrices: one that has their
// products in its own, and computes the same to the last bit. Its tensors belong
// to s, or are the network's, which stays as it is. Another network is
// returned itself.
func Merged(s *tensor.Scope, n Network) Network {
	l, ok := AsLoRA(n)
	if !ok {
		return n
	}
	var merged Network
	s.NoGrad(func() { merged = l.sum(s) })
	return merged
}

// IsLoRA reports whether a parameter is one of those that [NewLoRA] adds.
func IsLoRA(p Param) bool {
	return strings.HasSuffix(p.Name, loraA) || strings.HasSuffix(p.Name, loraB)
}

// Forward implements [Network].
func (l *LoRA) Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	network := l.sum(s)
	if s.Err() != nil {
		return nil
	}
	return network.Forward(s, in, mode)
}

// sum returns the base computing with the sums.
func (l *LoRA) sum(s *tensor.Scope) Network {
	params := l.base.Params()
	tensors := make([]*tensor.Tensor, len(params))
	for i, p := range params {
		tensors[i] = p.Tensor
	}
	for i, m := range l.targets {
		change := s.MatMul(l.added[2*i+1].Tensor, l.added[2*i].Tensor)
		if l.merged != nil {
			change = s.Sub(change, s.MatMul(l.merged[2*i+1], l.merged[2*i]))
		}
		tensors[m.Param] = m.add(s, tensors[m.Param], s.MulScalar(change, l.scale))
	}
	return l.base.With(tensors)
}

// Rebase says that the base has the product of the matrices as they are now: the
// network computes what the base does, to the last bit, until they change.
// Copies of them belong to s.
func (l *LoRA) Rebase(s *tensor.Scope) {
	l.merged = make([]*tensor.Tensor, len(l.added))
	for i, p := range l.added {
		l.merged[i] = s.Clone(p.Tensor)
	}
}

// Added returns A and B of each matrix.
func (l *LoRA) Added() []Param { return l.added }

// add returns the parameter with change [out, in] added to the matrix.
func (m Matrix) add(s *tensor.Scope, param, change *tensor.Tensor) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	if !m.Transposed {
		return s.Add(param, change)
	}
	width := param.Shape()[1]
	columns := []*tensor.Tensor{s.Add(s.Narrow(param, 1, m.First, m.Out), s.Transpose(change, 0, 1))}
	if m.First > 0 {
		columns = append([]*tensor.Tensor{s.Narrow(param, 1, 0, m.First)}, columns...)
	}
	if rest := width - m.First - m.Out; rest > 0 {
		columns = append(columns, s.Narrow(param, 1, m.First+m.Out, rest))
	}
	return s.Cat(1, columns...)
}

// Merge overwrites the base's matrices with the sums. The base computes the
// same as this network then, which is not to be used any more.
func (l *LoRA) Merge(s *tensor.Scope) {
	inner := s.Child()
	inner.NoGrad(func() {
		sums, params := l.sum(inner), l.base.Params()
		if inner.Err() != nil {
			return
		}
		merged := sums.Params()
		for _, m := range l.targets {
			inner.Copy(params[m.Param].Tensor, merged[m.Param].Tensor)
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
	for i, m := range l.targets {
		name := l.base.Params()[m.Param].Name
		byName[name] = append(byName[name], l.added[2*i:2*i+2]...)
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

// languageLoRA is a [LoRA] of a language model.
type languageLoRA struct{ *LoRA }

var _ LanguageModel = languageLoRA{}

// NLL implements [LanguageModel].
func (l languageLoRA) NLL(s *tensor.Scope, in Batch, mode Mode) (total *tensor.Tensor, tokens int) {
	network := l.sum(s)
	if s.Err() != nil {
		return nil, 0
	}
	return network.(LanguageModel).NLL(s, in, mode) // the same network as base
}

// With implements [Network].
func (l languageLoRA) With(tensors []*tensor.Tensor) Network {
	return languageLoRA{l.LoRA.With(tensors).(*LoRA)}
}
