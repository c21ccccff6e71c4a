package meta

import (
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// lossEach returns the loss of every example, [n], given outputs [..., k] with
// n rows in the order of the examples.
func lossEach(s *tensor.Scope, kind setting.TaskType, outputs *tensor.Tensor, e Examples) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	if kind == setting.Regression {
		targets := s.To(s.FromFloat32(e.Targets), outputs.Device())
		difference := s.Sub(s.Reshape(outputs, -1), targets)
		return s.Mul(difference, difference)
	}
	rows := s.Reshape(outputs, -1, lastSide(outputs))
	return s.CrossEntropyEach(rows, s.To(s.FromInt64(e.Labels), outputs.Device()))
}

// hitsEach returns, as a bool tensor [n], which examples are labelled rightly.
func hitsEach(s *tensor.Scope, outputs *tensor.Tensor, e Examples) *tensor.Tensor {
	if s.Err() != nil {
		return nil
	}
	guesses := s.Reshape(s.Argmax(outputs, -1), -1)
	return s.Equal(guesses, s.To(s.FromInt64(e.Labels), outputs.Device()))
}

func lastSide(t *tensor.Tensor) int64 {
	shape := t.Shape()
	return shape[len(shape)-1]
}

// Loss returns the mean loss of examples: of a learner of several tasks, the
// examples of one task after the other, as many of each. In generation it is
// the mean over tokens.
func (l *Learner) Loss(s *tensor.Scope, inputs Inputs, e Examples, mode model.Mode) *tensor.Tensor {
	if l.Type == setting.Generation {
		total, tokens := l.likelihood(s, inputs, e.Inputs, mode)
		return s.MulScalar(total, 1/float64(max(1, tokens)))
	}
	return s.Mean(lossEach(s, l.Type, l.Outputs(s, inputs, e.Inputs, mode), e))
}

// likelihood returns the negative log-likelihood of texts and the number of
// tokens that it is the sum over.
func (l *Learner) likelihood(s *tensor.Scope, inputs Inputs, examples []int, mode model.Mode) (total *tensor.Tensor, tokens int) {
	if s.Err() != nil {
		return nil, 0
	}
	lm, ok := l.Network.(model.LanguageModel)
	if !ok {
		s.Fail("loss", fmt.Errorf("a %T generates no text", l.Network))
		return nil, 0
	}
	batch, err := inputs.Batch(s, l.Device(), examples)
	if err != nil {
		s.Fail("loss", err)
		return nil, 0
	}
	l.inPrecision(s, func() { total, tokens = lm.NLL(s, batch, mode) })
	return total, tokens
}

// meanLikelihood returns the negative log-likelihood a token, [1], of any
// number of texts, without recording gradients.
func (l *Learner) meanLikelihood(s *tensor.Scope, inputs Inputs, examples []int) (*tensor.Tensor, error) {
	sum, tokens := s.Zeros(tensor.Float32, l.Device(), 1), 0
	for start := 0; start < len(examples); start += evalBatch {
		if l.stopRequested() {
			return nil, ErrStopped
		}
		err := s.Run(func(inner *tensor.Scope) error {
			inner.NoGrad(func() {
				total, n := l.likelihood(inner, inputs, examples[start:min(start+evalBatch, len(examples))], model.Mode{})
				sum, tokens = inner.Move(inner.Add(sum, total), s), tokens+n
			})
			return inner.Err()
		})
		if err != nil {
			return nil, err
		}
	}
	return s.MulScalar(sum, 1/float64(max(1, tokens))), s.Err()
}
