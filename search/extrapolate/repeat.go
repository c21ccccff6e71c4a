package extrapolate

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

const (
	// leastValues is the number of different values that a trial must have
	// reported before it can be a repetition: some curves begin with a plateau.
	leastValues = 3
	// mostChance is how likely it may be that the reports agree by chance.
	mostChance = 1e-3
	// mostCompared is the number of trials, the newest ones, that say how often
	// reports agree by chance.
	mostCompared = 30
)

// Repeated returns the COMPLETE trial of a history that another one repeats; nil
// when it repeats none. It does if each of its reports is the other's to the last
// bit, as where a program rounds its parameters and always draws the same numbers:
// nothing is to be learned from the rest of it.
//
// An accuracy on a hundred examples has few values, and trials may agree on some of
// them by chance: how often, the COMPLETE trials that are no repetitions of each
// other tell. More reports are waited for where they often do, and where few trials
// are COMPLETE.
func Repeated(h *search.History, t *search.Trial) *search.Trial {
	if len(t.Intermediate) < leastValues {
		return nil
	}
	for _, other := range h.Trials {
		if other.State != search.Complete || other.Number == t.Number || !begins(other, t) || !finite(other.Value()) {
			continue
		}
		n, complete := differentValues(t), completeOf(h)
		if n < leastValues || float64(len(complete))*math.Pow(agreement(complete, len(t.Intermediate)), float64(n)) > mostChance {
			return nil
		}
		return other
	}
	return nil
}

// differentValues returns how many different values a trial has reported; 0 if one
// is not finite.
func differentValues(t *search.Trial) int {
	seen := make(map[float64]bool)
	for _, r := range t.Intermediate {
		if !finite(r.Value) {
			return 0
		}
		seen[r.Value] = true
	}
	return len(seen)
}

// begins reports whether a trial's first reports are all that another one has.
func begins(t, short *search.Trial) bool {
	return len(short.Intermediate) <= len(t.Intermediate) && search.SameReports(t, short)
}

// agreeing returns how many of the first n reports two trials have in common.
func agreeing(a, b *search.Trial, n int) int {
	same := 0
	for i := range n {
		if a.Intermediate[i].Same(b.Intermediate[i]) {
			same++
		}
	}
	return same
}

// agreement estimates the probability that two trials agree on one of their first n
// reports though they are different, from above: as if there were one more report,
// and they agreed on it.
func agreement(complete []*search.Trial, n int) float64 {
	newest := complete[max(0, len(complete)-mostCompared):]
	same, all := 1, 1
	for i, a := range newest {
		for _, b := range newest[:i] {
			if search.SameReports(a, b) {
				continue // the same one, as far as can be seen
			}
			both := min(len(a.Intermediate), len(b.Intermediate))
			same += agreeing(a, b, min(n, both))
			all += min(n, both)
		}
	}
	return float64(same) / float64(all)
}
