// Package terminator judges whether more trials of a study are worth their
// while.
package terminator

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Terminator = (*RegretBound)(nil)

// The defaults of [Options].
const (
	DefaultMinTrials = 20
	DefaultInterval  = 5
)

// The constants of the bound.
const (
	// best is the share of the trials that the process is fitted to: what goes
	// on among the bad ones makes it no better where it matters. (Optuna's
	// RegretBoundEvaluator takes the same.)
	best = 0.5
	// maxFitted bounds the number of trials that the process is fitted to, and
	// with it the time of a judgement.
	maxFitted = 120
	// delta is the probability with which the bound may be wrong, and
	// tightened what its width is divided by, because it is much too wide in
	// practice: N. Srinivas, A. Krause, S. Kakade, M. Seeger, "Gaussian Process
	// Optimization in the Bandit Setting", ICML 2010, theorem 1 and section 6.
	delta     = 0.1
	tightened = 5
	// samples is the number of configurations at which the lowest bound of the
	// space is looked for, and steps that of the steps from the best of them.
	samples = 2048
	steps   = 512
	// noises is the number of standard deviations of the noise that make no
	// difference: 95 % of the measurements of one configuration lie within.
	noises = 2
)

// Options are the settings of a [RegretBound]; the zero value has the
// defaults.
type Options struct {
	Seed int64
	// Error is what more of the metric would not be worth another trial, in
	// its units; 0 means the noise of a measurement, two standard deviations
	// as the process estimates it.
	Error float64
	// MinTrials is the number of COMPLETE trials before the first judgement; 0
	// means DefaultMinTrials.
	MinTrials int
	// Interval is the number of COMPLETE trials from one judgement to the
	// next; 0 means DefaultInterval.
	Interval int
}

// RegretBound ends a study when no configuration can be expected to be better
// than the best one by more than an error: A. Makarova et al., "Automatic
// Termination for Hyperparameter Optimization", AutoML 2022. A Gaussian
// process is fitted to the better half of the COMPLETE trials; the regret of
// stopping is at most the lowest upper bound of a value that was tried less
// the lowest lower bound of any.
//
// A judgement depends on the trials alone: those up to the last multiple of
// the interval, in the order of their numbers. It is safe for concurrent use.
type RegretBound struct {
	options Options

	mu     sync.Mutex
	judged []judged // the newest last
}

// judged is what was said of some trials.
type judged struct {
	study   int64
	numbers []int // of the trials
	judgement
}

// rememberedJudgements is the number of judgements that are kept: workers ask
// again after every trial.
const rememberedJudgements = 4

// NewRegretBound returns a terminator. It fails when an option is out of its
// range.
func NewRegretBound(o Options) (*RegretBound, error) {
	switch {
	case !(o.Error >= 0) || math.IsInf(o.Error, 1):
		return nil, fmt.Errorf("regret-bound: the error %v is not a number of at least 0", o.Error)
	case o.MinTrials < 0 || o.MinTrials == 1:
		return nil, fmt.Errorf("regret-bound: min trials must be at least 2, not %d", o.MinTrials)
	case o.Interval < 0:
		return nil, fmt.Errorf("regret-bound: the interval must not be negative: %d", o.Interval)
	}
	if o.MinTrials == 0 {
		o.MinTrials = DefaultMinTrials
	}
	if o.Interval == 0 {
		o.Interval = DefaultInterval
	}
	return &RegretBound{options: o}, nil
}

// Judge implements [search.Terminator]. It takes up to a second with many
// trials, once an interval.
func (r *RegretBound) Judge(ctx context.Context, h *search.History) (search.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return search.Verdict{}, err
	}
	trials := r.trials(h)
	if len(trials) < r.options.MinTrials {
		return search.Verdict{}, nil
	}
	j, err := r.judge(h.Study, trials)
	if err != nil {
		return search.Verdict{}, fmt.Errorf("judging after %d trials: %w", len(trials), err)
	}
	if j.few {
		return search.Verdict{}, nil
	}
	bound, why := r.options.Error, "the error that its terminator allows"
	if bound == 0 {
		bound, why = noises*j.noise, "the noise of a trial's value"
	}
	if !(j.regret < bound) {
		return search.Verdict{}, nil
	}
	return search.Verdict{Ended: true, Why: fmt.Sprintf(
		"after %d complete trials, no configuration is expected to improve %s by more than %.3g, which is less than %s, %.3g",
		len(trials), h.Study.Definition.Objective.Metric, j.regret, why, bound)}, nil
}

// trials returns the COMPLETE trials of the study up to the last multiple of
// the interval, those of an earlier study left out.
func (r *RegretBound) trials(h *search.History) []*search.Trial {
	var complete []*search.Trial
	for _, t := range h.Trials {
		if v := t.Value(); t.Number >= 0 && t.State == search.Complete && !math.IsNaN(v) && !math.IsInf(v, 0) {
			complete = append(complete, t)
		}
	}
	return complete[:len(complete)-len(complete)%r.options.Interval]
}

// judge looks up a judgement, or makes it.
func (r *RegretBound) judge(study *search.Study, trials []*search.Trial) (judgement, error) {
	numbers := make([]int, len(trials))
	for i, t := range trials {
		numbers[i] = t.Number
	}
	r.mu.Lock() // also while one is made: others wait for the same one
	defer r.mu.Unlock()
	for _, known := range r.judged {
		if known.study == study.ID && slices.Equal(known.numbers, numbers) {
			return known.judgement, nil
		}
	}
	fitted, values := better(study.Direction(), trials, r.options.MinTrials)
	def := &study.Definition
	j, err := judge(def.Space, def.Train, fitted, values, search.Rand(r.options.Seed, len(trials), "terminator"))
	if err != nil {
		return j, err
	}
	if len(r.judged) == rememberedJudgements {
		r.judged = slices.Delete(r.judged, 0, 1)
	}
	r.judged = append(r.judged, judged{study: study.ID, numbers: numbers, judgement: j})
	return j, nil
}
