// Package tpe suggests configurations by the tree-structured Parzen
// estimator: it estimates one density from the good trials and one from the
// others and suggests where the first is large and the second small.
//
// Sources: J. Bergstra, R. Bardenet, Y. Bengio, B. Kégl, "Algorithms for
// Hyper-Parameter Optimization", NIPS 2011; J. Bergstra, D. Yamins, D. D. Cox,
// "Making a Science of Model Search", ICML 2013; S. Watanabe, "Tree-Structured
// Parzen Estimator: Understanding Its Algorithm Components and Their Roles for
// Better Empirical Performance", arXiv:2304.11127, 2023; D. Ginsbourger, R. Le
// Riche, L. Carraro, "Kriging is well-suited to parallelize optimization",
// 2010. Default settings are those of Optuna's TPESampler, but for the number of
// candidates, the weights of the good and of the running trials, the narrowest
// kernels, and the kernel at the centre of the good trials while others run. Left
// out, since bench/search found nothing in it: to take choices that are
// ascending numbers as numbers, which helps gp.
package tpe

import (
	"context"
	"fmt"
	"math"
	"strings"
	"sync"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
	"github.com/hpsearch/hpsearch/search/random"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// The defaults of [Options].
const (
	DefaultStartupTrials = 10
	DefaultCandidates    = 48
)

// Options are the settings of a [Sampler]; the zero value has the defaults.
type Options struct {
	Seed int64
	// StartupTrials is the number of COMPLETE or PRUNED trials before which
	// suggestions are random; when half of them have ended, RUNNING ones count
	// with them. 0 means DefaultStartupTrials.
	StartupTrials int
	// Candidates is the number of draws that the suggestion is chosen from.
	// 0 means DefaultCandidates.
	Candidates int
	// IgnoreRunning switches off what is made of RUNNING trials: the constant
	// liar, which counts them as bad ones, and the kernel at the centre of the
	// good ones.
	IgnoreRunning bool
}

// Sampler is the tree-structured Parzen estimator, multivariate over the
// parameters that exist under the same conditions. It is safe for concurrent
// use. The embedded adapter makes it a sampler of any goptuna study.
type Sampler struct {
	*goptunabridge.Adapter
	options Options
	startup *random.Sampler
	ledger  ledger
}

// New returns a sampler. It fails when a count is negative.
func New(options Options) (*Sampler, error) {
	if options.StartupTrials < 0 {
		return nil, fmt.Errorf("tpe: startup trials must not be negative: %d", options.StartupTrials)
	}
	if options.Candidates < 0 {
		return nil, fmt.Errorf("tpe: candidates must not be negative: %d", options.Candidates)
	}
	if options.StartupTrials == 0 {
		options.StartupTrials = DefaultStartupTrials
	}
	if options.Candidates == 0 {
		options.Candidates = DefaultCandidates
	}
	s := &Sampler{options: options, startup: random.New(options.Seed)}
	s.Adapter = goptunabridge.Adapt(s)
	return s, nil
}

// Suggest implements [search.Sampler].
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	seen := s.ledger.observe(h, number, s.options.IgnoreRunning)
	if !seen.suffice(s.options.StartupTrials) {
		return s.startup.Suggest(ctx, h, number, space, fixed)
	}
	m := &model{options: s.options, number: number, observations: seen, groupOf: make(map[string]*group)}
	groups := decompose(space)
	for _, g := range groups {
		for _, name := range g.names {
			m.groupOf[name] = g
		}
	}
	if len(groups) == 1 {
		m.tried = sync.OnceValue(func() map[string]bool { return triedIn(h, number, groups[0]) })
	}
	again := search.Rand(s.options.Seed, number, "tpe#again")
	return search.Distinct(h, number, space, fixed, again, func(attempt int) (map[string]float64, error) {
		return m.draw(space, fixed, attempt)
	})
}

// A model is what one call of Suggest estimates; groups are fitted when the
// first of their parameters turns out to be needed.
type model struct {
	options      Options
	number       int
	observations observations
	groupOf      map[string]*group
	// tried returns the keys of the configurations that were tried; nil where
	// no group is all of a configuration.
	tried func() map[string]bool
}

// draw makes one configuration; each attempt makes another. The first one is
// seldom a configuration that was tried: only when it is, the next ones leave
// such candidates out. In a finite space the good density is soon concentrated
// on a few configurations, and one draw would repeat another.
func (m *model) draw(space search.Space, fixed map[string]any, attempt int) (map[string]float64, error) {
	drawn := make(map[string]float64, len(space))
	return space.Fill(fixed, func(p search.Param, _ map[string]float64) (float64, error) {
		if v, ok := drawn[p.Name]; ok {
			return v, nil
		}
		g := m.groupOf[p.Name]
		if g.good == nil {
			g.fit(m.observations)
		}
		known, err := g.known(fixed)
		if err != nil {
			return 0, err
		}
		stream := fmt.Sprintf("tpe#%d/%s", attempt, strings.Join(g.names, "/"))
		rng := search.Rand(m.options.Seed, m.number, stream)
		var tried map[string]bool
		if attempt > 0 && m.tried != nil {
			tried = m.tried()
		}
		for j, v := range g.suggest(rng, m.options.Candidates, known, tried) {
			drawn[g.names[j]] = v
		}
		return drawn[p.Name], nil
	})
}

// known returns the internal values of the group's fixed parameters and NaN
// for the others.
func (g *group) known(fixed map[string]any) ([]float64, error) {
	known := make([]float64, len(g.names))
	for j, name := range g.names {
		known[j] = math.NaN()
		external, ok := fixed[name]
		if !ok {
			continue
		}
		v, err := g.distributions[j].Internal(external)
		if err != nil {
			return nil, fmt.Errorf("fixed value of %q: %w", name, err)
		}
		known[j] = v
	}
	return known, nil
}
