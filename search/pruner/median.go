package pruner

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = (*Median)(nil)

// DefaultMedianStartup is the default of [MedianOptions].StartupTrials.
const DefaultMedianStartup = 5

// MedianOptions are the settings of a [Median]; the zero value has the
// defaults, which are those of Optuna's MedianPruner.
type MedianOptions struct {
	// StartupTrials is the number of COMPLETE trials before which nothing is
	// pruned. 0 means DefaultMedianStartup.
	StartupTrials int
	// WarmupSteps is the step before which a trial is not pruned.
	WarmupSteps int
	// Interval is the number of steps between two decisions about a trial,
	// counted from WarmupSteps; a report that comes late decides at once.
	// 0 means 1: every report decides.
	Interval int
	// MinTrials is the number of COMPLETE trials that must have reported the
	// same step. 0 means 1.
	MinTrials int
}

// Median is the median stopping rule: a trial ends when its best report so
// far is worse than the median of what the COMPLETE trials reported at the
// same step (Golovin et al., "Google Vizier", KDD 2017, section 3.2; with the
// details of Optuna's MedianPruner).
//
// Reports that are NaN are passed over: a trial whose reports are all NaN is
// pruned, once a decision is due, and NaN reports of others do not count into
// the median. One thing differs from Optuna: a trial whose latest report is
// NaN is pruned even when earlier ones were not. It is safe for concurrent
// use.
type Median struct {
	options MedianOptions
}

// NewMedian returns the rule. It fails when an option is negative.
func NewMedian(o MedianOptions) (*Median, error) {
	for _, option := range []struct {
		name  string
		value int
	}{
		{"startup trials", o.StartupTrials}, {"warm-up steps", o.WarmupSteps},
		{"interval", o.Interval}, {"min trials", o.MinTrials},
	} {
		if option.value < 0 {
			return nil, fmt.Errorf("median pruner: %s must not be negative: %d", option.name, option.value)
		}
	}
	if o.StartupTrials == 0 {
		o.StartupTrials = DefaultMedianStartup
	}
	o.Interval, o.MinTrials = max(1, o.Interval), max(1, o.MinTrials)
	return &Median{options: o}, nil
}

// Prune implements [search.Pruner].
func (m *Median) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	last, ok := t.Last()
	if !ok || !m.due(t) {
		return false, nil
	}
	complete := 0
	var peers []float64 // NaN included: Optuna counts them towards MinTrials
	for _, other := range h.Trials {
		if other.State != search.Complete || other.Number == t.Number {
			continue
		}
		complete++
		if v, ok := valueAt(other, last.Step); ok {
			peers = append(peers, v)
		}
	}
	if complete < m.options.StartupTrials {
		return false, nil
	}
	if math.IsNaN(last.Value) {
		return true, nil
	}
	if len(peers) < m.options.MinTrials {
		return false, nil
	}
	direction := search.Minimize
	if h.Study != nil {
		direction = h.Study.Direction()
	}
	middle := median(peers)
	return !math.IsNaN(middle) && direction.Better(middle, bestReport(t, direction)), nil
}

// due reports whether a decision is due at the trial's last report: the first
// one at or after WarmupSteps + k*Interval for some k >= 0.
func (m *Median) due(t *search.Trial) bool {
	n := len(t.Intermediate)
	past := t.Intermediate[n-1].Step - m.options.WarmupSteps
	if past < 0 {
		return false
	}
	if n == 1 {
		return true
	}
	decision := m.options.WarmupSteps + past/m.options.Interval*m.options.Interval
	return t.Intermediate[n-2].Step < decision
}

// valueAt returns the trial's report at exactly this step.
func valueAt(t *search.Trial, step int) (float64, bool) {
	i, ok := slices.BinarySearchFunc(t.Intermediate, step, func(r search.Report, step int) int { return r.Step - step })
	if !ok {
		return 0, false
	}
	return t.Intermediate[i].Value, true
}

// bestReport returns the best value that is not NaN.
func bestReport(t *search.Trial, direction search.Direction) float64 {
	best := math.NaN()
	for _, r := range t.Intermediate {
		if direction.Better(r.Value, best) {
			best = r.Value
		}
	}
	return best
}

// median returns the middle of the values that are not NaN, the mean of the
// two middle ones when their number is even, NaN when there is none. It
// reorders values.
func median(values []float64) float64 {
	values = slices.DeleteFunc(values, math.IsNaN)
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	k := len(values) / 2
	if len(values)%2 == 1 {
		return values[k]
	}
	return values[k-1]/2 + values[k]/2 // halved first: the sum may overflow
}
