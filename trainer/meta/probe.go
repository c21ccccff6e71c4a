package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The settings of the linear probe. Vectors are standardized, so that one
// strength of regularization serves every encoder; 100 full-batch steps
// bring the loss within a percent of its minimum on few-shot tasks.
const (
	probeSteps = 100
	probeRate  = 0.05
	probeDecay = 1e-2 // weight of ½|W|² in the loss
)

// fitProbe returns multinomial logistic regression on frozen vectors x
// [n, hidden]: the standard way to learn a new task with a shared encoder
// when only its head is trained. It starts at zero and draws nothing: the
// result is a function of its arguments.
func fitProbe(s *tensor.Scope, x *tensor.Tensor, labels []int64, ways int) (Classifier, error) {
	if _, err := classMeans(labels, ways); err != nil {
		return Classifier{}, err
	}
	if s.Err() != nil {
		return Classifier{}, s.Err()
	}
	device := x.Device()
	hidden := x.Shape()[1]
	x = s.Detach(x)
	mean := s.MeanDims(x, true, 0)
	centred := s.Sub(x, mean)
	deviation := s.Sqrt(s.AddScalar(s.Mean(s.Mul(centred, centred)), 1e-12))
	z := s.Div(centred, deviation)

	w := s.Zeros(tensor.Float32, device, int64(ways), hidden)
	b := s.Zeros(tensor.Float32, device, int64(ways))
	s.SetRequiresGrad(w, true)
	s.SetRequiresGrad(b, true)
	params := []*tensor.Tensor{w, b}
	optimizer := tensor.NewAdamW(s, []tensor.Group{{Params: params}})
	targets := s.To(s.FromInt64(labels), device)
	for step := range probeSteps {
		err := s.Run(func(inner *tensor.Scope) error {
			inner.ZeroGrad(params)
			loss := inner.CrossEntropy(inner.Linear(z, w, b), targets)
			penalty := inner.MulScalar(inner.Sum(inner.Mul(w, w)), probeDecay/2)
			inner.Backward(inner.Add(loss, penalty))
			optimizer.Step(inner, probeRate*(1-float64(step)/probeSteps))
			return nil
		})
		if err != nil {
			return Classifier{}, fmt.Errorf("fit a linear probe: %w", err)
		}
	}
	s.ZeroGrad(params)
	// Undo the standardization: W (x - mean)/d + b = (W/d) x + (b - (W/d) mean).
	var c Classifier
	s.NoGrad(func() {
		c.Weight = s.Div(w, deviation)
		c.Bias = s.Sub(b, s.Reshape(s.MatMul(c.Weight, s.Transpose(mean, 0, 1)), -1))
	})
	return c, s.Err()
}
