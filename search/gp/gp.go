// Package gp suggests configurations by Bayesian optimization: it fits a
// Gaussian process to the trials and suggests where the ln of the expected
// improvement is largest.
//
// Sources: J. Snoek, H. Larochelle, R. P. Adams, "Practical Bayesian
// Optimization of Machine Learning Algorithms", NIPS 2012; S. Ament et al.,
// "Unexpected Improvements to Expected Improvement for Bayesian
// Optimization", NeurIPS 2023; E. C. Garrido-Merchán, D. Hernández-Lobato,
// "Dealing with categorical and integer-valued variables in Bayesian
// Optimization with Gaussian processes", 2020 (numbers are rounded before the
// kernel sees them); the other formulas name theirs. Axes are bent where that
// helps (see bend), and what an objective rounds is not tried again (see
// roundings).
package gp

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

// The defaults of [Options].
const (
	DefaultStartupTrials = 10
	DefaultMaxTrials     = 400
)

// Options are the settings of a [Sampler]; the zero value has the defaults.
type Options struct {
	Seed int64
	// StartupTrials is the number of COMPLETE or PRUNED trials before which
	// suggestions are those of [qmc.Sampler]. 0 means DefaultStartupTrials.
	StartupTrials int
	// MaxTrials bounds how many trials the process is fitted to, since the
	// time for a suggestion grows with its square. 0 means DefaultMaxTrials.
	MaxTrials int
	// IgnoreRunning leaves RUNNING trials out. Otherwise they are taken to
	// end as the process expects.
	IgnoreRunning bool
}

// Sampler is Bayesian optimization with a Gaussian process. It is safe for
// concurrent use. The embedded adapter makes it a sampler of any goptuna
// study.
type Sampler struct {
	*goptunabridge.Adapter
	options Options
	startup *qmc.Sampler
	fits    fitCache
}

// New returns a sampler. It fails when a count is negative, or MaxTrials so
// small that nothing can be learned.
func New(options Options) (*Sampler, error) {
	if options.StartupTrials < 0 {
		return nil, fmt.Errorf("gp: startup trials must not be negative: %d", options.StartupTrials)
	}
	if options.MaxTrials < 0 || options.MaxTrials > 0 && options.MaxTrials < leastMaxTrials {
		return nil, fmt.Errorf("gp: it must be fitted to at least %d trials, not %d", leastMaxTrials, options.MaxTrials)
	}
	if options.StartupTrials == 0 {
		options.StartupTrials = DefaultStartupTrials
	}
	if options.MaxTrials == 0 {
		options.MaxTrials = DefaultMaxTrials
	}
	s := &Sampler{options: options, startup: qmc.New(options.Seed)}
	s.Adapter = goptunabridge.Adapt(s)
	return s, nil
}

const leastMaxTrials = 20

// Suggest implements [search.Sampler]. Its time grows with the square of the
// number of trials up to MaxTrials.
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f := newFrame(space)
	d := f.collect(h, number, s.options.IgnoreRunning)
	if d.finished < s.options.StartupTrials || len(d.x) < 2 || len(f.axes) == 0 {
		return s.startup.Suggest(ctx, h, number, space, fixed)
	}
	hyper := s.fits.get(f, &d)
	d.thin(s.options.MaxTrials)
	p, err := newPosterior(f.layout, hyper, d.x, standardize(d.y), d.pending)
	if err != nil {
		return nil, err
	}
	a := newAcquisition(f, p, space, fixed, search.TriedIn(h.Trials, number, space))
	a.rounded = newRoundings(f.layout, &d, &hyper)
	found, err := a.maximize(search.Rand(s.options.Seed, number, "gp"), f.incumbents(&d))
	if err != nil {
		return nil, err
	}
	again := search.Rand(s.options.Seed, number, "gp#again")
	return search.Distinct(h, number, space, fixed, again, func(int) (map[string]float64, error) { return found.params, nil })
}
