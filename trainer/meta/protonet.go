package meta

import (
	"errors"
	"fmt"

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

// Step averages the losses of meta_batch_size episodes.
func (p *protonet) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	return p.episodes(s, i, p.group(p.Learner.Device()), p.loss)
}

// group returns how many episodes are computed in one pass. A GPU takes all of
// them, for one would leave it mostly idle; for a CPU one after the other is as
// fast and takes less memory. A network that normalizes by its batch gets one
// on any device: it would learn something else from several.
func (p *protonet) group(device tensor.Device) int {
	if !device.IsCUDA() || len(model.Buffers(p.Learner.Network)) > 0 {
		return 1
	}
	return p.Config.MetaBatchSize
}

// loss is the mean query loss of episodes, whose vectors are computed in one
// pass, support and query together.
func (p *protonet) loss(s *tensor.Scope, tasks []Episode) (*tensor.Tensor, error) {
	var inputs []int
	for _, t := range tasks {
		inputs = append(append(inputs, t.Support.Inputs...), t.Query.Inputs...)
	}
	x := p.Learner.Embed(s, p.Data.Inputs(), inputs, model.Mode{Train: true, Dropout: p.Config.Dropout})
	losses, start := make([]*tensor.Tensor, len(tasks)), int64(0)
	for i, t := range tasks {
		n, m := int64(len(t.Support.Inputs)), int64(len(t.Query.Inputs))
		head, err := prototypes(s, s.Narrow(x, 0, start, n), t.Support, t.Outputs)
		if err != nil {
			return nil, err
		}
		losses[i] = s.Mean(lossEach(s, p.Learner.Type, head.Apply(s, s.Narrow(x, 0, start+n, m)), t.Query))
		start += n + m
	}
	return s.Mean(s.Stack(0, losses...)), s.Err()
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
