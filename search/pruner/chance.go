package pruner

import (
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/extrapolate"
)

// DefaultLeastChance is what asha and hyperband have in a study file that does not
// say otherwise. With auto a study comes to the same value in fewer epochs; with tpe
// it makes little difference (bench/search/stopping.go).
const DefaultLeastChance = 0.1

// leastComplete is the number of COMPLETE trials before which their curves say
// too little.
const leastComplete = 6

// length is the step at which trials end by themselves; not positive when that is
// not known.
func (o *ASHAOptions) length(h *search.History) int {
	if o.MaxResource > 0 {
		return o.MaxResource
	}
	return lastStep(h)
}

// judges reports whether a trial that has come to a step is judged by its chance:
// at the rungs in the second half of a training, or in its middle if there are none
// before its end; never before the warm-up is over.
func (a *ASHA) judges(h *search.History, before, step int) bool {
	most := a.options.length(h)
	if most <= 0 || step >= most {
		return false
	}
	middle, found := max((most+1)/2, a.options.WarmupSteps), false
	for _, rung := range a.rungs(h, most-1) {
		if rung < middle {
			continue
		}
		found = true
		if before < rung && rung <= step {
			return true
		}
	}
	return !found && before < middle && middle <= step
}

// chance returns the probability of a trial to become the best of all; 1 where that
// cannot be said yet.
func chance(h *search.History, t *search.Trial, d search.Direction) float64 {
	curves := extrapolate.ReadCurves(h)
	best, ok := curves.Best(d)
	if !ok || curves.Len() < leastComplete {
		return 1
	}
	end, ok := curves.End(t)
	if !ok {
		return 1
	}
	if d == search.Maximize {
		return 1 - end.Below(best)
	}
	return end.Below(best)
}
