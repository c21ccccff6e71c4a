package pruner

import (
	"context"

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
// details of Optuna's MedianPruner). It is [Percentile] at 50, and treats NaN
// as that does. It is safe for concurrent use.
type Median struct {
	rule *Percentile
}

// NewMedian returns the rule. It fails when an option is negative.
func NewMedian(o MedianOptions) (*Median, error) {
	if o.StartupTrials == 0 {
		o.StartupTrials = DefaultMedianStartup
	}
	rule, err := newPercentile("median", PercentileOptions{
		Percentile: 50, StartupTrials: o.StartupTrials, WarmupSteps: o.WarmupSteps,
		Interval: o.Interval, MinTrials: o.MinTrials,
	})
	if err != nil {
		return nil, err
	}
	return &Median{rule: rule}, nil
}

// Prune implements [search.Pruner].
func (m *Median) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	return m.rule.Prune(ctx, h, t)
}
