package meta

import (
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// newANIL makes "almost no inner loop" (Raghu et al. 2020): MAML, second-order
// as there, whose inner loop adapts the head alone. The vectors of the support
// examples are computed once for all steps and tasks.
func newANIL(_ *tensor.Scope, setup Setup) (Algorithm, error) {
	return newGradient(setup, secondOrder, setting.InnerHead)
}

func anilLoop(c *setting.Config) Adapter {
	return &InnerLoop{Rate: c.InnerLR, Steps: c.EvalAdaptationSteps, Freeze: setting.InnerHead}
}
