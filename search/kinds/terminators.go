package kinds

import (
	"fmt"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/terminator"
)

// RegretBound is the kind of [terminator.RegretBound].
const RegretBound = "regret-bound"

// TerminatorKinds lists the kinds that [NewTerminator] knows.
func TerminatorKinds() []string { return []string{RegretBound} }

// NewTerminator makes the terminator of a specification; there is none when
// spec is nil. It fails for an unknown kind and for options out of their
// range.
func NewTerminator(spec *search.TerminatorSpec, seed int64) (search.Terminator, error) {
	if spec == nil {
		return nil, nil
	}
	if spec.Kind != RegretBound {
		return nil, fmt.Errorf("unknown terminator %q; there is %s", spec.Kind, RegretBound)
	}
	o := terminator.Options{Seed: seed, MinTrials: spec.MinTrials, Interval: spec.Interval}
	if spec.Error != nil {
		if o.Error = *spec.Error; o.Error == 0 {
			return nil, fmt.Errorf("terminator %q: error must be above 0", spec.Kind)
		}
	}
	t, err := terminator.NewRegretBound(o)
	if err != nil {
		return nil, fmt.Errorf("terminator %w", err)
	}
	return t, nil
}
