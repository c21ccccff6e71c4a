package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// pooled is joint training where tasks are without number, or have no heads:
// one network learns the examples of all tasks as if they were one, and a new
// task is learned from there by gradient descent. It is the baseline
// "pretrained" of Finn et al. 2017, section 5.1.
type pooled struct{ Setup }

func newPooled(setup Setup) (Algorithm, error) {
	if setup.Config.Iterations < 1 {
		return nil, fmt.Errorf("joint needs iterations of at least 1 for tasks of kind %s", setup.Config.Tasks.Kind)
	}
	return &pooled{setup}, nil
}

func (p *pooled) Params() []model.Param { return p.Learner.Head.Params() }

func (p *pooled) Steps() int { return p.Config.Iterations }

// Step takes all examples of meta_batch_size tasks as one batch.
func (p *pooled) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	return p.episodes(s, i, p.Config.MetaBatchSize, func(s *tensor.Scope, tasks []Episode) (*tensor.Tensor, error) {
		examples := concat(join(supports(tasks)), join(queries(tasks)))
		return p.Learner.Loss(s, p.Data.Inputs(), examples, model.Mode{Dropout: p.Config.Dropout}), s.Err()
	})
}

// Adapter implements [Algorithm].
func (p *pooled) Adapter() Adapter { return innerLoop(p.Config) }
