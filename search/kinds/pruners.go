package kinds

import (
	"fmt"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/pruner"
)

// DefaultPruner is the kind that an empty kind stands for.
const DefaultPruner = "none"

type prunerKind struct {
	name string
	make func(spec search.PrunerSpec, o *options) (search.Pruner, error)
}

var prunerKinds = []prunerKind{
	{"none", func(_ search.PrunerSpec, o *options) (search.Pruner, error) { return pruner.None{}, o.check() }},
	{"median", func(spec search.PrunerSpec, o *options) (search.Pruner, error) {
		m := pruner.MedianOptions{
			StartupTrials: spec.StartupTrials,
			WarmupSteps:   spec.WarmupSteps,
			Interval:      o.natural("interval", 1),
			MinTrials:     o.natural("min_trials", 1),
		}
		if err := o.check(); err != nil {
			return nil, err
		}
		return pruner.NewMedian(m)
	}},
}

// PrunerKinds lists the kinds that [NewPruner] knows.
func PrunerKinds() []string {
	names := make([]string, len(prunerKinds))
	for i, k := range prunerKinds {
		names[i] = k.name
	}
	return names
}

// NewPruner makes the pruner of a specification; an empty kind is
// [DefaultPruner]. It fails as [NewSampler] does.
//
// Options: median has interval (in steps, 1) and min_trials (1).
func NewPruner(spec search.PrunerSpec) (search.Pruner, error) {
	kind := spec.Kind
	if kind == "" {
		kind = DefaultPruner
	}
	for _, k := range prunerKinds {
		if k.name != kind {
			continue
		}
		owner := fmt.Sprintf("pruner %q", kind)
		if err := notNegative(owner, "startup_trials", spec.StartupTrials); err != nil {
			return nil, err
		}
		if err := notNegative(owner, "warmup_steps", spec.WarmupSteps); err != nil {
			return nil, err
		}
		p, err := k.make(spec, &options{owner: owner, values: spec.Options})
		if err != nil {
			return nil, err
		}
		return p, nil
	}
	return nil, fmt.Errorf("unknown pruner %q; the pruners are %s", kind, strings.Join(PrunerKinds(), ", "))
}
