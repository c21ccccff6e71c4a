package pruner

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = (*Threshold)(nil)

// ThresholdOptions are the settings of a [Threshold]. At least one bound is
// required.
type ThresholdOptions struct {
	Lower *float64 // values below it end a trial; nil for no bound
	Upper *float64 // values above it end a trial; nil for no bound
	// StartupTrials is the number of COMPLETE trials before which nothing is
	// pruned, 0 by default.
	StartupTrials int
	// WarmupSteps is the step before which a trial is not pruned.
	WarmupSteps int
	// Interval is as in [PercentileOptions].
	Interval int
}

// Threshold ends a trial whose latest report lies outside of bounds, or is
// NaN. It knows no direction: a bound on the good side ends trials that are
// too good to be true. The rule is that of Optuna's ThresholdPruner. It is
// safe for concurrent use.
type Threshold struct {
	options      ThresholdOptions
	lower, upper float64
}

// NewThreshold returns the rule. It fails when there is no bound, when no
// value lies between the two, and when a count is negative.
func NewThreshold(o ThresholdOptions) (*Threshold, error) {
	err := checkNaturals("threshold", natural{"startup trials", o.StartupTrials},
		natural{"warm-up steps", o.WarmupSteps}, natural{"interval", o.Interval})
	if err != nil {
		return nil, err
	}
	if o.Lower == nil && o.Upper == nil {
		return nil, errors.New("threshold pruner: give lower, upper or both")
	}
	o.Interval = max(1, o.Interval)
	p := &Threshold{options: o, lower: math.Inf(-1), upper: math.Inf(1)}
	if o.Lower != nil {
		p.lower = *o.Lower
	}
	if o.Upper != nil {
		p.upper = *o.Upper
	}
	if !(p.lower <= p.upper) { // NaN included
		return nil, fmt.Errorf("threshold pruner: no value lies between lower %g and upper %g", p.lower, p.upper)
	}
	return p, nil
}

// Prune implements [search.Pruner].
func (p *Threshold) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	if !due(t, p.options.WarmupSteps, p.options.Interval) {
		return false, nil
	}
	if s := p.options.StartupTrials; s > 0 && count(h, t, search.Complete) < s {
		return false, nil
	}
	last, _ := t.Last() // due says that there is one
	return !(last.Value >= p.lower && last.Value <= p.upper), nil
}
