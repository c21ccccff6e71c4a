package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// joint is multi-task training (Caruana 1997): every meta-training task has a
// linear head of its own on the shared network, and a step averages the losses
// of its tasks. A new task gets a new head, fitted to its support examples on
// the network as it is.
type joint struct {
	Setup
	steps int
	heads []Head
}

// headStream separates the draws of the heads from those of the steps.
const headStream = -1

func newJoint(s *tensor.Scope, setup Setup) (Algorithm, error) {
	if setup.Config.ByGradient() {
		return newPooled(setup)
	}
	batcher := setup.Data.Joint()
	if batcher == nil {
		return nil, fmt.Errorf("joint: the data was not prepared for joint training")
	}
	j := &joint{Setup: setup, steps: setup.Config.Iterations}
	if j.steps == 0 {
		j.steps = setup.Config.Epochs * batcher.StepsPerEpoch()
	}
	tensor.Seed(mix(setup.Seed, headStream))
	for _, t := range batcher.Tasks() {
		j.heads = append(j.heads, NewHead(s, max(1, len(t.Classes)), setup.Learner.Network))
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
			of := *j.Learner
			of.Head = j.heads[b.Task]
			loss := of.Loss(inner, j.Data.Inputs(), toExamples(b.Set), model.Mode{Train: true, Dropout: j.Config.Dropout})
			loss = inner.MulScalar(loss, 1/float64(len(batches)))
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

// Adapter implements [Algorithm].
func (j *joint) Adapter() Adapter { return jointAdapter(j.Config) }

// jointAdapter fits a head: logistic regression or ridge regression.
func jointAdapter(c *setting.Config) Adapter {
	switch {
	case c.ByGradient():
		return innerLoop(c)
	case c.Tasks.Type == setting.Regression:
		return FitFunc(fitRidge)
	}
	return FitFunc(fitProbe)
}
