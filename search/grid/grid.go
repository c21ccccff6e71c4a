// Package grid suggests every configuration of a finite space once, in order.
package grid

import (
	"context"
	"fmt"
	"math"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ search.Finite           = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// Options are the settings of a [Sampler].
type Options struct {
	// Points is the number of values that a range is divided into, both ends
	// included, evenly on its scale: every continuous range, and every range
	// of more values than that. 0 takes all values of a stepped range and
	// refuses a continuous one.
	Points int
}

// Sampler suggests the first configuration of the grid that no trial has, the
// last parameter varying fastest. Nothing but the history decides which that
// is, so that a study which is run again goes on where it was. After the last
// one it returns an error that wraps [search.ErrNothing], which ends the
// study; only an enqueued configuration is still completed then.
//
// It is safe for concurrent use. The embedded adapter makes it a sampler of
// any goptuna study.
type Sampler struct {
	*goptunabridge.Adapter
	options Options
}

// New returns a sampler. It fails when Points is negative or 1.
func New(options Options) (*Sampler, error) {
	if options.Points < 0 || options.Points == 1 {
		return nil, fmt.Errorf("grid: a range cannot be divided into %d points: want at least 2", options.Points)
	}
	s := &Sampler{options: options}
	s.Adapter = goptunabridge.Adapt(s)
	return s, nil
}

// Suggest implements [search.Sampler]. Its time grows with the number of
// trials.
func (s *Sampler) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	w, err := s.walk(space, fixed)
	if err != nil {
		return nil, err
	}
	tried := search.TriedIn(h.Trials, number, space)
	var first map[string]float64
	for {
		params, err := w.Next()
		if err != nil {
			return nil, err
		}
		if params == nil {
			break
		}
		if first == nil {
			first = params
		}
		if !tried.Has(params) {
			return params, nil
		}
	}
	for _, p := range space {
		if _, ok := fixed[p.Name]; ok {
			return first, nil // somebody asked for just this
		}
	}
	return nil, fmt.Errorf("grid: all of its configurations have been tried: %w", search.ErrNothing)
}

// Configurations implements [search.Finite].
func (s *Sampler) Configurations(study *search.Study, most int) ([]map[string]float64, bool) {
	w, err := s.walk(study.Definition.Space, study.Definition.Train)
	if err != nil {
		return nil, false
	}
	var all []map[string]float64
	for {
		params, err := w.Next()
		switch {
		case err != nil || len(all) > most:
			return nil, false
		case params == nil:
			return all, true
		}
		all = append(all, params)
	}
}

// CheckParam refuses a parameter that the grid has no values for: what
// [Sampler.Suggest] would say, before there is a study.
func (s *Sampler) CheckParam(p search.Param) error {
	if p.Distribution.Single() {
		return nil
	}
	_, err := s.values(p)
	return err
}

// walk returns a walk through the grid, at its beginning.
func (s *Sampler) walk(space search.Space, fixed map[string]any) (*search.Walk, error) {
	on := make(map[string]values)
	for _, p := range space {
		if _, ok := fixed[p.Name]; ok || p.Distribution.Single() {
			continue
		}
		v, err := s.values(p)
		if err != nil {
			return nil, err
		}
		on[p.Name] = v
	}
	return search.NewWalk(space, fixed, func(p search.Param, k int64) (v, count float64) {
		these := on[p.Name]
		return these.at(k), float64(these.count)
	}), nil
}

// values are those that a parameter takes on the grid.
type values struct {
	axis  cube.Axis
	count int64
	all   bool // every value of the distribution, else evenly spread ones
}

func (s *Sampler) values(p search.Param) (values, error) {
	axis := cube.NewAxis(p)
	points := float64(s.options.Points)
	switch {
	case axis.Choices > 0, !math.IsInf(axis.Count, 1) && (points == 0 || axis.Count <= points):
		return values{axis: axis, count: int64(axis.Count), all: true}, nil
	case points == 0:
		return values{}, fmt.Errorf("grid: parameter %q is continuous (%v): give it a step, or the sampler the option points", p.Name, p.Distribution)
	}
	return values{axis: axis, count: int64(points)}, nil
}

// at returns the k-th value.
func (v *values) at(k int64) float64 {
	if v.all {
		return search.ValueAt(v.axis.Distribution, k)
	}
	return v.axis.Value(float64(k) / float64(v.count-1))
}
