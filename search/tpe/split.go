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
	finished  int // COMPLETE and PRUNED
}

// goodCount is the number of n finished trials that count as good: a tenth,
// at most 25 (Optuna's default γ).
func goodCount(n int) int { return min((n+9)/10, 25) }

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
	ranks := make([]rank, 0, len(h.Trials))
	used := make([]*search.Trial, 0, len(h.Trials))
	for _, t := range h.Trials {
		switch {
		case t.Number == number:
		case t.State == search.Complete || t.State == search.Pruned:
			ranks = append(ranks, rankOf(t, direction))
			used = append(used, t)
		case t.State == search.Running && !ignoreRunning, t.ConfigFailed():
			used = append(used, t)
		}
	}
	o.finished = len(ranks)
	good := best(ranks, goodCount(o.finished))
	for _, t := range used {
		if _, ok := slices.BinarySearch(good, t.Number); ok {
			o.good = append(o.good, t)
		} else {
			o.bad = append(o.bad, t)
		}
	}
	return o
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

// best returns the numbers of the k best trials in ascending order. k is
// small, so that one pass with an insertion costs less than sorting.
func best(ranks []rank, k int) []int {
	top := make([]rank, 0, k+1)
	for _, r := range ranks {
		if len(top) == k && (k == 0 || compareRanks(r, top[k-1]) > 0) {
			continue
		}
		i, _ := slices.BinarySearchFunc(top, r, compareRanks)
		top = slices.Insert(top, i, r)
		top = top[:min(k, len(top))]
	}
	numbers := make([]int, len(top))
	for i, r := range top {
		numbers[i] = r.number
	}
	slices.Sort(numbers)
	return numbers
}
