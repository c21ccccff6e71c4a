// Package extrapolate lets a sampler see what pruned trials would have come
// to.
package extrapolate

import (
	"context"
	"math"
	"slices"

	"github.com/c-bata/goptuna"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// A Sampler gives the sampler that it wraps a history in which PRUNED trials
// are COMPLETE, with the value that their curves predict (see [Curves]).
//
// It is for samplers that model the value itself, such as a Gaussian process:
// to them the last value of a trial that ended early is misleading, because
// most trials still get better. tpe, which only ranks trials, finds nothing
// better with it (bench/search). Trials stay as they are when fewer than four
// COMPLETE ones have a report at their last step. It is safe for concurrent use
// if the wrapped sampler is.
type Sampler struct {
	*goptunabridge.Adapter // makes it a sampler of any goptuna study
	wrapped                search.Sampler
}

// New wraps a sampler.
func New(wrapped search.Sampler) *Sampler {
	s := &Sampler{wrapped: wrapped}
	s.Adapter = goptunabridge.Adapt(s)
	return s
}

// Suggest implements [search.Sampler].
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	return s.wrapped.Suggest(ctx, predicted(h), number, space, fixed)
}

// predicted returns the history with what can be predicted; h is not changed.
func predicted(h *search.History) *search.History {
	var c *Curves
	var trials []*search.Trial // a copy of the history's, once one is predicted
	for i, t := range h.Trials {
		if t.State != search.Pruned {
			continue
		}
		if c == nil {
			c = ReadCurves(h)
		}
		end, ok := c.End(t)
		if !ok {
			continue
		}
		if trials == nil {
			trials = slices.Clone(h.Trials)
		}
		done := *t
		done.State, done.Values = search.Complete, []float64{end.Mean}
		trials[i] = &done
	}
	if trials == nil {
		return h
	}
	return &search.History{Study: h.Study, Trials: trials}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
