package pruner

import (
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/extrapolate"
)

// repeats reports whether a trial that has come to a step, and has more of them to
// go, does again what a COMPLETE trial has done.
func (a *ASHA) repeats(h *search.History, t *search.Trial, step int) bool {
	most := a.options.length(h)
	return step >= a.options.WarmupSteps && step < most && extrapolate.Repeated(h, t) != nil
}
