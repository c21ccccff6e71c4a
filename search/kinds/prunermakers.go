package kinds

import (
	"fmt"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/pruner"
)

func newMedian(spec search.PrunerSpec, o *options) (search.Pruner, error) {
	m := pruner.MedianOptions{
		StartupTrials: spec.StartupTrials, WarmupSteps: spec.WarmupSteps,
		Interval: o.natural("interval", 1), MinTrials: o.natural("min_trials", 1),
	}
	return made(o, func() (search.Pruner, error) { return pruner.NewMedian(m) })
}

func newPercentile(spec search.PrunerSpec, o *options) (search.Pruner, error) {
	p := pruner.PercentileOptions{
		StartupTrials: spec.StartupTrials, WarmupSteps: spec.WarmupSteps, Percentile: o.positive("percentile"),
		Interval: o.natural("interval", 1), MinTrials: o.natural("min_trials", 1),
	}
	return made(o, func() (search.Pruner, error) { return pruner.NewPercentile(p) })
}

func newThreshold(spec search.PrunerSpec, o *options) (search.Pruner, error) {
	t := pruner.ThresholdOptions{
		StartupTrials: spec.StartupTrials, WarmupSteps: spec.WarmupSteps,
		Lower: o.number("lower"), Upper: o.number("upper"), Interval: o.natural("interval", 1),
	}
	return made(o, func() (search.Pruner, error) { return pruner.NewThreshold(t) })
}

func newPatient(spec search.PrunerSpec, o *options) (search.Pruner, error) {
	p := pruner.PatientOptions{
		StartupTrials: spec.StartupTrials, WarmupSteps: spec.WarmupSteps, Patience: o.natural("patience", 1),
	}
	if delta := o.number("min_delta"); delta != nil {
		p.MinDelta = *delta
	}
	inner, ok := o.mapping("wraps")
	return made(o, func() (search.Pruner, error) {
		if ok {
			wrapped, err := wrappedPruner(o.owner, inner)
			if err != nil {
				return nil, err
			}
			p.Wrapped = wrapped
		}
		return pruner.NewPatient(p)
	})
}

// wrappedPruner makes the pruner that an option describes as a study file
// would.
func wrappedPruner(owner string, values map[string]any) (search.Pruner, error) {
	o := &options{owner: owner + ", option wraps", values: values}
	spec := search.PrunerSpec{Kind: o.text("kind")}
	spec.StartupTrials, spec.WarmupSteps = o.natural("startup_trials", 0), o.natural("warmup_steps", 0)
	spec.Options, _ = o.mapping("options")
	if err := o.check(); err != nil {
		return nil, err
	}
	if spec.Kind == "" {
		return nil, fmt.Errorf("%s has no kind", o.owner)
	}
	wrapped, err := NewPruner(spec)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", o.owner, err)
	}
	return wrapped, nil
}

func newASHA(spec search.PrunerSpec, o *options) (search.Pruner, error) {
	a := pruner.ASHAOptions{
		StartupTrials: spec.StartupTrials, WarmupSteps: spec.WarmupSteps,
		MinResource: o.natural("min_resource", 1), MaxResource: o.natural("max_resource", 1),
		Reduction: o.natural("reduction", 2), EarlyStopping: o.natural("early_stopping", 0),
		LeastChance: o.leastChance(), EndRepeats: o.flag("end_repeats", true),
	}
	return made(o, func() (search.Pruner, error) { return pruner.NewASHA(a) })
}

func newHyperband(spec search.PrunerSpec, o *options) (search.Pruner, error) {
	h := pruner.HyperbandOptions{
		StartupTrials: spec.StartupTrials, WarmupSteps: spec.WarmupSteps,
		MinResource: o.natural("min_resource", 1), MaxResource: o.natural("max_resource", 1),
		Reduction: o.natural("reduction", 2), LeastChance: o.leastChance(), EndRepeats: o.flag("end_repeats", true),
	}
	return made(o, func() (search.Pruner, error) { return pruner.NewHyperband(h) })
}

func (o *options) leastChance() float64 {
	if chance := o.number("least_chance"); chance != nil {
		return *chance
	}
	return pruner.DefaultLeastChance
}

func newWilcoxon(spec search.PrunerSpec, o *options) (search.Pruner, error) {
	w := pruner.WilcoxonOptions{StartupTrials: spec.StartupTrials, WarmupSteps: spec.WarmupSteps, P: o.positive("p")}
	return made(o, func() (search.Pruner, error) { return pruner.NewWilcoxon(w) })
}

// made checks the options before it calls a maker.
func made(o *options, maker func() (search.Pruner, error)) (search.Pruner, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return maker()
}
