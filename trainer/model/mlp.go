package model

import (
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// MLP is a multilayer perceptron: linear layers, each followed by ReLU. The
// layer that gives the answer is the head and no part of it.
type MLP struct {
	device tensor.Device
	params []Param // weight [out, in] and bias [out] of each layer
	tasks  bool    // the parameters have one more dimension in front
}

var _ TaskNetwork = (*MLP)(nil)

// NewMLP makes a perceptron of layers of the given widths on inputs of that
// width. Weights and biases are drawn as PyTorch draws those of its linear
// layers, from a uniform distribution up to 1/√inputs: biases at 0 would put
// the bends of all units of one input at the same place.
func NewMLP(s *tensor.Scope, inputs int64, widths []int64, seed int64, device tensor.Device) *MLP {
	tensor.Seed(seed)
	m := &MLP{device: device}
	for i, width := range widths {
		bound := 1 / math.Sqrt(float64(inputs))
		draw := func(shape ...int64) *tensor.Tensor { // on the CPU: the same on every device
			u := s.Rand(tensor.Float32, tensor.CPU, shape...)
			return s.To(s.AddScalar(s.MulScalar(u, 2*bound), -bound), device)
		}
		m.params = append(m.params,
			Param{Name: fmt.Sprintf("layers.%d.weight", i), Tensor: draw(width, inputs)},
			Param{Name: fmt.Sprintf("layers.%d.bias", i), Tensor: draw(width)})
		inputs = width
	}
	return m
}

// Forward implements [Network]. Values of more dimensions are flattened.
func (m *MLP) Forward(s *tensor.Scope, in Batch, mode Mode) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	shape := in.Values.Shape()
	x := in.Values
	apply := s.Linear
	if m.tasks {
		x, apply = s.Reshape(x, shape[0], shape[1], -1), s.TaskLinear
	} else {
		x = s.Reshape(x, shape[0], -1)
	}
	for i := 0; i < len(m.params); i += 2 {
		x = s.Dropout(s.Relu(apply(x, m.params[i].Tensor, m.params[i+1].Tensor)), mode.Dropout)
	}
	return x
}

// Features implements [Network]: the width of the last layer.
func (m *MLP) Features() int64 {
	shape := m.params[len(m.params)-1].Tensor.Shape()
	return shape[len(shape)-1]
}

// Params implements [Network].
func (m *MLP) Params() []Param { return m.params }

// Blocks implements [Network]: there are no embeddings.
func (m *MLP) Blocks() [][]Param {
	blocks := [][]Param{nil}
	for i := 0; i < len(m.params); i += 2 {
		blocks = append(blocks, m.params[i:i+2])
	}
	return blocks
}

// Device implements [Network].
func (m *MLP) Device() tensor.Device { return m.device }

// With implements [Network].
func (m *MLP) With(tensors []*tensor.Tensor) Network { return m.with(tensors, m.tasks) }

// WithTasks implements [TaskNetwork].
func (m *MLP) WithTasks(tensors []*tensor.Tensor) Network { return m.with(tensors, true) }

func (m *MLP) with(tensors []*tensor.Tensor, tasks bool) *MLP {
	other := &MLP{device: m.device, tasks: tasks, params: make([]Param, len(m.params))}
	for i, p := range m.params {
		other.params[i] = Param{Name: p.Name, Tensor: tensors[i]}
	}
	return other
}
