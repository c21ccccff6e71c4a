package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// maml is model-agnostic meta-learning (Finn, Abbeel and Levine 2017): the
// weights are trained so that some steps of gradient descent on the support
// examples of a task lower its loss on the query examples. The gradient goes
// through those steps.
type maml struct {
	Setup
	loop  InnerLoop
	order order
}

func newMAML(_ *tensor.Scope, setup Setup) (Algorithm, error) {
	return newGradient(setup, secondOrder, setup.Config.InnerFreeze)
}

// newGradient makes the algorithms that differ from MAML in what their inner
// loop adapts, or in what of it is differentiated.
func newGradient(setup Setup, o order, frozen setting.InnerFreeze) (*maml, error) {
	c := setup.Config
	if c.Iterations < 1 {
		return nil, fmt.Errorf("%s needs iterations of at least 1", c.Algorithm)
	}
	return &maml{Setup: setup, order: o, loop: InnerLoop{Rate: c.InnerLR, Steps: c.AdaptationSteps, Freeze: frozen}}, nil
}

// innerLoop returns the inner loop of validation, test and use.
func innerLoop(c *setting.Config) Adapter {
	return &InnerLoop{Rate: c.InnerLR, Steps: c.EvalAdaptationSteps, Freeze: c.InnerFreeze}
}

func (m *maml) Params() []model.Param { return m.Learner.Head.Params() }

func (m *maml) Steps() int { return m.Config.Iterations }

// Step averages the query losses of meta_batch_size tasks, all at once where
// the network can.
func (m *maml) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	return m.episodes(s, i, m.loop.group(m.Learner, m.Config.MetaBatchSize), m.loss)
}

// loss is the mean query loss of tasks after the inner loop.
func (m *maml) loss(s *tensor.Scope, tasks []Episode) (*tensor.Tensor, error) {
	mode := model.Mode{Dropout: m.Config.Dropout}
	adapted, err := m.loop.learn(s, m.Learner, m.Data.Inputs(), supports(tasks), tasks[0].Outputs, m.order, mode)
	if err != nil {
		return nil, err
	}
	return adapted.Loss(s, m.Data.Inputs(), join(queries(tasks)), mode), s.Err()
}

// Adapter implements [Algorithm].
func (m *maml) Adapter() Adapter {
	loop := m.loop
	loop.Steps = m.Config.EvalAdaptationSteps
	return &loop
}

func supports(tasks []Episode) []Examples {
	sets := make([]Examples, len(tasks))
	for i, t := range tasks {
		sets[i] = t.Support
	}
	return sets
}

func queries(tasks []Episode) []Examples {
	sets := make([]Examples, len(tasks))
	for i, t := range tasks {
		sets[i] = t.Query
	}
	return sets
}
