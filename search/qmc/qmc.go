// Package qmc suggests the points of a scrambled Sobol sequence: they fill
// the space more evenly than random ones.
package qmc

import (
	"context"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// Sampler suggests point number of the sequence for trial number. Every
// parameter of the space has a dimension, also where it is inactive; those
// beyond [MaxDimensions] are drawn uniformly. A point that was tried before,
// as happens in discrete spaces, is replaced by [search.Distinct].
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
	axes := cube.Axes(space)
	sobol := NewSobol(min(len(axes), MaxDimensions), s.seed)
	point := make([]float64, len(axes))
	again := search.Rand(s.seed, number, "qmc#again")
	return search.Distinct(h, number, space, fixed, again, func(attempt int) (map[string]float64, error) {
		// Another attempt takes a point from far along the sequence, which no
		// trial will come to.
		index := uint32(attempt)<<28 + uint32(number)&(1<<28-1)
		covered := min(len(axes), MaxDimensions)
		sobol.Point(index, point[:covered])
		rng := search.Rand(s.seed, int(index), "qmc/rest")
		for j := covered; j < len(point); j++ {
			point[j] = rng.Float64()
		}
		return cube.Fill(space, fixed, axes, point)
	})
}
