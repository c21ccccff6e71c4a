package search

import (
	"math"
	"slices"
)

// Dominates reports whether values a are at least as good as b in every
// direction and better in one. A NaN dominates nothing and is dominated by
// any number.
func Dominates(directions []Direction, a, b []float64) bool {
	better := false
	for i, d := range directions {
		if d.Better(b[i], a[i]) {
			return false
		}
		better = better || d.Better(a[i], b[i])
	}
	return better
}

// ParetoFront returns the COMPLETE trials that no other one dominates, in the
// order given; with one direction those that share the best value. Trials that
// do not have a number for every direction are left out.
func ParetoFront(directions []Direction, trials []*Trial) []*Trial {
	var front []*Trial
	for _, t := range trials {
		if t.State != Complete || len(t.Values) != len(directions) || slices.ContainsFunc(t.Values, math.IsNaN) {
			continue
		}
		dominates := func(a, b *Trial) bool { return Dominates(directions, a.Values, b.Values) }
		if slices.ContainsFunc(front, func(o *Trial) bool { return dominates(o, t) }) {
			continue
		}
		front = slices.DeleteFunc(front, func(o *Trial) bool { return dominates(t, o) })
		front = append(front, t)
	}
	return front
}
