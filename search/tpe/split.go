package tpe

import (
	"cmp"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

// observations are the trials that the two densities are estimated from, each
// in ascending order of number.
type observations struct {
	good, bad []*search.Trial
	weight    []float64 // of each good trial
	finished  int       // COMPLETE and PRUNED
}

// goodCount is the number of n finished trials that count as good: a tenth,
// at most mostGood (Optuna's default γ).
func goodCount(n int) int { return min((n+9)/10, mostGood) }

const mostGood = 25

// observe divides the trials, other than trial number itself. COMPLETE trials
// are ranked by value and PRUNED ones after them. Bad are also the trials
// that failed because of their configuration and, unless ignoreRunning, the
// RUNNING ones: that lie keeps parallel workers apart (the "constant liar" of
// Ginsbourger et al. 2010, as Optuna applies it to TPE).
func observe(h *search.History, number int, ignoreRunning bool) observations {
	direction := search.Minimize
	if h.Study != nil {
		direction = h.Study.Direction()
	}
	var o observations
	var top []rank // the best so far, at most mostGood
	used := make([]*search.Trial, 0, len(h.Trials))
	for _, t := range h.Trials {
		switch {
		case t.Number == number:
		case t.State == search.Complete || t.State == search.Pruned:
			o.finished++
			top = insert(top, rankOf(t, direction))
			used = append(used, t)
		case t.State == search.Running && !ignoreRunning, t.ConfigFailed():
			used = append(used, t)
		}
	}
	o.divide(used, top[:min(len(top), goodCount(o.finished))])
	return o
}

// divide separates the best trials from the others that are used.
func (o *observations) divide(used []*search.Trial, best []rank) {
	place := make(map[int]int, len(best))
	last := -1
	for i, r := range best {
		place[r.number] = i
		last = max(last, r.number)
	}
	bad := used[:0] // in place: it never overtakes the loop
	for _, t := range used {
		i, ok := 0, false
		if t.Number <= last {
			i, ok = place[t.Number]
		}
		if !ok {
			bad = append(bad, t)
			continue
		}
		o.good = append(o.good, t)
		o.weight = append(o.weight, rankWeight(i, len(best)))
	}
	o.bad = thin(bad, mostBad)
}

// rankWeight is the weight of the good trial of a rank, 0 for the best of n:
// on a straight line that falls to 0, and 1 on average. (J. Song et al., "A
// General Recipe for Likelihood-free Bayesian Optimization", ICML 2022, weigh
// by the improvement itself; ranks need no scale.)
func rankWeight(rank, n int) float64 { return 2 * (float64(n-rank) - 0.5) / float64(n) }

// mostBad bounds the trials that the bad density is estimated from, and with
// it the time for a suggestion. The estimate is a mean over kernels: leaving
// out kernels at random changes it by a relative standard error of about
// 1/√(m·p), where p is the share of the m kept that reach a point, which is
// small beside the smoothing of the kernels themselves, and where p is small
// the prior dominates. Studies of fewer trials are not touched.
const mostBad = 300

// thin leaves at most limit trials: the newest half of limit, and an even
// selection of the older ones.
func thin(trials []*search.Trial, limit int) []*search.Trial {
	n := len(trials)
	if n <= limit {
		return trials
	}
	newest := limit / 2
	older := limit - newest
	kept := make([]*search.Trial, 0, limit)
	for k := range older {
		kept = append(kept, trials[k*(n-newest)/older])
	}
	return append(kept, trials[n-newest:]...)
}

// A rank orders finished trials, the best first: by class, then by progress
// (for PRUNED trials: the more steps, the better), then by value.
type rank struct {
	class           int
	progress, value float64
	number          int
}

func rankOf(t *search.Trial, direction search.Direction) rank {
	const complete, pruned, undefined = 0, 1, 2
	sign := 1.0
	if direction == search.Maximize {
		sign = -1
	}
	if t.State == search.Complete {
		if v := t.Value(); !math.IsNaN(v) {
			return rank{class: complete, value: sign * v, number: t.Number}
		}
		return rank{class: undefined, number: t.Number}
	}
	last, ok := t.Last()
	if !ok { // after every trial that reported, as in Optuna
		return rank{class: pruned, progress: math.Inf(1), number: t.Number}
	}
	r := rank{class: pruned, progress: -float64(last.Step), value: sign * last.Value, number: t.Number}
	if math.IsNaN(r.value) {
		r.value = math.Inf(1)
	}
	return r
}

func compareRanks(a, b rank) int {
	return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.progress, b.progress),
		cmp.Compare(a.value, b.value), cmp.Compare(a.number, b.number))
}

// insert adds r to the best so far, the best first, and drops the last one
// beyond mostGood.
func insert(top []rank, r rank) []rank {
	if len(top) == mostGood && compareRanks(r, top[mostGood-1]) > 0 {
		return top
	}
	i, _ := slices.BinarySearchFunc(top, r, compareRanks)
	top = slices.Insert(top, i, r)
	return top[:min(mostGood, len(top))]
}
