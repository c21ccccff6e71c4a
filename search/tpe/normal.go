package tpe

import (
	"math"
	"sync"
)

// The standard normal distribution: Φ is its distribution function, φ its
// density.

const (
	logSqrt2Pi     = 0.91893853320467274178 // ln √(2π)
	inverseSqrt2Pi = 0.39894228040143267794
)

// The table that phi interpolates in reaches from 0 to -tail in steps of
// 1/tableSteps.
const (
	tail       = 8.5 // Φ(-8.5) is 1e-17
	tableSteps = 128
)

// phiTable holds Φ(-k/tableSteps) and φ there over tableSteps.
var phiTable = sync.OnceValue(func() *[tail*tableSteps + 2][2]float64 {
	var table [tail*tableSteps + 2][2]float64
	for k := range table {
		x := float64(k) / tableSteps
		table[k] = [2]float64{0.5 * math.Erfc(x/math.Sqrt2), inverseSqrt2Pi * math.Exp(-0.5*x*x) / tableSteps}
	}
	return &table
})

// A normal computes Φ and masses under φ by cubic interpolation in a table,
// with an absolute error below 1e-11: a suggestion needs tens of thousands of
// them, and math.Erfc takes five times as long (BenchmarkSuggest).
type normal struct {
	table *[tail*tableSteps + 2][2]float64
}

func newNormal() normal { return normal{phiTable()} }

// phi returns Φ(x).
func (n normal) phi(x float64) float64 {
	if x > 0 {
		return 1 - n.lower(x)
	}
	return n.lower(-x)
}

// lower returns Φ(-x), x >= 0.
func (n normal) lower(x float64) float64 {
	if !(x < tail) {
		return 0
	}
	at := x * tableSteps
	k := int(at)
	t := at - float64(k)
	left, right := &n.table[k], &n.table[k+1]
	// Hermite's interpolation; Φ(-x) falls, hence the signs of the slopes.
	rise := right[0] - left[0]
	return left[0] + t*(-left[1]+t*(3*rise+2*left[1]+right[1]-t*(2*rise+left[1]+right[1])))
}

// mass returns Φ(b) - Φ(a) for a <= b.
func (n normal) mass(a, b float64) float64 {
	const narrow = 0.02
	if width := b - a; width < narrow {
		// The density at the middle, and the next term of its series.
		x := a + 0.5*width
		if x > tail || x < -tail {
			return 0
		}
		return inverseSqrt2Pi * width * math.Exp(-0.5*x*x) * (1 + width*width*(x*x-1)/24)
	}
	switch {
	case a > 0:
		return n.lower(a) - n.lower(b)
	case b < 0:
		return n.lower(-b) - n.lower(-a)
	}
	return 1 - n.lower(-a) - n.lower(b)
}

// truncatedQuantile returns the u-quantile, 0 <= u < 1, of the standard
// normal distribution truncated to [a, b], where a <= 0 <= b, below lies the
// mass low, and above high.
func truncatedQuantile(u, a, b, low, high float64) float64 {
	p := low + u*(1-high-low)
	var x float64
	if p < 0.5 {
		x = -math.Sqrt2 * math.Erfcinv(2*p)
	} else {
		q := high + (1-u)*(1-high-low) // 1-p without cancellation
		x = math.Sqrt2 * math.Erfcinv(2*q)
	}
	return max(a, min(b, x))
}
