// Package extrapolate lets a sampler see what pruned trials would have come
// to.
package extrapolate

import (
	"context"
	"math"
	"slices"

	"github.com/c-bata/goptuna"
	"gonum.org/v1/gonum/stat"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
)

var (
	_ search.Sampler          = (*Sampler)(nil)
	_ goptuna.Sampler         = (*Sampler)(nil)
	_ goptuna.RelativeSampler = (*Sampler)(nil)
)

// enough is the number of COMPLETE trials that must have reported a step
// before anything is predicted from it: two fit any line.
const enough = 3

// A Sampler gives the sampler that it wraps a history in which PRUNED trials
// are COMPLETE, with the value that their last report predicts: a line, fitted
// to the COMPLETE trials, from the value at that step to the value at the end.
// Its slope is kept in [0, 1]: what is ahead stays ahead or is caught up with,
// but gets no further away.
//
// It is for samplers that model the value itself, such as a Gaussian process:
// to them the last value of a trial that ended early is misleading, because
// most trials still get better. Trials that were pruned at a step which fewer
// than three COMPLETE ones have reported stay as they are. It is safe for
// concurrent use if the wrapped sampler is.
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
	lines := make(map[int]line)
	var trials []*search.Trial // a copy of the history's, once one is predicted
	for i, t := range h.Trials {
		last, ok := t.Last()
		if !ok || t.State != search.Pruned || !finite(last.Value) {
			continue
		}
		l, known := lines[last.Step]
		if !known {
			l = fit(h, last.Step)
			lines[last.Step] = l
		}
		value := l.intercept + l.slope*last.Value
		if !l.ok || !finite(value) {
			continue
		}
		if trials == nil {
			trials = slices.Clone(h.Trials)
		}
		done := *t
		done.State, done.Values = search.Complete, []float64{value}
		trials[i] = &done
	}
	if trials == nil {
		return h
	}
	return &search.History{Study: h.Study, Trials: trials}
}

// A line predicts the value at the end from the value at a step.
type line struct {
	intercept, slope float64
	ok               bool
}

// fit fits the line of a step by least squares.
func fit(h *search.History, step int) line {
	var at, end []float64
	for _, t := range h.Trials {
		if t.State != search.Complete || !finite(t.Value()) {
			continue
		}
		i, ok := slices.BinarySearchFunc(t.Intermediate, step, func(r search.Report, step int) int { return r.Step - step })
		if ok && finite(t.Intermediate[i].Value) {
			at, end = append(at, t.Intermediate[i].Value), append(end, t.Value())
		}
	}
	if len(at) < enough {
		return line{}
	}
	_, slope := stat.LinearRegression(at, end, nil, false)
	if math.IsNaN(slope) { // all values at the step are equal
		slope = 0
	}
	slope = math.Max(0, math.Min(1, slope))
	return line{intercept: stat.Mean(end, nil) - slope*stat.Mean(at, nil), slope: slope, ok: true}
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
