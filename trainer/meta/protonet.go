package meta

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// protonet is prototypical networks (Snell, Swersky and Zemel 2017): a class
// is the mean of its support vectors, and a query belongs to a class with the
// softmax of minus the squared Euclidean distance to that mean.
type protonet struct{ Setup }

func newProtonet(_ *tensor.Scope, setup Setup) (Algorithm, error) {
	if setup.Config.Iterations < 1 {
		return nil, fmt.Errorf("protonet needs iterations of at least 1")
	}
	return &protonet{setup}, nil
}

func (p *protonet) Params() []model.Param { return nil }

func (p *protonet) Steps() int { return p.Config.Iterations }

// Step averages the losses of meta_batch_size episodes, one after the other.
func (p *protonet) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	return p.episodes(s, i, 1, func(s *tensor.Scope, tasks []Episode) (*tensor.Tensor, error) {
		return p.loss(s, tasks[0])
	})
}

func (p *protonet) loss(s *tensor.Scope, e Episode) (*tensor.Tensor, error) {
	// One pass through the network for support and query together.
	x := p.Learner.Embed(s, p.Data.Inputs(), slices.Concat(e.Support.Inputs, e.Query.Inputs), model.Mode{Train: true, Dropout: p.Config.Dropout})
	n := int64(len(e.Support.Inputs))
	support, query := s.Narrow(x, 0, 0, n), s.Narrow(x, 0, n, int64(len(e.Query.Inputs)))
	head, err := prototypes(s, support, e.Support, e.Outputs)
	if err != nil {
		return nil, err
	}
	return s.Mean(lossEach(s, p.Learner.Type, head.Apply(s, query), e.Query)), s.Err()
}

// Adapter implements [Algorithm].
func (p *protonet) Adapter() Adapter { return FitFunc(prototypes) }

// prototypes returns the linear classifier that the class means c amount to
// (Snell et al., section 2.3): -|x - c|² = 2 c·x - |c|² - |x|², whose last
// term is the same for all classes.
func prototypes(s *tensor.Scope, x *tensor.Tensor, support Examples, ways int) (Head, error) {
	average, err := classMeans(support.Labels, ways)
	if err != nil || s.Err() != nil {
		return Head{}, errors.Join(err, s.Err())
	}
	means := s.To(s.FromFloat32(average, int64(ways), int64(len(support.Labels))), x.Device())
	c := s.MatMul(means, x)
	return Head{
		Weight: s.MulScalar(c, 2),
		Bias:   s.Neg(s.SumDims(s.Mul(c, c), false, 1)),
	}, s.Err()
}

// classMeans returns the matrix [ways, n] that averages n rows by label.
func classMeans(labels []int64, ways int) ([]float32, error) {
	counts := make([]int, ways)
	for _, l := range labels {
		if l < 0 || int(l) >= ways {
			return nil, fmt.Errorf("label %d is outside 0..%d", l, ways-1)
		}
		counts[l]++
	}
	matrix := make([]float32, ways*len(labels))
	for i, l := range labels {
		matrix[int(l)*len(labels)+i] = 1 / float32(counts[l])
	}
	for class, n := range counts {
		if n == 0 {
			return nil, fmt.Errorf("class %d has no support example", class)
		}
	}
	return matrix, nil
}
