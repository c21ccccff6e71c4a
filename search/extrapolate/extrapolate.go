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

// enough is the number of trials that a line is fitted to: two fit any line.
const enough = 3

// A Sampler gives the sampler that it wraps a history in which PRUNED trials
// are COMPLETE, with the value that their last report predicts. The prediction
// goes from each step at which trials were pruned to the next one, and from the
// last of them to the end, each time by a line that is fitted to the trials
// that have come so far: many have come to the lower steps, few to the end. The
// slopes are kept in [0, 1]: what is ahead stays ahead or is caught up with,
// but gets no further away.
//
// It is for samplers that model the value itself, such as a Gaussian process:
// to them the last value of a trial that ended early is misleading, because
// most trials still get better. tpe, which only ranks trials, finds nothing
// better with it (bench/search). Trials stay as they are when fewer than three
// others have come from their step to the next one. It is safe for concurrent
// use if the wrapped sampler is.
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
	var c *chain
	var trials []*search.Trial // a copy of the history's, once one is predicted
	for i, t := range h.Trials {
		if t.State != search.Pruned {
			continue
		}
		last, ok := t.Last()
		if !ok || !finite(last.Value) {
			continue
		}
		if c == nil {
			c = newChain(h)
		}
		value, ok := c.end(last)
		if !ok {
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

// A chain predicts from each step at which trials were pruned to the next one,
// and from the last of them to the end.
type chain struct {
	steps []int  // at which trials were pruned, in ascending order
	lines []line // from each of them
}

func newChain(h *search.History) *chain {
	c := new(chain)
	for _, t := range h.Trials {
		if last, ok := t.Last(); ok && t.State == search.Pruned {
			if i, known := slices.BinarySearch(c.steps, last.Step); !known {
				c.steps = slices.Insert(c.steps, i, last.Step)
			}
		}
	}
	c.lines = make([]line, len(c.steps))
	for i, step := range c.steps {
		next := math.MaxInt
		if i+1 < len(c.steps) {
			next = c.steps[i+1]
		}
		c.lines[i] = fit(h, step, next)
	}
	return c
}

// end predicts the value at the end of a trial from its last report.
func (c *chain) end(last search.Report) (float64, bool) {
	i, _ := slices.BinarySearch(c.steps, last.Step)
	value := last.Value
	for ; i < len(c.lines); i++ {
		l := c.lines[i]
		if !l.ok {
			return 0, false
		}
		value = l.intercept + l.slope*value
	}
	return value, finite(value)
}

// A line predicts the value at one step from that at another.
type line struct {
	intercept, slope float64
	ok               bool
}

// fit fits the line from one step to another by least squares; to the value
// of COMPLETE trials when the other is math.MaxInt.
func fit(h *search.History, from, to int) line {
	var x, y []float64
	for _, t := range h.Trials {
		a, ok := valueAt(t, from)
		if !ok {
			continue
		}
		b, ok := t.Value(), t.State == search.Complete
		if to < math.MaxInt {
			b, ok = valueAt(t, to)
		}
		if ok && finite(b) {
			x, y = append(x, a), append(y, b)
		}
	}
	if len(x) < enough {
		return line{}
	}
	_, slope := stat.LinearRegression(x, y, nil, false)
	if math.IsNaN(slope) { // all values at the step are equal
		slope = 0
	}
	slope = math.Max(0, math.Min(1, slope))
	return line{intercept: stat.Mean(y, nil) - slope*stat.Mean(x, nil), slope: slope, ok: true}
}

// valueAt returns what a trial reported at a step, if it is a number.
func valueAt(t *search.Trial, step int) (float64, bool) {
	i, ok := slices.BinarySearchFunc(t.Intermediate, step, func(r search.Report, step int) int { return r.Step - step })
	if !ok || !finite(t.Intermediate[i].Value) {
		return 0, false
	}
	return t.Intermediate[i].Value, true
}

func finite(v float64) bool { return !math.IsNaN(v) && !math.IsInf(v, 0) }
