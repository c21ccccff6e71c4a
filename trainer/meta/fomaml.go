package meta

import "github.com/hpsearch/hpsearch/trainer/tensor"

// newFOMAML makes first-order MAML (Finn et al. 2017, section 5.2): the
// gradients of the inner loop count as constants, so that the gradient of the
// query loss at the adapted weights is taken for that at the initial ones.
// Memory and time no longer grow with the derivatives of the inner steps.
func newFOMAML(_ *tensor.Scope, setup Setup) (Algorithm, error) {
	return newGradient(setup, firstOrder, setup.Config.InnerFreeze)
}
