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

// prunerKinds is in the order in which the kinds are listed to people. It is
// a function because one kind of pruner wraps another.
func prunerKinds() []prunerKind {
	return []prunerKind{
		{"none", func(_ search.PrunerSpec, o *options) (search.Pruner, error) { return pruner.None{}, o.check() }},
		{"median", newMedian},
		{"percentile", newPercentile},
		{"threshold", newThreshold},
		{"patient", newPatient},
		{"asha", newASHA},
		{"hyperband", newHyperband},
		{"wilcoxon", newWilcoxon},
	}
}

// PrunerKinds lists the kinds that [NewPruner] knows.
func PrunerKinds() []string {
	all := prunerKinds()
	names := make([]string, len(all))
	for i, k := range all {
		names[i] = k.name
	}
	return names
}

// NewPruner makes the pruner of a specification; an empty kind is
// [DefaultPruner]. It fails as [NewSampler] does.
//
// Options, which are those of the pruners in package pruner:
//
//   - median: interval (in steps, 1), min_trials (1)
//   - percentile: the same and percentile (25)
//   - threshold: lower, upper (one is required), interval
//   - patient: patience (required), min_delta (0), and wraps, a pruner as in a
//     study file, which decides when patience is used up
//   - asha: min_resource, max_resource, reduction (2), early_stopping (0),
//     least_chance (0.1), end_repeats (true)
//   - hyperband: min_resource, max_resource, reduction (3), least_chance (0.1),
//     end_repeats (true)
//   - wilcoxon: p (0.1)
func NewPruner(spec search.PrunerSpec) (search.Pruner, error) {
	kind := spec.Kind
	if kind == "" {
		kind = DefaultPruner
	}
	for _, k := range prunerKinds() {
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
