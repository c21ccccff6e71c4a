package pruner

import (
	"context"
	"fmt"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = (*Percentile)(nil)

// The defaults of [PercentileOptions].
const (
	DefaultPercentile        = 25
	DefaultPercentileStartup = 5
)

// PercentileOptions are the settings of a [Percentile]; the zero value has
// the defaults.
type PercentileOptions struct {
	// Percentile is the share of the COMPLETE trials, in percent, that a
	// trial must be among to go on: 25 keeps the best quarter. It is in
	// (0, 100]; 0 means DefaultPercentile.
	Percentile float64
	// StartupTrials is the number of COMPLETE trials before which nothing is
	// pruned. 0 means DefaultPercentileStartup.
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

// Percentile ends a trial whose best report so far is worse than a percentile
// of what the COMPLETE trials reported at the same step, as Optuna's
// PercentilePruner does; at 50 it is the median stopping rule (Golovin et al.,
// "Google Vizier", KDD 2017, section 3.2).
//
// Reports that are NaN are passed over: a trial whose reports are all NaN is
// pruned, once a decision is due, and NaN reports of others do not count into
// the percentile. One thing differs from Optuna: a trial whose latest report
// is NaN is pruned even when earlier ones were not. At a step that no other
// trial reported nothing is pruned. It is safe for concurrent use.
type Percentile struct {
	options PercentileOptions
}

// NewPercentile returns the rule. It fails when an option is out of range.
func NewPercentile(o PercentileOptions) (*Percentile, error) { return newPercentile("percentile", o) }

func newPercentile(owner string, o PercentileOptions) (*Percentile, error) {
	err := checkNaturals(owner, natural{"startup trials", o.StartupTrials}, natural{"warm-up steps", o.WarmupSteps},
		natural{"interval", o.Interval}, natural{"min trials", o.MinTrials})
	if err != nil {
		return nil, err
	}
	if o.Percentile == 0 {
		o.Percentile = DefaultPercentile
	}
	if !(o.Percentile > 0 && o.Percentile <= 100) {
		return nil, fmt.Errorf("%s pruner: percentile %g is not in (0, 100]", owner, o.Percentile)
	}
	if o.StartupTrials == 0 {
		o.StartupTrials = DefaultPercentileStartup
	}
	o.Interval, o.MinTrials = max(1, o.Interval), max(1, o.MinTrials)
	return &Percentile{options: o}, nil
}

// Prune implements [search.Pruner].
func (p *Percentile) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	last, ok := t.Last()
	if !ok || !due(t, p.options.WarmupSteps, p.options.Interval) {
		return false, nil
	}
	if count(h, t, search.Complete) < p.options.StartupTrials {
		return false, nil
	}
	if math.IsNaN(last.Value) {
		return true, nil
	}
	var peers []float64 // NaN included: Optuna counts them towards MinTrials
	for _, other := range h.Trials {
		if other.State != search.Complete || other.Number == t.Number {
			continue
		}
		if v, ok := valueAt(other, last.Step); ok {
			peers = append(peers, v)
		}
	}
	if len(peers) < p.options.MinTrials {
		return false, nil
	}
	d, share := direction(h), p.options.Percentile
	if d == search.Maximize {
		share = 100 - share
	}
	bar := percentile(peers, share)
	return !math.IsNaN(bar) && d.Better(bar, best(t.Intermediate, d)), nil
}

// percentile returns the value below which share percent of the values lie,
// between two of them by linear interpolation (type 7 of Hyndman and Fan,
// "Sample Quantiles in Statistical Packages", 1996). NaN is left out; the
// result is NaN when nothing is left. It reorders values.
func percentile(values []float64, share float64) float64 {
	values = slices.DeleteFunc(values, math.IsNaN)
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	at := share / 100 * float64(len(values)-1)
	below := math.Floor(at)
	k, part := int(below), at-below
	if part == 0 || k+1 == len(values) { // no product of 0 and an infinity
		return values[k]
	}
	return values[k]*(1-part) + values[k+1]*part // no difference, which may overflow
}
