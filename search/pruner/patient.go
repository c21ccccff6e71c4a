package pruner

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/search"
)

var _ search.Pruner = (*Patient)(nil)

// PatientOptions are the settings of a [Patient].
type PatientOptions struct {
	// Wrapped is asked about trials that no longer improve; nil prunes them
	// all.
	Wrapped search.Pruner
	// Patience is the number of reports without an improvement that a trial
	// is granted, at least 1.
	Patience int
	// MinDelta is what a value must be better by to count as an improvement.
	MinDelta float64
	// StartupTrials is the number of COMPLETE trials before which nothing is
	// pruned, 0 by default.
	StartupTrials int
	// WarmupSteps is the step before which a trial is not pruned.
	WarmupSteps int
}

// Patient lets a trial go on while it improves: only when none of its last
// Patience+1 reports comes within MinDelta of the best one before them, the
// wrapped pruner decides. It counts reports, not steps, as Optuna's
// PatientPruner does.
//
// NaN is no improvement: unlike in Optuna, a trial whose last reports are all
// NaN is out of patience. A trial without any number before them is not. It
// is safe for concurrent use if the wrapped pruner is.
type Patient struct {
	options PatientOptions
}

// NewPatient returns the rule. It fails when an option is out of range.
func NewPatient(o PatientOptions) (*Patient, error) {
	err := checkNaturals("patient", natural{"startup trials", o.StartupTrials}, natural{"warm-up steps", o.WarmupSteps})
	switch {
	case err != nil:
		return nil, err
	case o.Patience < 1:
		return nil, errors.New("patient pruner: patience must be at least 1 report")
	case !(o.MinDelta >= 0) || math.IsInf(o.MinDelta, 0):
		return nil, fmt.Errorf("patient pruner: min delta %g must be finite and not negative", o.MinDelta)
	}
	return &Patient{options: o}, nil
}

// Prune implements [search.Pruner].
func (p *Patient) Prune(ctx context.Context, h *search.History, t *search.Trial) (bool, error) {
	if err := ctx.Err(); err != nil {
		return false, err
	}
	last, ok := t.Last()
	if !ok || last.Step < p.options.WarmupSteps || p.improves(t, direction(h)) {
		return false, nil
	}
	if s := p.options.StartupTrials; s > 0 && count(h, t, search.Complete) < s {
		return false, nil
	}
	if p.options.Wrapped == nil {
		return true, nil
	}
	return p.options.Wrapped.Prune(ctx, h, t)
}

// improves reports whether the trial's patience is not used up.
func (p *Patient) improves(t *search.Trial, d search.Direction) bool {
	cut := len(t.Intermediate) - p.options.Patience - 1
	if cut < 1 {
		return true
	}
	before, after := best(t.Intermediate[:cut], d), best(t.Intermediate[cut:], d)
	if d == search.Maximize {
		before -= p.options.MinDelta
	} else {
		before += p.options.MinDelta
	}
	return !d.Better(before, after)
}
