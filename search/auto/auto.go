// Package auto chooses a sampler for a study.
//
// The choice follows what bench/search measures: the Gaussian process finds
// better values than the other samplers on nearly every function, with one
// trial at a time and with eight, for the price of some ten milliseconds a
// suggestion. Where that price is too high, the tree-structured Parzen
// estimator suggests. Both look for the best of one value: where there are
// several objectives, NSGA-II suggests.
package auto

import (
	"context"
	"fmt"
	"math"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/extrapolate"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
	"github.com/hpsearch/hpsearch/search/gp"
	"github.com/hpsearch/hpsearch/search/grid"
	"github.com/hpsearch/hpsearch/search/nsga2"
	"github.com/hpsearch/hpsearch/search/tpe"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ search.Finite           = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// What the choice depends on.
const (
	// LongStudy is the number of trials from which a study's trials must be
	// cheap. Its first ProcessTrials trials are the Gaussian process's.
	LongStudy     = 1000
	ProcessTrials = 300
	// ManyParameters is the number from which the process would take more
	// than a second to fit.
	ManyParameters = 100
	// ManyWorkers is the number from which a suggestion of the process would
	// be waited for by others.
	ManyWorkers = 50
)

// Options are the settings of a [Sampler]; the zero value has the defaults.
type Options struct {
	Seed int64
	// StartupTrials is passed on; 0 means the chosen sampler's default.
	StartupTrials int
}

// Sampler suggests with the sampler that suits the study: its space, the
// number of trials and the workers of its budget, and how many trials it has.
// Where the budget has room for every configuration, it returns an error that
// wraps [search.ErrNothing] once all have been tried, which ends the study. It
// is safe for concurrent use. The embedded adapter makes it a sampler of
// any goptuna study.
type Sampler struct {
	*goptunabridge.Adapter
	process search.Sampler
	parzen  *tpe.Sampler
	genetic *nsga2.Sampler
	grid    *grid.Sampler
}

// New returns a sampler. It fails when a count is negative.
func New(o Options) (*Sampler, error) {
	process, err := gp.New(gp.Options{Seed: o.Seed, StartupTrials: o.StartupTrials})
	if err != nil {
		return nil, fmt.Errorf("auto: %w", err)
	}
	parzen, err := tpe.New(tpe.Options{Seed: o.Seed, StartupTrials: o.StartupTrials})
	if err != nil {
		return nil, fmt.Errorf("auto: %w", err)
	}
	genetic, err := nsga2.New(nsga2.Options{Seed: o.Seed, StartupTrials: o.StartupTrials})
	if err != nil {
		return nil, fmt.Errorf("auto: %w", err)
	}
	every, err := grid.New(grid.Options{})
	if err != nil {
		return nil, fmt.Errorf("auto: %w", err)
	}
	s := &Sampler{process: extrapolate.New(process), parzen: parzen, genetic: genetic, grid: every}
	s.Adapter = goptunabridge.Adapt(s)
	return s, nil
}

// Suggest implements [search.Sampler].
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	var budget search.Budget
	objectives := 1
	if h.Study != nil {
		budget, objectives = h.Study.Definition.Budget, len(h.Study.Directions)
	}
	if _, ok := exhaustible(space, budget); ok {
		if params, err := s.grid.Suggest(ctx, h, number, space, fixed); err != nil {
			return params, err
		}
	}
	sampler := s.process
	switch kind, _ := choose(space, budget, objectives, len(h.Trials)); kind {
	case "nsga2":
		sampler = s.genetic
	case "tpe":
		sampler = s.parzen
	}
	return sampler.Suggest(ctx, h, number, space, fixed)
}

// Configurations implements [search.Finite].
func (s *Sampler) Configurations(study *search.Study, most int) ([]map[string]float64, bool) {
	if _, ok := exhaustible(study.Definition.Space, study.Definition.Budget); !ok {
		return nil, false
	}
	return s.grid.Configurations(study, most)
}

// Choice says which sampler suggests the trials of a study and why, for
// people: "gp: the fewest trials to a good value".
func (s *Sampler) Choice(study *search.Study) string {
	d := study.Definition
	kind, why := choose(d.Space, d.Budget, len(study.Directions), 0)
	text := kind + ": " + why
	if later, reason := choose(d.Space, d.Budget, len(study.Directions), math.MaxInt); later != kind {
		text += fmt.Sprintf("; then %s: %s", later, reason)
	}
	if n, ok := exhaustible(d.Space, d.Budget); ok {
		text += fmt.Sprintf("; ends when all of at most %.0f configurations have been tried", n)
	}
	return text
}

// choose returns the kind and the reason for a study that has trials trials.
func choose(space search.Space, budget search.Budget, objectives, trials int) (kind, why string) {
	searched := 0
	for _, p := range space {
		if !p.Distribution.Single() {
			searched++
		}
	}
	switch {
	case objectives > 1:
		return "nsga2", fmt.Sprintf("%d objectives have no best trial but a front of them", objectives)
	case searched >= ManyParameters:
		return "tpe", fmt.Sprintf("%d parameters are many for a Gaussian process", searched)
	case budget.Parallel >= ManyWorkers:
		return "tpe", fmt.Sprintf("%d workers need suggestions quickly", budget.Parallel)
	case budget.Trials >= LongStudy && trials >= ProcessTrials:
		return "tpe", fmt.Sprintf("a study of %d trials needs suggestions quickly", budget.Trials)
	case budget.Trials >= LongStudy:
		return "gp", fmt.Sprintf("the fewest trials to a good value, for the first %d", ProcessTrials)
	}
	return "gp", "the fewest trials to a good value"
}

// exhaustible reports whether the budget has room for every configuration,
// and an upper bound of their number: conditions leave fewer.
func exhaustible(space search.Space, budget search.Budget) (float64, bool) {
	n := 1.0
	for _, p := range space {
		n *= search.Cardinality(p.Distribution)
	}
	return n, n <= float64(budget.Trials)
}
