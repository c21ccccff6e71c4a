// Package nsga2 suggests configurations by the genetic algorithm NSGA-II: K.
// Deb, A. Pratap, S. Agarwal, T. Meyarivan, "A fast and elitist multiobjective
// genetic algorithm: NSGA-II", IEEE Transactions on Evolutionary Computation
// 6(2), 2002. It is for studies of several objectives, and works for one.
package nsga2

import (
	"context"
	"fmt"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
	"github.com/hpsearch/hpsearch/search/qmc"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// DefaultPopulation is the default of [Options]. Up to some hundred trials it
// came further than 50 on every one of [searchtest.Tradeoffs], and after 1,000
// as far.
const DefaultPopulation = 20

// leastPopulation is the smallest that leaves something to choose from.
const leastPopulation = 4

// Options are the settings of a [Sampler]; the zero value has the defaults.
type Options struct {
	Seed int64
	// Population is the number of trials that survive, at least 4; 0 means
	// DefaultPopulation.
	Population int
	// StartupTrials is the number of COMPLETE trials before which suggestions
	// are those of [qmc.Sampler]; 0 means the population. A study of 60 trials
	// and more is then better than the sequence alone: on [searchtest.Tradeoffs]
	// with 20 seeds each it had the larger hypervolume in 45 of 100 studies after
	// 30 trials, in 64 after 40, in 76 after 60 and in 85 after 80.
	StartupTrials int
}

// Sampler is NSGA-II with the steady state of A. J. Nebro and J. J. Durillo,
// "On the effect of applying a steady-state selection scheme in the
// multi-objective genetic algorithm NSGA-II", 2009: each COMPLETE trial, in
// the order of the numbers, competes for a place in the population as soon as
// it is there, so that workers never wait for a generation to be full.
//
// The population follows from the history alone, and what is bred from it
// from the seed and the number of the trial: any process can go on. RUNNING
// trials have no part in it, but are not suggested again. PRUNED and FAIL
// trials, and values that are no number, leave no offspring.
//
// It is safe for concurrent use. The embedded adapter makes it a sampler of
// any goptuna study.
type Sampler struct {
	*goptunabridge.Adapter
	options Options
	startup *qmc.Sampler
	lineage lineage
}

// New returns a sampler. It fails when a count is out of its range.
func New(options Options) (*Sampler, error) {
	if options.StartupTrials < 0 {
		return nil, fmt.Errorf("nsga2: startup trials must not be negative: %d", options.StartupTrials)
	}
	if options.Population != 0 && options.Population < leastPopulation {
		return nil, fmt.Errorf("nsga2: a population needs at least %d trials, not %d", leastPopulation, options.Population)
	}
	if options.Population == 0 {
		options.Population = DefaultPopulation
	}
	if options.StartupTrials == 0 {
		options.StartupTrials = options.Population
	}
	s := &Sampler{options: options, startup: qmc.New(options.Seed)}
	s.Adapter = goptunabridge.Adapt(s)
	return s, nil
}

// Suggest implements [search.Sampler].
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	genes := newGenome(space)
	members, values := collect(h, number, genes)
	if len(members) < max(2, s.options.StartupTrials) || len(genes.axes) == 0 {
		return s.startup.Suggest(ctx, h, number, space, fixed)
	}
	b := brood{
		genome: genes, members: members, space: space, fixed: fixed,
		population: s.lineage.after(values, s.options.Population),
		rng:        search.Rand(s.options.Seed, number, "nsga2"),
	}
	again := search.Rand(s.options.Seed, number, "nsga2#again")
	return search.Distinct(h, number, space, fixed, again, func(int) (map[string]float64, error) {
		return b.child()
	})
}
