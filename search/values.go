package search

import (
	"math"
	"math/rand/v2"
)

// Steps returns the number of steps between the lowest and the highest value
// of a stepped range: its values are Low + k*Step for k = 0 … Steps. It is 0
// for a continuous range.
func (d Float) Steps() int64 {
	if d.Step == 0 {
		return 0
	}
	return int64(math.Floor((d.High-d.Low)/d.Step + stepTolerance))
}

// Steps returns the number of steps between the lowest and the highest value:
// the values are Low + k*StepSize for k = 0 … Steps.
func (d Int) Steps() int64 { return (d.High - d.Low) / d.StepSize() }

// at returns the k-th value of a stepped range; rounding never passes High.
func (d Float) at(k int64) float64 { return math.Min(d.Low+float64(k)*d.Step, d.High) }

func (d Int) at(k int64) float64 { return float64(d.Low + k*d.StepSize()) }

// Cardinality returns the number of values of d, +Inf for a continuous range.
func Cardinality(d Distribution) float64 {
	switch d := d.(type) {
	case Float:
		if d.Single() {
			return 1
		}
		if d.Step == 0 {
			return math.Inf(1)
		}
		return float64(d.Steps()) + 1
	case Int:
		return float64(d.Steps()) + 1
	case Categorical:
		return float64(len(d.Choices))
	}
	return 0
}

// LogMatters reports whether the logarithm makes a difference in [low, high],
// 0 < low. In a range narrower than a millionth of its values it is linear, and
// in one much narrower float64 cannot tell the logarithms of the values apart:
// there a log range is taken for a linear one.
func LogMatters(low, high float64) bool {
	const narrow = 1e-6
	return high-low > narrow*low
}

// ValueAt returns the internal form of the k-th value of a distribution of
// finite [Cardinality], 0 <= k < Cardinality, in ascending order.
func ValueAt(d Distribution, k int64) float64 {
	switch d := d.(type) {
	case Float:
		if d.Step == 0 {
			return d.Low // the only value of a range that is a point
		}
		return d.at(k)
	case Int:
		return d.at(k)
	}
	return float64(k)
}

// Nearest returns the internal value of d that is closest to v. NaN becomes
// the lowest value.
func Nearest(d Distribution, v float64) float64 {
	switch d := d.(type) {
	case Float:
		v = clamp(v, d.Low, d.High)
		if d.Step == 0 {
			return v
		}
		return d.at(min(int64(math.Round((v-d.Low)/d.Step)), d.Steps()))
	case Int:
		v = clamp(v, float64(d.Low), float64(d.High))
		k := math.Round((v - float64(d.Low)) / float64(d.StepSize()))
		return d.at(min(int64(k), d.Steps()))
	case Categorical:
		return clamp(math.Round(v), 0, float64(len(d.Choices)-1))
	}
	return v
}

// Uniform draws an internal value of d, which must be valid: uniform over the
// range, over its logarithm, over the steps, or over the choices. Both ends
// of every range can be drawn.
//
// A log range of integers is drawn as the logarithm of [Low-½, High+½] and
// rounded, so that each integer's probability is that of the unit around it.
func Uniform(rng *rand.Rand, d Distribution) float64 {
	switch d := d.(type) {
	case Float:
		switch {
		case d.Single():
			return d.Low
		case d.Log:
			return uniformLog(rng, d.Low, d.High)
		case d.Step > 0:
			return d.at(rng.Int64N(d.Steps() + 1))
		}
		return clamp(d.Low+rng.Float64()*(d.High-d.Low), d.Low, d.High)
	case Int:
		if d.Log {
			return Nearest(d, uniformLog(rng, float64(d.Low)-0.5, float64(d.High)+0.5))
		}
		return d.at(rng.Int64N(d.Steps() + 1))
	case Categorical:
		return float64(rng.IntN(len(d.Choices)))
	}
	return math.NaN() // not reached: the interface is sealed
}

func uniformLog(rng *rand.Rand, low, high float64) float64 {
	a, b := math.Log(low), math.Log(high)
	return clamp(math.Exp(a+rng.Float64()*(b-a)), low, high)
}

func clamp(v, low, high float64) float64 {
	if !(v > low) { // NaN too
		return low
	}
	return math.Min(v, high)
}
