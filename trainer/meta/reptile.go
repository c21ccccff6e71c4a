package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// reptile (Nichol, Achiam and Schulman 2018) learns each task by gradient
// descent and moves the weights θ towards those that it reached, φ: the
// gradient that the outer optimizer gets is θ - φ (algorithm 2), so that plain
// gradient descent makes the paper's step θ + ε (φ - θ). Nothing is
// differentiated twice. In training there is no query set: all examples of a
// task are learned from.
type reptile struct {
	Setup
	loop InnerLoop
}

func newReptile(_ *tensor.Scope, setup Setup) (Algorithm, error) {
	c := setup.Config
	if c.Iterations < 1 {
		return nil, fmt.Errorf("reptile needs iterations of at least 1")
	}
	return &reptile{Setup: setup, loop: InnerLoop{
		Rate: c.InnerLR, Steps: c.AdaptationSteps, Freeze: c.InnerFreeze, batch: c.InnerBatchSize,
	}}, nil
}

func (r *reptile) Params() []model.Param { return r.Learner.Head.Params() }

func (r *reptile) Steps() int { return r.Config.Iterations }

// Step learns meta_batch_size tasks, all at once where the network can.
func (r *reptile) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	loop := r.loop
	loop.seed = mix(r.Seed, int64(i))
	return r.episodes(s, i, loop.group(r.Learner, r.Config.MetaBatchSize), func(s *tensor.Scope, tasks []Episode) (*tensor.Tensor, error) {
		sets := make([]Examples, len(tasks))
		for k, t := range tasks {
			sets[k] = concat(t.Support, t.Query)
		}
		w, err := loop.run(s, r.Learner, r.Data.Inputs(), sets, tasks[0].Outputs, plain, model.Mode{Dropout: r.Config.Dropout})
		if err != nil {
			return nil, err
		}
		return r.pull(s, w), s.Err()
	})
}

// pull returns a scalar whose value is the loss of the last inner step and
// whose gradient is θ - φ, averaged over the tasks.
func (r *reptile) pull(s *tensor.Scope, w *weights) *tensor.Tensor {
	loss := w.loss
	for i, p := range w.started {
		if !p.RequiresGrad() {
			continue // frozen outside, adapted inside
		}
		var difference *tensor.Tensor
		s.NoGrad(func() {
			reached := *w.adapted[i]
			if w.tasks > 0 {
				reached = s.MeanDims(reached, false, 0)
			}
			difference = s.Sub(p, reached)
		})
		pull := s.Sum(s.Mul(p, difference))
		loss = s.Add(loss, s.Sub(pull, s.Detach(pull))) // which is 0
	}
	return loss
}

// Adapter implements [Algorithm].
func (r *reptile) Adapter() Adapter { return innerLoop(r.Config) }
