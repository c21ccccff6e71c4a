// Package cube maps configurations to points of the unit cube and back, for
// samplers that work on vectors.
package cube

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// An Axis is one parameter as a coordinate in [0, 1]: the value on a linear
// scale or on that of its logarithm. A discrete parameter's values own cells
// of the axis, so that a uniform coordinate draws them as [search.Uniform]
// does: a stepped range is widened by half a step at both ends, and choices
// stand side by side in their order. An Axis is immutable.
type Axis struct {
	Name         string
	Distribution search.Distribution
	// Choices is the number of choices, 0 for a numeric parameter.
	Choices int
	// Count is the number of values, +Inf for a continuous range.
	Count float64
	// Conditional is set for a parameter that not every configuration has.
	Conditional bool

	log       bool
	low, high float64 // of the scale
}

// NewAxis returns the axis of a parameter whose distribution is valid.
func NewAxis(p search.Param) Axis {
	a := Axis{
		Name: p.Name, Distribution: p.Distribution, Count: search.Cardinality(p.Distribution), Conditional: len(p.When) > 0,
	}
	step := 0.0
	switch d := p.Distribution.(type) {
	case search.Categorical:
		a.Choices = len(d.Choices)
		a.low, a.high, step = 0, float64(len(d.Choices)-1), 1
	case search.Float:
		a.log, a.low, a.high, step = d.Log, d.Low, d.High, d.Step
		if d.Step > 0 {
			a.high = d.Low + float64(d.Steps())*d.Step
		}
	case search.Int:
		a.log, step = d.Log, float64(d.StepSize())
		a.low, a.high = float64(d.Low), float64(d.Low+d.Steps()*d.StepSize())
	}
	a.low, a.high = a.low-step/2, a.high+step/2
	a.log = a.log && search.LogMatters(a.low, a.high)
	if a.log {
		a.low, a.high = math.Log(a.low), math.Log(a.high)
	}
	return a
}

// Unit returns the coordinate of an internal value; of a discrete value, that
// of the value itself, which on a logarithmic axis is not the middle of its
// cell.
func (a *Axis) Unit(v float64) float64 {
	if a.log {
		v = math.Log(v)
	}
	if a.high <= a.low {
		return 0.5
	}
	return max(0, min(1, (v-a.low)/(a.high-a.low)))
}

// Value returns the internal value whose cell holds coordinate u; u outside
// [0, 1] counts as the nearer end.
func (a *Axis) Value(u float64) float64 {
	u = max(0, min(1, u))
	v := a.low + u*(a.high-a.low)
	if a.log {
		v = math.Exp(v)
	}
	return search.Nearest(a.Distribution, v)
}

// Axes returns the axes of the parameters that have more than one value, in
// the order of the space.
func Axes(space search.Space) []Axis {
	axes := make([]Axis, 0, len(space))
	for _, p := range space {
		if !p.Distribution.Single() {
			axes = append(axes, NewAxis(p))
		}
	}
	return axes
}

// Fits reports whether a trial's values mean what they do on these axes: it has
// every parameter that is not conditional, and all that it has are [Compatible].
func Fits(axes []Axis, t *search.Trial) bool {
	for j := range axes {
		a := &axes[j]
		v, ok := t.Params[a.Name]
		if !ok && !a.Conditional || ok && !Compatible(t.Distributions[a.Name], a.Distribution, v) {
			return false
		}
	}
	return true
}

// Compatible reports whether an internal value that was drawn from old means
// the same in d. A categorical value is an index, whose choices must not have
// changed; a number must lie in the range.
func Compatible(old, d search.Distribution, v float64) bool {
	if !d.Contains(v) {
		return false
	}
	before, was := old.(search.Categorical)
	now, is := d.(search.Categorical)
	if !was || !is {
		return was == is
	}
	if len(before.Choices) != len(now.Choices) {
		return false
	}
	return &before.Choices[0] == &now.Choices[0] || search.EqualDistributions(before, now)
}
