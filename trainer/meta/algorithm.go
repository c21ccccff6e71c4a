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
	// Params returns what the algorithm trains beside the network and its
	// projection: the head that tasks start from, or heads of its own.
	Params() []model.Param
	// Steps returns the number of outer steps of the whole training.
	Steps() int
	// Step computes the loss of step i (from 0) and leaves the gradients of
	// everything that is trained in the parameters, ready for the optimizer.
	// What it draws depends on the seed and i alone. The loss belongs to s
	// and stays on the device; it is nil when the step trains nothing.
	Step(s *tensor.Scope, i int) (*tensor.Tensor, error)
	// Adapter returns how the learner learns a task. It stays valid while the
	// learner is trained on.
	Adapter() Adapter
}

// A Setup is what an algorithm is made from.
type Setup struct {
	Config  *setting.Config
	Seed    int64
	Learner *Learner
	Data    *Data
}

// algorithms has a row for each algorithm: how it is made, its parameters
// belonging to s, and how a model that it trained learns a task afterwards.
var algorithms = map[string]struct {
	make    func(s *tensor.Scope, setup Setup) (Algorithm, error)
	adapter func(*setting.Config) Adapter
}{
	setting.Joint:    {newJoint, jointAdapter},
	setting.Protonet: {newProtonet, func(*setting.Config) Adapter { return FitFunc(prototypes) }},
	setting.MAML:     {newMAML, innerLoop},
	setting.FOMAML:   {newFOMAML, innerLoop},
	setting.ANIL:     {newANIL, anilLoop},
	setting.Reptile:  {newReptile, innerLoop},
	setting.Finetune: {newFinetune, func(c *setting.Config) Adapter { return &tuner{config: c, seed: c.Seed} }},
}

// NewAlgorithm makes the algorithm that the configuration names.
func NewAlgorithm(s *tensor.Scope, setup Setup) (Algorithm, error) {
	a, ok := algorithms[setup.Config.Algorithm]
	if !ok {
		return nil, unknownAlgorithm(setup.Config.Algorithm)
	}
	return a.make(s, setup)
}

// NewAdapter returns how a model that was trained with a configuration learns
// a task.
func NewAdapter(config *setting.Config) (Adapter, error) {
	a, ok := algorithms[config.Algorithm]
	if !ok {
		return nil, unknownAlgorithm(config.Algorithm)
	}
	return a.adapter(config), nil
}

func unknownAlgorithm(name string) error {
	return fmt.Errorf("algorithm %q is not known: use %s", name, strings.Join(slices.Sorted(maps.Keys(algorithms)), " or "))
}

// episodes runs f on the episodes of a step of meta_batch_size, a group of them
// at a time, and adds up the losses that it returns: each the mean over its
// group. The graph of a group is freed before the next is built; gradients
// add up in the parameters.
func (setup Setup) episodes(s *tensor.Scope, step, group int, f func(s *tensor.Scope, group []Episode) (*tensor.Tensor, error)) (*tensor.Tensor, error) {
	n := setup.Config.MetaBatchSize
	total := s.Zeros(tensor.Float32, setup.Learner.Device(), 1)
	for first := 0; first < n; first += group {
		episodes := make([]Episode, min(group, n-first))
		for k := range episodes {
			var err error
			if episodes[k], err = setup.Data.TrainEpisode(step*n + first + k); err != nil {
				return nil, err
			}
		}
		err := s.Run(func(inner *tensor.Scope) error {
			loss, err := f(inner, episodes)
			if err != nil {
				return err
			}
			loss = inner.MulScalar(loss, float64(len(episodes))/float64(n))
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
