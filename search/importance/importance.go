// Package importance tells which parameters of a study matter for its value:
// functional ANOVA ([FANOVA]) asks how much of the variance over the whole
// space each parameter explains, [PEDANOVA] what tells the best trials from
// the others.
package importance

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// An Importance is that of one parameter.
type Importance struct {
	Param string
	// Value is the parameter's share: not negative, and 1 in sum over all
	// parameters unless none has any. It is NaN when the method cannot tell.
	Value float64
}

// usable returns the COMPLETE trials with a finite value, whose parameters lie
// in the space as it is now.
func usable(space search.Space, trials []*search.Trial) []*search.Trial {
	var kept []*search.Trial
	for _, t := range trials {
		if v := t.Value(); t.State == search.Complete && !math.IsNaN(v) && !math.IsInf(v, 0) && fits(space, t) {
			kept = append(kept, t)
		}
	}
	return kept
}

func fits(space search.Space, t *search.Trial) bool {
	for _, p := range space {
		if v, ok := t.Params[p.Name]; ok && !p.Distribution.Contains(v) {
			return false
		}
	}
	return true
}

// normalized makes the values sum to 1; NaN stay.
func normalized(all []Importance) []Importance {
	sum := 0.0
	for _, i := range all {
		if !math.IsNaN(i.Value) {
			sum += i.Value
		}
	}
	if sum > 0 {
		for i := range all {
			all[i].Value /= sum
		}
	}
	return all
}
