package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// joint is multi-task training (Caruana 1997): every meta-training task has a
// linear head of its own on the shared encoder, and a step averages the
// losses of its tasks. A new task gets a new head, fitted to its support
// examples on the frozen encoder.
type joint struct {
	Setup
	steps int
	heads []Classifier
}

// headDeviation is the standard deviation of a head's initial weights, as in
// BERT (Devlin et al. 2019).
const headDeviation = 0.02

// headStream separates the draws of the heads from those of the steps.
const headStream = -1

func newJoint(s *tensor.Scope, setup Setup) (Algorithm, error) {
	batcher := setup.Data.Joint()
	if batcher == nil {
		return nil, fmt.Errorf("joint: the data was not prepared for joint training")
	}
	j := &joint{Setup: setup, steps: setup.Config.Iterations}
	if j.steps == 0 {
		j.steps = setup.Config.Epochs * batcher.StepsPerEpoch()
	}
	tensor.Seed(mix(setup.Seed, headStream))
	hidden := setup.Learner.Network.Features()
	device := setup.Learner.Device()
	for _, t := range batcher.Tasks() {
		ways := int64(len(t.Classes))
		// Drawn on the CPU: the same on every device.
		initial := s.Randn(tensor.Float32, tensor.CPU, ways, hidden)
		head := Classifier{
			Weight: s.To(s.MulScalar(initial, headDeviation), device),
			Bias:   s.Zeros(tensor.Float32, device, ways),
		}
		s.SetRequiresGrad(head.Weight, true)
		s.SetRequiresGrad(head.Bias, true)
		j.heads = append(j.heads, head)
	}
	return j, s.Err()
}

// Params names the heads by their task's number, for names may hold anything.
func (j *joint) Params() []model.Param {
	var params []model.Param
	for i, h := range j.heads {
		params = append(params,
			model.Param{Name: fmt.Sprintf("heads.%d.weight", i), Tensor: h.Weight},
			model.Param{Name: fmt.Sprintf("heads.%d.bias", i), Tensor: h.Bias})
	}
	return params
}

func (j *joint) Steps() int { return j.steps }

func (j *joint) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	batches := j.Data.Joint().Step(i)
	total := s.Zeros(tensor.Float32, j.Learner.Device(), 1)
	for _, b := range batches {
		err := s.Run(func(inner *tensor.Scope) error {
			examples := toExamples(b.Set)
			x := j.Learner.Embed(inner, j.Data.Inputs(), examples.Inputs, model.Mode{Dropout: j.Config.Dropout})
			logits := j.heads[b.Task].Logits(inner, inner.Dropout(x, j.Config.Dropout))
			labels := inner.To(inner.FromInt64(examples.Labels), j.Learner.Device())
			loss := inner.MulScalar(inner.CrossEntropy(logits, labels), 1/float64(len(batches)))
			inner.Backward(loss)
			inner.NoGrad(func() { total = inner.Move(inner.Add(total, inner.Detach(loss)), s) })
			return nil
		})
		if err != nil {
			return nil, err
		}
	}
	return total, s.Err()
}

// Adapt fits a linear probe.
func (j *joint) Adapt(s *tensor.Scope, support *tensor.Tensor, labels []int64, ways int) (Classifier, error) {
	return fitProbe(s, support, labels, ways)
}
