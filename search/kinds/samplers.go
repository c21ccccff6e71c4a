package kinds

import (
	"context"
	"fmt"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/auto"
	"github.com/hpsearch/hpsearch/search/cmaes"
	"github.com/hpsearch/hpsearch/search/extrapolate"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
	"github.com/hpsearch/hpsearch/search/gp"
	"github.com/hpsearch/hpsearch/search/grid"
	"github.com/hpsearch/hpsearch/search/nsga2"
	"github.com/hpsearch/hpsearch/search/qmc"
	"github.com/hpsearch/hpsearch/search/random"
	"github.com/hpsearch/hpsearch/search/tpe"
)

// DefaultSampler is the kind that an empty kind stands for.
const DefaultSampler = "auto"

type samplerKind struct {
	name string
	make func(spec search.SamplerSpec, o *options) (search.Sampler, error)
}

// samplerKinds is in the order in which the kinds are listed to people.
var samplerKinds = []samplerKind{
	{"auto", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		if err := o.check(); err != nil {
			return nil, err
		}
		return auto.New(auto.Options{Seed: spec.Seed, StartupTrials: spec.StartupTrials})
	}},
	{"tpe", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		t := tpe.Options{
			Seed:          spec.Seed,
			StartupTrials: spec.StartupTrials,
			Candidates:    o.natural("candidates", 1),
			IgnoreRunning: !o.flag("constant_liar", true),
		}
		if err := o.check(); err != nil {
			return nil, err
		}
		return tpe.New(t)
	}},
	{"gp", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		g := gp.Options{
			Seed:          spec.Seed,
			StartupTrials: spec.StartupTrials,
			MaxTrials:     o.natural("max_trials", 20),
			IgnoreRunning: !o.flag("kriging_believer", true),
		}
		if err := o.check(); err != nil {
			return nil, err
		}
		s, err := gp.New(g)
		if err != nil {
			return nil, err
		}
		return extrapolate.New(s), nil
	}},
	{"cmaes", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		c := cmaes.Options{
			Seed:          spec.Seed,
			StartupTrials: spec.StartupTrials,
			Population:    o.natural("population", 4),
		}
		if err := o.check(); err != nil {
			return nil, err
		}
		return cmaes.New(c)
	}},
	{"nsga2", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		n := nsga2.Options{
			Seed:          spec.Seed,
			StartupTrials: spec.StartupTrials,
			Population:    o.natural("population", 4),
		}
		if err := o.check(); err != nil {
			return nil, err
		}
		return nsga2.New(n)
	}},
	{"qmc", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		return qmc.New(spec.Seed), o.check()
	}},
	{"grid", func(_ search.SamplerSpec, o *options) (search.Sampler, error) {
		g := grid.Options{Points: o.natural("points", 2)}
		if err := o.check(); err != nil {
			return nil, err
		}
		return grid.New(g)
	}},
	{"random", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		return random.New(spec.Seed), o.check()
	}},
	{"goptuna-tpe", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		t := goptunabridge.StockOptions{
			Seed:          spec.Seed,
			StartupTrials: spec.StartupTrials,
			Candidates:    o.natural("candidates", 1),
		}
		if err := o.check(); err != nil {
			return nil, err
		}
		return goptunabridge.NewTPE(t)
	}},
	{"goptuna-random", func(spec search.SamplerSpec, o *options) (search.Sampler, error) {
		return goptunabridge.NewRandom(goptunabridge.StockOptions{Seed: spec.Seed}), o.check()
	}},
}

// SamplerKinds lists the kinds that [NewSampler] knows.
func SamplerKinds() []string {
	names := make([]string, len(samplerKinds))
	for i, k := range samplerKinds {
		names[i] = k.name
	}
	return names
}

// NewSampler makes the sampler of a specification; an empty kind is
// [DefaultSampler]. It fails for an unknown kind, an unknown option, and an
// option of the wrong type or range.
//
// Options: tpe has candidates (an integer, 48) and constant_liar (true); gp
// has max_trials (400) and kriging_believer (true); cmaes and nsga2 (20) have
// population; grid has points; goptuna-tpe has candidates; the others have none.
func NewSampler(spec search.SamplerSpec) (search.Sampler, error) {
	kind := spec.Kind
	if kind == "" {
		kind = DefaultSampler
	}
	for _, k := range samplerKinds {
		if k.name != kind {
			continue
		}
		owner := fmt.Sprintf("sampler %q", kind)
		if err := notNegative(owner, "startup_trials", spec.StartupTrials); err != nil {
			return nil, err
		}
		s, err := k.make(spec, &options{owner: owner, values: spec.Options})
		if err != nil {
			return nil, err
		}
		return s, nil
	}
	return nil, fmt.Errorf("unknown sampler %q; the samplers are %s", kind, strings.Join(SamplerKinds(), ", "))
}

// Exhausted is [search.Goals.Exhausted] for the sampler that a study names. A
// sampler that is not known, of a newer version, is not exhausted.
func Exhausted(ctx context.Context, goals *search.Goals, counts search.Counts) (search.Goal, error) {
	sampler, err := NewSampler(goals.Study.Definition.Sampler)
	if err != nil {
		return search.Goal{}, nil
	}
	return goals.Exhausted(ctx, sampler, counts)
}
