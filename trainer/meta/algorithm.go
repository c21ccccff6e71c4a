package meta

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// An Algorithm is a way of meta-training.
//
// It is used by one goroutine, inside tensor.Do.
type Algorithm interface {
	// Params returns what the algorithm trains beside the learner.
	Params() []model.Param
	// Steps returns the number of outer steps of the whole training.
	Steps() int
	// Step computes the loss of step i (from 0) and leaves the gradients of
	// everything that is trained in the parameters, ready for the optimizer.
	// What it draws depends on the seed and i alone. The loss belongs to s
	// and stays on the device.
	Step(s *tensor.Scope, i int) (*tensor.Tensor, error)
	// Adapt learns a task from support vectors [n, hidden] with labels
	// 0..ways-1 and returns a classifier for it.
	Adapt(s *tensor.Scope, support *tensor.Tensor, labels []int64, ways int) (Classifier, error)
}

// A Classifier maps vectors [n, hidden] to logits [n, ways] by x Wᵀ + b.
type Classifier struct {
	Weight, Bias *tensor.Tensor // [ways, hidden], [ways]
}

// Logits applies the classifier.
func (c Classifier) Logits(s *tensor.Scope, x *tensor.Tensor) *tensor.Tensor {
	return s.Linear(x, c.Weight, c.Bias)
}

// A Setup is what an algorithm is made from.
type Setup struct {
	Config  *setting.Config
	Seed    int64
	Learner *Learner
	Data    *Data
}

// An AdaptFunc learns a task as [Algorithm.Adapt] does.
type AdaptFunc func(s *tensor.Scope, support *tensor.Tensor, labels []int64, ways int) (Classifier, error)

// algorithms has a row for each algorithm: how it is made, its parameters
// belonging to s, and how a model that it trained learns a task afterwards.
var algorithms = map[string]struct {
	make  func(s *tensor.Scope, setup Setup) (Algorithm, error)
	adapt AdaptFunc
}{
	"joint":    {newJoint, fitProbe},
	"protonet": {newProtonet, prototypes},
}

// NewAlgorithm makes the algorithm that the configuration names.
func NewAlgorithm(s *tensor.Scope, setup Setup) (Algorithm, error) {
	a, ok := algorithms[setup.Config.Algorithm]
	if !ok {
		return nil, unknownAlgorithm(setup.Config.Algorithm)
	}
	return a.make(s, setup)
}

// Adapter returns how a model that the named algorithm trained learns a task.
func Adapter(algorithm string) (AdaptFunc, error) {
	a, ok := algorithms[algorithm]
	if !ok {
		return nil, unknownAlgorithm(algorithm)
	}
	return a.adapt, nil
}

func unknownAlgorithm(name string) error {
	return fmt.Errorf("algorithm %q is not known: use %s", name, strings.Join(slices.Sorted(maps.Keys(algorithms)), " or "))
}
