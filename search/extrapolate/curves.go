package extrapolate

import (
	"cmp"
	"maps"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// enough is the number of COMPLETE trials that a prediction needs: three fit
// any plane.
const enough = 4

// ridge is by how many trials without any slope a fit is held back, so that
// level and slope of nearly the same trials do not cancel out.
const ridge = 0.1

// Curves predict what trials come to from how those that are COMPLETE went.
// They are not safe for concurrent use.
type Curves struct {
	complete []*search.Trial
	axes     []cube.Axis
	places   [][]float64       // of the complete trials on the axes
	known    map[int][]example // by step
}

// A tail is the end of a curve up to a step: what a line over the ln of the
// step, fitted to the reports from half of it on, has there, and its slope. By
// a power law the slope is in proportion to what is still to come.
type tail struct {
	level, slope float64
	reports      int // that the line was fitted to
}

// An example is a COMPLETE trial as it was at a step, and what it came to.
type example struct {
	tail
	place []float64
	value float64
}

// ReadCurves reads the COMPLETE trials of a history.
func ReadCurves(h *search.History) *Curves { return readCurves(completeOf(h)) }

// completeOf returns the COMPLETE trials that have a value.
func completeOf(h *search.History) []*search.Trial {
	var list []*search.Trial
	for _, t := range h.Trials {
		if t.State == search.Complete && finite(t.Value()) {
			list = append(list, t)
		}
	}
	return list
}

func readCurves(complete []*search.Trial) *Curves {
	c := &Curves{complete: complete, axes: axesOf(complete), known: make(map[int][]example)}
	for _, t := range complete {
		c.places = append(c.places, place(c.axes, t))
	}
	return c
}

// Len returns the number of COMPLETE trials.
func (c *Curves) Len() int { return len(c.complete) }

// Best returns the best value of the COMPLETE trials; false without any.
func (c *Curves) Best(d search.Direction) (float64, bool) {
	if len(c.complete) == 0 {
		return 0, false
	}
	best := c.complete[0].Value()
	for _, t := range c.complete {
		if d.Better(t.Value(), best) {
			best = t.Value()
		}
	}
	return best, true
}

// A Prediction is a Student's t distribution of a trial's value.
type Prediction struct {
	Mean, Scale float64
	Freedom     float64 // degrees of freedom
}

// Below returns the probability of a value below v.
func (p Prediction) Below(v float64) float64 {
	if p.Scale == 0 {
		switch {
		case v > p.Mean:
			return 1
		case v < p.Mean:
			return 0
		}
		return 0.5
	}
	return distuv.StudentsT{Mu: p.Mean, Sigma: p.Scale, Nu: p.Freedom}.CDF(v)
}

// End predicts the value of a trial from its last report; false when fewer than
// four COMPLETE trials have a report at that step. It is a plane over level
// and slope of the curves' tails, fitted by least squares with more weight for
// trials that are near in level and configuration. What is ahead stays ahead or
// is caught up with, but gets no further away; and what got better or worse
// does not turn round.
func (c *Curves) End(t *search.Trial) (Prediction, bool) {
	last, ok := t.Last()
	if !ok {
		return Prediction{}, false
	}
	at, ok := tailAt(t, last.Step)
	list := c.examples(last.Step)
	if !ok || len(list) < enough {
		return Prediction{}, false
	}
	level, far := make([]float64, len(list)), make([]float64, len(list))
	here := place(c.axes, t)
	for i := range list {
		level[i], far[i] = math.Abs(list[i].level-at.level), distance(c.axes, here, list[i].place)
	}
	weight := slices.Repeat([]float64{1}, len(list))
	weigh(weight, level)
	weigh(weight, far)
	slope := func(a, b example) int { return cmp.Compare(a.slope, b.slope) }
	at.slope = max(slices.MinFunc(list, slope).slope, min(slices.MaxFunc(list, slope).slope, at.slope))
	surface := fit(list, weight)
	p := surface.at(at)
	return p, finite(p.Mean) && finite(p.Scale)
}

func (c *Curves) examples(step int) []example {
	list, ok := c.known[step]
	if !ok {
		for i, t := range c.complete {
			if end, ok := tailAt(t, step); ok {
				list = append(list, example{end, c.places[i], t.Value()})
			}
		}
		c.known[step] = list
	}
	return list
}

// tailAt returns the tail of a trial that has reported a number at a step.
func tailAt(t *search.Trial, step int) (tail, bool) {
	i, ok := slices.BinarySearchFunc(t.Intermediate, step, func(r search.Report, step int) int { return cmp.Compare(r.Step, step) })
	if !ok || !finite(t.Intermediate[i].Value) {
		return tail{}, false
	}
	var n, sx, sy, sxx, sxy float64
	for k := i; k >= 0; k-- {
		r := t.Intermediate[k]
		if r.Step < 1 || 2*r.Step < step-1 || !finite(r.Value) {
			break
		}
		x := math.Log(float64(r.Step) / float64(step))
		n, sx, sy, sxx, sxy = n+1, sx+x, sy+r.Value, sxx+x*x, sxy+x*r.Value
	}
	if n < 2 {
		return tail{level: t.Intermediate[i].Value, reports: 1}, true
	}
	b := (sxy - sx*sy/n) / (sxx - sx*sx/n)
	return tail{level: sy/n - b*sx/n, slope: b, reports: int(n)}, true
}

// axesOf returns the axes of all parameters that trials have.
func axesOf(trials []*search.Trial) []cube.Axis {
	known := make(map[string]search.Distribution)
	for _, t := range trials {
		maps.Copy(known, t.Distributions)
	}
	var space search.Space
	for _, name := range slices.Sorted(maps.Keys(known)) {
		space = append(space, search.Param{Name: name, Distribution: known[name]})
	}
	return cube.Axes(space)
}

// place returns a trial's coordinates: a number's place on its axis, a choice's
// index, NaN for a parameter that it lacks.
func place(axes []cube.Axis, t *search.Trial) []float64 {
	x := make([]float64, len(axes))
	for j := range axes {
		v, ok := t.Params[axes[j].Name]
		switch {
		case !ok:
			x[j] = math.NaN()
		case axes[j].Choices > 0:
			x[j] = v
		default:
			x[j] = axes[j].Unit(v)
		}
	}
	return x
}

// distance compares two places. A parameter that only one has counts as half an
// axis, another choice as a whole one.
func distance(axes []cube.Axis, a, b []float64) float64 {
	sum := 0.0
	for j := range axes {
		d := a[j] - b[j]
		switch {
		case math.IsNaN(a[j]) && math.IsNaN(b[j]):
			d = 0
		case math.IsNaN(d):
			d = 0.5
		case axes[j].Choices > 0 && d != 0:
			d = 1
		}
		sum += d * d
	}
	return math.Sqrt(sum)
}

// weigh halves the weight at the median distance.
func weigh(weight, distance []float64) {
	half := slices.Sorted(slices.Values(distance))[len(distance)/2]
	if half == 0 {
		half = math.SmallestNonzeroFloat32
	}
	for i, d := range distance {
		weight[i] /= 1 + (d/half)*(d/half)
	}
}
