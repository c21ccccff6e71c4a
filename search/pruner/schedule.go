package pruner

import (
	"fmt"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

// due reports whether a decision is due at the trial's last report: the first
// one at or after warmup + k*interval for some k >= 0.
func due(t *search.Trial, warmup, interval int) bool {
	n := len(t.Intermediate)
	if n == 0 {
		return false
	}
	past := t.Intermediate[n-1].Step - warmup
	if past < 0 {
		return false
	}
	if n == 1 {
		return true
	}
	decision := warmup + past/interval*interval
	return t.Intermediate[n-2].Step < decision
}

// direction is that of the history's study, [search.Minimize] without one.
func direction(h *search.History) search.Direction {
	if h.Study == nil {
		return search.Minimize
	}
	return h.Study.Direction()
}

// valueAt returns the trial's report at exactly this step.
func valueAt(t *search.Trial, step int) (float64, bool) {
	i, ok := find(t, step)
	if !ok {
		return 0, false
	}
	return t.Intermediate[i].Value, true
}

// find returns the index of the first report at or after step, and whether
// it is exactly at step.
func find(t *search.Trial, step int) (int, bool) {
	return slices.BinarySearchFunc(t.Intermediate, step, func(r search.Report, step int) int { return r.Step - step })
}

// best returns the best value of the reports that is not NaN, NaN when there
// is none.
func best(reports []search.Report, d search.Direction) float64 {
	best := math.NaN()
	for _, r := range reports {
		if d.Better(r.Value, best) {
			best = r.Value
		}
	}
	return best
}

// count returns the number of trials in a state, the one in question left out.
func count(h *search.History, except *search.Trial, state search.State) int {
	n := 0
	for _, t := range h.Trials {
		if t.State == state && t.Number != except.Number {
			n++
		}
	}
	return n
}

// A natural is an option that must not be negative.
type natural struct {
	name  string
	value int
}

func checkNaturals(owner string, options ...natural) error {
	for _, o := range options {
		if o.value < 0 {
			return fmt.Errorf("%s pruner: %s must not be negative: %d", owner, o.name, o.value)
		}
	}
	return nil
}
