package tpe

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/hpsearch/hpsearch/search"
)

// observations are the trials that the two densities are estimated from, each
// in ascending order of number.
type observations struct {
	good, bad []*search.Trial
	weight    []float64 // of each good trial
	finished  int       // COMPLETE and PRUNED
	running   int       // RUNNING, unless they are ignored
}

// suffice reports whether there are as many trials as startup asks for. RUNNING
// ones count, too, when half as many have finished: many workers would else
// draw most of a short study at random.
func (o *observations) suffice(startup int) bool {
	return o.finished >= startup || 2*o.finished >= startup && o.finished+o.running >= startup
}

// goodCount is the number of n finished trials that count as good: a tenth,
// at most mostGood (Optuna's default γ).
func goodCount(n int) int { return min((n+9)/10, mostGood) }

const mostGood = 25

// A division sorts trials as it is given them, in ascending order of number.
// COMPLETE trials are ranked by value and PRUNED ones after them. Bad are also
// the trials that failed because of their configuration and, unless
// ignoreRunning, the RUNNING ones: that lie keeps parallel workers apart (the
// "constant liar" of Ginsbourger et al. 2010, as Optuna applies it to TPE).
type division struct {
	direction     search.Direction
	ignoreRunning bool

	used     []*search.Trial
	top      []rank // the best so far, the best first, at most mostGood
	finished int
	running  int
}

func (d *division) add(trials []*search.Trial, except int) {
	for _, t := range trials {
		switch {
		case t.Number == except:
		case t.State == search.Complete || t.State == search.Pruned:
			d.finished++
			d.top = insert(d.top, rankOf(t, len(d.used), d.direction))
			d.used = append(d.used, t)
		case t.State == search.Running && !d.ignoreRunning:
			d.running++
			d.used = append(d.used, t)
		case t.ConfigFailed():
			d.used = append(d.used, t)
		}
	}
}

// observations separates the best trials from the others.
func (d *division) observations() observations {
	best := d.top[:min(len(d.top), goodCount(d.finished))]
	o := observations{finished: d.finished, running: d.running}
	places := make([]int, len(best))
	for i, r := range best {
		places[i] = r.place
	}
	slices.Sort(places)
	for _, place := range places {
		o.good = append(o.good, d.used[place])
		i := slices.IndexFunc(best, func(r rank) bool { return r.place == place })
		o.weight = append(o.weight, rankWeight(i, len(best)))
	}
	o.bad = without(d.used, places, mostBad)
	return o
}

// without returns at most limit of the trials that are not at places, which
// ascend: the newest half of limit, and an even selection of the older ones.
func without(trials []*search.Trial, places []int, limit int) []*search.Trial {
	n := len(trials) - len(places)
	newest := limit / 2
	older := limit - newest
	if n <= limit {
		newest, older = n, 0
	}
	kept := make([]*search.Trial, 0, newest+older)
	next := 0 // of places
	keep := func(k int) {
		// The k-th of the others stands behind the places up to it.
		for next < len(places) && places[next] <= k+next {
			next++
		}
		kept = append(kept, trials[k+next])
	}
	for k := range older {
		keep(k * (n - newest) / older)
	}
	for k := n - newest; k < n; k++ {
		keep(k)
	}
	return kept
}

// A ledger remembers how the trials that a history begins with were divided:
// finished trials do not change, and the next suggestion's history begins with
// the same ones. What observe returns depends on its arguments alone. It is
// safe for concurrent use.
type ledger struct {
	mu       sync.Mutex
	trials   []*search.Trial // all of them finished
	division division
}

// observe divides the trials other than trial number itself.
func (l *ledger) observe(h *search.History, number int, ignoreRunning bool) observations {
	direction := search.Minimize
	if h.Study != nil {
		direction = h.Study.Direction()
	}
	end := slices.IndexFunc(h.Trials, func(t *search.Trial) bool { return !t.State.Finished() || t.Number >= number })
	if end < 0 {
		end = len(h.Trials)
	}
	d := l.divide(h.Trials[:end], direction)
	d.ignoreRunning = ignoreRunning
	d.add(h.Trials[end:], number)
	return d.observations()
}

// divide returns the division of finished trials, which the caller may add to.
func (l *ledger) divide(trials []*search.Trial, direction search.Direction) division {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.trials)
	if n > len(trials) || l.division.direction != direction || !slices.Equal(l.trials, trials[:n]) {
		n = 0
		l.trials, l.division = nil, division{direction: direction}
	}
	l.trials = append(l.trials, trials[n:]...)
	l.division.add(trials[n:], math.MinInt)
	d := l.division
	d.used, d.top = slices.Clip(d.used), slices.Clone(d.top)
	return d
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

// A rank orders finished trials, the best first: by class, then by progress
// (for PRUNED trials: the more steps, the better), then by value.
type rank struct {
	class           int
	progress, value float64
	place           int // among the trials that are used
}

func rankOf(t *search.Trial, place int, direction search.Direction) rank {
	const complete, pruned, undefined = 0, 1, 2
	sign := 1.0
	if direction == search.Maximize {
		sign = -1
	}
	if t.State == search.Complete {
		if v := t.Value(); !math.IsNaN(v) {
			return rank{class: complete, value: sign * v, place: place}
		}
		return rank{class: undefined, place: place}
	}
	last, ok := t.Last()
	if !ok { // after every trial that reported, as in Optuna
		return rank{class: pruned, progress: math.Inf(1), place: place}
	}
	r := rank{class: pruned, progress: -float64(last.Step), value: sign * last.Value, place: place}
	if math.IsNaN(r.value) {
		r.value = math.Inf(1)
	}
	return r
}

func compareRanks(a, b rank) int {
	return cmp.Or(cmp.Compare(a.class, b.class), cmp.Compare(a.progress, b.progress),
		cmp.Compare(a.value, b.value), cmp.Compare(a.place, b.place))
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
