// Package cmaes suggests configurations by the covariance matrix adaptation
// evolution strategy, with goptuna's optimizer: N. Hansen, "The CMA Evolution
// Strategy: A Tutorial", arXiv:1604.00772, 2016.
package cmaes

import (
	"context"
	"fmt"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
	"github.com/hpsearch/hpsearch/search/qmc"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// DefaultStartupTrials is the default of [Options].
const DefaultStartupTrials = 5

// Options are the settings of a [Sampler]; the zero value has the defaults.
type Options struct {
	Seed int64
	// StartupTrials is the number of finished trials before which suggestions
	// are those of [qmc.Sampler]; the best of them is where the strategy
	// begins. 0 means DefaultStartupTrials.
	StartupTrials int
	// Population is the number of trials of a generation, at least 4; 0 means
	// Hansen's 4 + ⌊3 ln d⌋ for d parameters. It doubles with every restart
	// (A. Auger, N. Hansen, "A restart CMA evolution strategy with increasing
	// population size", CEC 2005).
	Population int
}

// Sampler is CMA-ES on the unit cube. The state of the strategy follows from
// the history alone: finished trials, in the order of their numbers, make up
// the generations. Any process can therefore go on, and pending trials do not
// hold it up; they only enter a later generation.
//
// A discrete parameter changes to a neighbouring value with a probability
// that never falls below 1/(d·population), the margin of R. Hamano et al.,
// "CMA-ES with margin", GECCO 2022, applied here to the sample and not to the
// covariance. Choices, which have no order, are drawn as often as they occur
// among the better trials. It is safe for concurrent use. The embedded
// adapter makes it a sampler of any goptuna study.
type Sampler struct {
	*goptunabridge.Adapter
	options Options
	startup *qmc.Sampler
}

// New returns a sampler. It fails when a count is out of its range.
func New(options Options) (*Sampler, error) {
	if options.StartupTrials < 0 {
		return nil, fmt.Errorf("cmaes: startup trials must not be negative: %d", options.StartupTrials)
	}
	if options.Population != 0 && options.Population < leastPopulation {
		return nil, fmt.Errorf("cmaes: a population needs at least %d trials, not %d", leastPopulation, options.Population)
	}
	if options.StartupTrials == 0 {
		options.StartupTrials = DefaultStartupTrials
	}
	s := &Sampler{options: options, startup: qmc.New(options.Seed)}
	s.Adapter = goptunabridge.Adapt(s)
	return s, nil
}

const leastPopulation = 4

// Suggest implements [search.Sampler]. Its time grows with the number of
// trials: the generations are gone through anew.
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	axes := cube.Axes(space)
	members := collect(h, number, axes)
	if len(members) < max(1, s.options.StartupTrials) || len(axes) == 0 {
		return s.startup.Suggest(ctx, h, number, space, fixed)
	}
	st, err := s.replay(axes, members, number)
	if err != nil {
		return nil, err
	}
	again := search.Rand(s.options.Seed, number, "cmaes#again")
	return search.Distinct(h, number, space, fixed, again, func(int) (map[string]float64, error) {
		point, err := st.sample()
		if err != nil {
			return nil, err
		}
		return cube.Fill(space, fixed, axes, point)
	})
}
