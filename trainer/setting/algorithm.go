package setting

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// An Algorithm is a way of meta-training, as far as its settings go. A new
// one is a row in the list below and its training code under trainer/meta.
type Algorithm struct {
	Name string
	// Episodic algorithms draw episodes without end, so that a number of
	// epochs means nothing to them.
	Episodic bool
	// Gradient algorithms learn a task by gradient descent.
	Gradient bool
	// Types are the types of tasks that it learns; none means all.
	Types []TaskType
	// steps is the default of adaptation_steps.
	steps int
}

// The names of the algorithms.
const (
	Joint    = "joint"
	Protonet = "protonet"
	MAML     = "maml"
	FOMAML   = "fomaml"
	ANIL     = "anil"
	Reptile  = "reptile"
	Finetune = "finetune"
)

var algorithms = []Algorithm{
	{Name: Joint, steps: 5},
	{Name: Protonet, Episodic: true, Types: []TaskType{Classification}},
	{Name: MAML, Episodic: true, Gradient: true, steps: 5},
	{Name: FOMAML, Episodic: true, Gradient: true, steps: 5},
	// There is nothing but the head for ANIL to adapt, and generation has none.
	{Name: ANIL, Episodic: true, Gradient: true, steps: 5, Types: []TaskType{Classification, Regression}},
	{Name: Reptile, Episodic: true, Gradient: true, steps: 5},
	{Name: Finetune, Episodic: true, Gradient: true, steps: 50},
}

// InnerFreeze says what an inner loop leaves as it is.
type InnerFreeze string

// What an inner loop may leave as it is.
const (
	InnerNone InnerFreeze = "none" // nothing: it adapts everything, frozen outside or not
	InnerSame InnerFreeze = "same" // what the outer loop freezes
	InnerHead InnerFreeze = "head" // everything but the head
)

// SharedHead reports whether all tasks start from one head, which is trained
// with the network. In generation the network has a head of its own.
func (c *Config) SharedHead() bool {
	if c.Tasks.Type == Generation {
		return false
	}
	return c.ByGradient() && c.Algorithm != Finetune
}

// AdaptsFrozen reports whether tasks are learned by changing what the outer
// loop freezes.
func (c *Config) AdaptsFrozen() bool {
	return c.ByGradient() && c.InnerFreeze == InnerNone && c.Algorithm != ANIL && c.Algorithm != Finetune
}

// ByGradient reports whether a task is learned by gradient descent, rather
// than from the vectors of its examples.
func (c *Config) ByGradient() bool {
	a, _ := findAlgorithm(c.Algorithm)
	// joint gives each task a head of its own, where tasks can be counted.
	return a.Gradient || c.Algorithm == Joint && (c.Tasks.Generated() || c.Tasks.Type == Generation)
}

// AdaptsNetwork reports whether tasks are learned by changing more than a head.
func (c *Config) AdaptsNetwork() bool {
	return c.ByGradient() && (c.Algorithm == Finetune || c.Algorithm != ANIL && c.InnerFreeze != InnerHead)
}

// AdaptsLoRA reports whether tasks are learned by changing LoRA's matrices: an
// inner loop that freezes what the outer one does leaves everything else as it
// is. The matrices are kept beside the network then, in an exported model, too.
func (c *Config) AdaptsLoRA() bool {
	return c.Freeze.Kind == FreezeLoRA && c.AdaptsNetwork() && c.Algorithm != Finetune && c.InnerFreeze == InnerSame
}

// checkInner reports what an inner loop cannot do.
func (c *Config) checkInner() Problems {
	if c.Algorithm != Reptile {
		return nil
	}
	switch {
	case c.InnerFreeze == InnerHead:
		return Problems{{
			Name: "inner_freeze", With: []string{"algorithm"},
			Text: "is head, but reptile trains what its inner loop adapts, and the network would stay as it is", Hint: "use anil, or another value",
		}}
	case c.InnerFreeze == InnerNone && c.Freeze.Kind == FreezeLoRA:
		return Problems{{
			Name: "inner_freeze", With: []string{"algorithm", "freeze"},
			Text: fmt.Sprintf("is none, but reptile trains what its inner loop adapts, and the matrices of %s would stay as they are", c.Freeze),
			Hint: "use same, which adapts them alone, or another strategy",
		}}
	}
	return nil
}

// Headless reports whether nothing that is trained stands on top of the
// network: a language model has its own head within, and prototypical networks
// put a projection only on a network that was trained before.
func (c *Config) Headless() bool {
	return c.Tasks.Type == Generation || c.Algorithm == Protonet && c.Model.Kind != ""
}

// checkFreeze reports a strategy that finds nothing to take hold of in the
// network, as far as it is known, or nothing to train on top of it.
func (c *Config) checkFreeze() Problems {
	network, known := c.Model.Anatomy()
	if err := c.Freeze.Fits(network); known && err != nil {
		return Problems{{Name: "freeze", With: []string{"model"}, Text: strings.TrimPrefix(err.Error(), "freeze: ")}}
	}
	if !known {
		network.Layers = math.MaxInt // how many there are is for whoever opens the folder to say
	}
	if err := c.FitsHead(network); err != nil {
		return Problems{{Name: "freeze", With: []string{"algorithm", "model", "model.kind", "tasks.type", "tasks.kind"}, Text: err.Error()}}
	}
	return nil
}

// FitsHead returns an error when the strategy leaves nothing of a network to
// train at first, and there is no head.
func (c *Config) FitsHead(network Anatomy) error {
	if !c.Headless() || !c.Freeze.NeedsHead(network) {
		return nil
	}
	if c.Tasks.Type == Generation {
		return fmt.Errorf("%s trains the head first or alone, and a language model has its head within: use another strategy", c.Freeze)
	}
	return fmt.Errorf("%s trains the head first or alone, and protonet puts none on a %s made from nothing: use another strategy, or another algorithm", c.Freeze, c.Model.Kind)
}

// Outputs returns the outputs of the head of a meta-training task.
func (c *Config) Outputs() int {
	if c.Tasks.Type == Classification {
		return c.Ways
	}
	return 1
}

// types returns the types of tasks that the algorithm learns.
func (a Algorithm) types() []TaskType {
	if len(a.Types) > 0 {
		return a.Types
	}
	return []TaskType{Classification, Regression, Generation}
}

// algorithmsFor names the algorithms that learn tasks of a type.
func algorithmsFor(t TaskType) []string {
	var names []string
	for _, a := range algorithms {
		if slices.Contains(a.types(), t) {
			names = append(names, a.Name)
		}
	}
	return names
}

func algorithmNames() []string {
	names := make([]string, len(algorithms))
	for i, a := range algorithms {
		names[i] = a.Name
	}
	return names
}

func findAlgorithm(name string) (Algorithm, bool) {
	for _, a := range algorithms {
		if a.Name == name {
			return a, true
		}
	}
	return Algorithm{}, false
}
