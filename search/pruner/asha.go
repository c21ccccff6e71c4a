package pruner

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = (*ASHA)(nil)

// The defaults of [ASHAOptions]: rungs at 1/8, 1/4 and 1/2 of a training, from
// each of which the better half goes on. The paper's experiments have a
// reduction of 4 and rungs from 1/256 of a training on, for hundreds of random
// configurations. In a study that has the steps of some dozen trainings and a
// sampler that learns, most trials are good ones: a higher reduction ends many
// that would have become the best, and so does a rung at which little is seen
// yet. bench/search/stopping.go has figures.
const (
	DefaultReduction = 2
	lowestShare      = 8 // of them are a training
)

// ASHAOptions are the settings of an [ASHA]; the zero value has the defaults.
type ASHAOptions struct {
	// MinResource is the step of the lowest rung. 0 means an eighth of
	// MaxResource, rounded up, but at least WarmupSteps. Where neither is given,
	// MaxResource is the highest step of the COMPLETE trials, and until there is
	// one nothing is cut, as in Optuna.
	MinResource int
	// MaxResource is the step at which trials end by themselves: there and
	// beyond nothing is cut any more. 0 means that this is not known.
	MaxResource int
	// Reduction is eta of the paper: one in Reduction trials goes on from a
	// rung, and each rung is Reduction times as high as the one before. It is
	// at least 2; 0 means DefaultReduction.
	Reduction int
	// EarlyStopping is s of the paper: that many of the lowest rungs are left
	// out.
	EarlyStopping int
	// StartupTrials is the number of trials, the one in question included,
	// that must have come to a rung before it cuts any. 0 means 1: a trial
	// then goes on from a rung that fewer than Reduction have come to if it
	// is the best of them.
	StartupTrials int
	// WarmupSteps is the step before which a trial is not pruned: rungs below
	// it are left out.
	WarmupSteps int
	// LeastChance is the probability to become the best of all that a trial
	// must have to go on from a rung in the second half of a training, or from the
	// middle where there is no such rung, as [extrapolate.Curves] see it, once there
	// are six COMPLETE trials. It is below 1; 0 means that no trial must: the rule of
	// the paper. Study files have DefaultLeastChance.
	LeastChance float64
	// EndRepeats ends a trial that repeats a COMPLETE one, as [extrapolate.Repeated]
	// sees it, at any step from WarmupSteps on. Study files have true.
	EndRepeats bool
}

// ASHA is asynchronous successive halving (Li et al., "A System for Massively
// Parallel Hyperparameter Tuning", MLSys 2020, algorithm 2). The rungs are at
// the steps MinResource * Reduction^(EarlyStopping+k). A trial that comes to
// one goes on when it is among the best 1/Reduction of all that have come
// there so far, running, finished and stopped ones alike; nobody waits for
// others. With a LeastChance a trial also ends in the second half of a training
// when its curve says that it will not become the best, and with EndRepeats one that
// does again what another one has done.
//
// The paper pauses what does not go on, and may promote it later. Here it
// ends as PRUNED, as in Optuna and Ray Tune: a trial that was cut because few
// had come to its rung before it is not taken up again.
//
// A trial's value at a rung is that of its first report at or after the
// rung's step; a late report can pass several rungs and is judged at each. A
// trial whose report at a rung is NaN ends there; other trials' NaN are not
// counted. All of it follows from the reports in the history: nothing is kept
// between calls, so any process decides alike. It is safe for concurrent use.
type ASHA struct {
	options ASHAOptions
}

// NewASHA returns the rule. It fails when an option is out of range.
func NewASHA(o ASHAOptions) (*ASHA, error) { return newASHA("asha", o) }

func newASHA(owner string, o ASHAOptions) (*ASHA, error) {
	err := checkNaturals(owner, natural{"min resource", o.MinResource}, natural{"max resource", o.MaxResource},
		natural{"early stopping", o.EarlyStopping}, natural{"startup trials", o.StartupTrials},
		natural{"warm-up steps", o.WarmupSteps})
	if err != nil {
		return nil, err
	}
	if o.Reduction == 0 {
		o.Reduction = DefaultReduction
	}
	switch {
	case !(o.LeastChance >= 0 && o.LeastChance < 1):
		return nil, fmt.Errorf("%s pruner: least chance %v must be at least 0 and below 1", owner, o.LeastChance)
	case o.Reduction < 2:
		return nil, fmt.Errorf("%s pruner: reduction %d must be at least 2", owner, o.Reduction)
	case o.MaxResource > 0 && o.MinResource > o.MaxResource:
		return nil, fmt.Errorf("%s pruner: min resource %d is above max resource %d", owner, o.MinResource, o.MaxResource)
	}
	return &ASHA{options: o}, nil
}

// Prune implements [search.Pruner].
func (a *ASHA) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	all := func(*search.Trial) bool { return true }
	return a.decide(h, t, all), nil
}

// decide compares t with the trials that belong to its bracket.
func (a *ASHA) decide(h *search.History, t *search.Trial, belongs func(*search.Trial) bool) bool {
	last, ok := t.Last()
	if !ok {
		return false
	}
	before := math.MinInt // the step of the report before: its rungs are decided
	if n := len(t.Intermediate); n > 1 {
		before = t.Intermediate[n-2].Step
	}
	d := direction(h)
	for _, rung := range a.rungs(h, last.Step) {
		if rung <= before || rung < a.options.WarmupSteps {
			continue
		}
		if math.IsNaN(last.Value) || !a.goesOn(h, t, last.Value, rung, d, belongs) {
			return true
		}
	}
	if a.options.EndRepeats && a.repeats(h, t, last.Step) {
		return true
	}
	return a.options.LeastChance > 0 && a.judges(h, before, last.Step) && chance(h, t, d) < a.options.LeastChance
}

// goesOn reports whether a value is among the best at a rung.
func (a *ASHA) goesOn(h *search.History, t *search.Trial, value float64, rung int, d search.Direction, belongs func(*search.Trial) bool) bool {
	values := []float64{value}
	for _, other := range h.Trials {
		if other.Number == t.Number || !belongs(other) {
			continue
		}
		if i, _ := find(other, rung); i < len(other.Intermediate) && !math.IsNaN(other.Intermediate[i].Value) {
			values = append(values, other.Intermediate[i].Value)
		}
	}
	if len(values) < a.options.StartupTrials {
		return true
	}
	slices.Sort(values)
	if d == search.Maximize {
		slices.Reverse(values)
	}
	last := max(1, len(values)/a.options.Reduction) - 1 // the worst that goes on
	return !d.Better(values[last], value)
}

// rungs returns the steps of the rungs up to a step.
func (a *ASHA) rungs(h *search.History, step int) []int {
	lowest, most := a.options.MinResource, a.options.MaxResource
	if lowest == 0 {
		if most = a.options.length(h); most <= 0 {
			return nil
		}
		lowest = max((most-1)/lowestShare+1, a.options.WarmupSteps)
	}
	if most > 0 {
		step = min(step, most-1)
	}
	var rungs []int
	skip := a.options.EarlyStopping
	for rung := lowest; rung <= step; rung *= a.options.Reduction {
		if skip--; skip < 0 {
			rungs = append(rungs, rung)
		}
		if rung > step/a.options.Reduction {
			break // the next one would be too high, or overflow
		}
	}
	return rungs
}
