package meta

import (
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Head is the linear layer on top of a network that answers a task:
// x Wᵀ + b. A classification has an output for each class, a regression one.
// The zero value is no head.
type Head struct {
	// Weight is [outputs, features] and Bias [outputs]. Those of several
	// tasks side by side have one more dimension in front.
	Weight, Bias *tensor.Tensor
}

// headDeviation is the standard deviation of a head's initial weights, as in
// BERT (Devlin et al. 2019).
const headDeviation = 0.02

// NewHead draws a head for a network from tensor's generator.
func NewHead(s *tensor.Scope, outputs int, network model.Network) Head {
	n, device := int64(outputs), network.Device()
	// Drawn on the CPU: the same on every device.
	initial := s.Randn(tensor.Float32, tensor.CPU, n, network.Features())
	h := Head{
		Weight: s.To(s.MulScalar(initial, headDeviation), device),
		Bias:   s.Zeros(tensor.Float32, device, n),
	}
	s.SetRequiresGrad(h.Weight, true)
	s.SetRequiresGrad(h.Bias, true)
	return h
}

// IsNone reports whether there is no head.
func (h Head) IsNone() bool { return h.Weight == nil }

// Params returns the head's parameters, none when there is no head.
func (h Head) Params() []model.Param {
	if h.IsNone() {
		return nil
	}
	return []model.Param{{Name: "head.weight", Tensor: h.Weight}, {Name: "head.bias", Tensor: h.Bias}}
}

// Apply maps vectors [n, features] to outputs [n, outputs]; for the heads of
// several tasks [tasks, n, features] to [tasks, n, outputs].
func (h Head) Apply(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	if h.Weight.Dim() == 2 {
		return s.Linear(x, h.Weight, h.Bias)
	}
	return s.TaskLinear(x, h.Weight, h.Bias)
}

// outputs returns the number of outputs.
func (h Head) outputs() int64 {
	shape := h.Bias.Shape()
	return shape[len(shape)-1]
}

// resized returns the head for another number of outputs: every output starts
// from the mean of what there is. Which class of a task is the first means
// nothing, so that the meta-trained rows differ by chance alone (Ye and Chao
// 2022, How to Train Your MAML to Excel in Few-Shot Classification).
func (h Head) resized(s *tensor.Scope, outputs int) Head {
	n := int64(outputs)
	if h.outputs() == n {
		return h
	}
	features := h.Weight.Shape()[1]
	return Head{
		Weight: s.Expand(s.MeanDims(h.Weight, true, 0), n, features),
		Bias:   s.Expand(s.MeanDims(h.Bias, true, 0), n),
	}
}
