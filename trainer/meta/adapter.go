package meta

import (
	"slices"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// An Adapter learns tasks with a learner that was meta-trained. It draws
// nothing from the generator: what it learns is a function of its arguments.
type Adapter interface {
	// Adapt learns one task from its support examples and returns a learner
	// of that task, whose head has that many outputs. l stays as it is; the
	// result belongs to s, or shares tensors with l.
	Adapt(s *tensor.Scope, l *Learner, inputs Inputs, support Examples, outputs int) (*Learner, error)
}

// A FitFunc is an [Adapter] that needs nothing of a task but the vectors x
// [n, features] of its support examples: it fits a head to them. Vectors that
// several tasks share are computed once.
type FitFunc func(s *tensor.Scope, x *tensor.Tensor, support Examples, outputs int) (Head, error)

// Adapt implements [Adapter].
func (f FitFunc) Adapt(s *tensor.Scope, l *Learner, inputs Inputs, support Examples, outputs int) (*Learner, error) {
	x, err := l.EmbedAll(s, inputs, support.Inputs)
	if err != nil {
		return nil, err
	}
	adapted := *l
	adapted.Head, err = f(s, x, support, outputs)
	return &adapted, err
}

// join returns the examples of several tasks as one list.
func join(sets []Examples) Examples {
	if len(sets) == 1 {
		return sets[0]
	}
	var all Examples
	for _, e := range sets {
		all.Inputs = append(all.Inputs, e.Inputs...)
		all.Labels = append(all.Labels, e.Labels...)
		all.Targets = append(all.Targets, e.Targets...)
	}
	return all
}

// Pick returns some of the examples.
func (e Examples) Pick(positions []int) Examples {
	var some Examples
	for _, i := range positions {
		some.Inputs = append(some.Inputs, e.Inputs[i])
		if e.Labels != nil {
			some.Labels = append(some.Labels, e.Labels[i])
		}
		if e.Targets != nil {
			some.Targets = append(some.Targets, e.Targets[i])
		}
	}
	return some
}

// concat returns a's examples and then b's.
func concat(a, b Examples) Examples {
	return Examples{
		Inputs:  slices.Concat(a.Inputs, b.Inputs),
		Labels:  slices.Concat(a.Labels, b.Labels),
		Targets: slices.Concat(a.Targets, b.Targets),
	}
}
