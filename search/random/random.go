// Package random suggests configurations at random, independently of what
// was tried before, except that it does not repeat a configuration.
package random

import (
	"context"
	"fmt"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// Sampler draws each parameter by [search.Uniform] from a generator seeded
// with (seed, trial number, parameter name). A parameter's draw therefore
// does not change when other parameters are added or removed.
//
// It is safe for concurrent use. The embedded adapter makes it a sampler of
// any goptuna study.
type Sampler struct {
	*goptunabridge.Adapter
	seed int64
}

// New returns a sampler whose suggestions depend on seed and trial number.
func New(seed int64) *Sampler {
	s := &Sampler{seed: seed}
	s.Adapter = goptunabridge.Adapt(s)
	return s
}

// Suggest implements [search.Sampler].
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	again := search.Rand(s.seed, number, "random#again")
	return search.Distinct(h, number, space, fixed, again, func(attempt int) (map[string]float64, error) {
		return space.Fill(fixed, func(p search.Param, _ map[string]float64) (float64, error) {
			stream := "random/" + p.Name
			if attempt > 0 {
				stream = fmt.Sprintf("random#%d/%s", attempt, p.Name)
			}
			return search.Uniform(search.Rand(s.seed, number, stream), p.Distribution), nil
		})
	})
}
