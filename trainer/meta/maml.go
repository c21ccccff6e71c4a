package meta

import (
	"fmt"
	"math"

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

// loss is the mean query loss of tasks after the inner loop, or that after each
// of its steps.
func (m *maml) loss(s *tensor.Scope, tasks []Episode) (*tensor.Tensor, error) {
	mode := model.Mode{Dropout: m.Config.Dropout}
	query := join(queries(tasks))
	var terms []*tensor.Tensor
	add := func(l *Learner) { terms = append(terms, l.Loss(s, m.Data.Inputs(), query, mode)) }
	loop := m.loop
	if m.Config.MultiStepLoss > 0 {
		loop.between = add
	}
	adapted, err := loop.learn(s, m.Learner, m.Data.Inputs(), supports(tasks), tasks[0].Outputs, m.order, mode)
	if err != nil {
		return nil, err
	}
	add(adapted)
	if len(terms) == 1 {
		return terms[0], s.Err()
	}
	weights := stepWeights(m.Config.MultiStepLoss, len(terms))
	sum := s.MulScalar(terms[0], weights[0])
	for k, loss := range terms[1:] {
		sum = s.Add(sum, s.MulScalar(loss, weights[k+1]))
	}
	return sum, s.Err()
}

// stepWeights returns what the query losses after each of n inner steps count,
// 1 in total: each earlier times as much as the next one. With earlier = 1 that
// is the multi-step loss of A. Antoniou, H. Edwards and A. Storkey, "How to
// train your MAML", ICLR 2019, section 4, as it begins, and with 0 as it ends.
func stepWeights(earlier float64, n int) []float64 {
	weights := make([]float64, n)
	total := 0.0
	for k := range weights {
		if earlier > 1 { // from the largest, so that none is infinite
			weights[k] = math.Pow(earlier, float64(-k))
		} else {
			weights[k] = math.Pow(earlier, float64(n-1-k))
		}
		total += weights[k]
	}
	for k := range weights {
		weights[k] /= total
	}
	return weights
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
