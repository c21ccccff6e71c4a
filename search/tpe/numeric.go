package tpe

import (
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/search"
)

// A scale maps a numeric parameter's internal values to the axis on which its
// kernels are Gaussian: the value itself, or its logarithm. A stepped range
// is widened by half a step at both ends, so that each value owns a cell of
// one step; its probability is the mass of the cell. (Bergstra et al. 2013,
// section 4, and Watanabe 2023, arXiv:2304.11127, section 3.3.)
type scale struct {
	dist      search.Distribution
	log       bool
	step      float64 // 0: continuous
	low, high float64 // of the axis
}

func newScale(d search.Distribution) scale {
	s := scale{dist: d}
	switch d := d.(type) {
	case search.Float:
		s.log, s.step, s.low, s.high = d.Log, d.Step, d.Low, d.High
		if d.Step > 0 {
			s.high = d.Low + float64(d.Steps())*d.Step
		}
	case search.Int:
		s.log, s.step = d.Log, float64(d.StepSize())
		s.low, s.high = float64(d.Low), float64(d.Low+d.Steps()*d.StepSize())
	}
	s.low, s.high = s.low-s.step/2, s.high+s.step/2
	// In a range as narrow as this the logarithm is linear, and float64 can
	// no longer tell the logarithms of its values apart.
	const narrow = 1e-6
	s.log = s.log && s.high-s.low > narrow*s.low
	if s.log {
		s.low, s.high = math.Log(s.low), math.Log(s.high)
	}
	return s
}

// on maps an internal value to the axis.
func (s *scale) on(v float64) float64 {
	if s.log {
		v = math.Log(v)
	}
	return max(s.low, min(s.high, v))
}

// off maps a point of the axis to the nearest internal value.
func (s *scale) off(x float64) float64 {
	if s.log {
		x = math.Exp(x)
	}
	return search.Nearest(s.dist, x)
}

// cell returns the ends of the part of the axis that belongs to a value.
func (s *scale) cell(v float64) (float64, float64) {
	a, b := v-s.step/2, v+s.step/2
	if s.log {
		return math.Log(a), math.Log(b)
	}
	return a, b
}

// gaussians are the kernels of a numeric parameter: Gaussians truncated to
// the range, one at each observation, and at last the prior, which stands in
// the middle of the range and is as wide as the range.
type gaussians struct {
	scale
	mu, inverse []float64 // centre and 1/σ of each kernel
	logNorm     []float64 // ln of what the exponential is multiplied by

	// For a stepped range, kernels of equal centre and width share the
	// costly mass of a cell: kernel i is the shape[i]-th distinct one, which
	// the kernel example[shape[i]] is an instance of.
	shape, example []int
	// The ln mass of a value's cell, by shape, for the values asked for so
	// far: many candidates have the same one.
	mass map[float64][]float64
}

// newGaussians makes the kernels for the observed internal values;
// dimensions is the number of parameters of the mixture.
func newGaussians(d search.Distribution, observed []float64, dimensions int) *gaussians {
	n := len(observed)
	g := &gaussians{scale: newScale(d), mu: make([]float64, n+1), inverse: make([]float64, n+1), logNorm: make([]float64, n+1)}
	for i, v := range observed {
		g.mu[i] = g.on(v)
	}
	g.mu[n] = 0.5 * (g.low + g.high)
	order := sortedOrder(g.mu[:n], g.low, g.high)
	widths := bandwidths(g.mu[:n], order, g.low, g.high, g.sharpness(dimensions))
	for i, sigma := range append(widths, g.high-g.low) {
		g.inverse[i] = 1 / sigma
		g.logNorm[i] = -logTruncation((g.low-g.mu[i])/sigma, (g.high-g.mu[i])/sigma)
		if g.step == 0 {
			g.logNorm[i] -= math.Log(sigma) + logSqrt2Pi
		}
	}
	if g.step > 0 {
		g.shapes(order)
	}
	return g
}

// logTruncation returns the ln of the mass of a standard normal inside
// [a, b], a <= 0 <= b.
func logTruncation(a, b float64) float64 {
	if a < -7 && b > 7 {
		return 0 // the tails hold less than 3e-12
	}
	return math.Log1p(-phi(a) - phi(-b))
}

// sharpness is what the narrowest kernel of a continuous range is narrower by
// than Optuna's: the fewer the dimensions, the closer together are the
// observations, as in Scott's rule (n^(-1/(d+4)), D. W. Scott, "Multivariate
// Density Estimation", 1992). bench/search has measured it.
func (g *gaussians) sharpness(dimensions int) float64 {
	if g.step > 0 {
		return 1
	}
	return 1 + 2/float64(dimensions)
}

// bandwidths returns σ of each kernel: the distance to the farther of the two
// neighbours (Bergstra et al. 2011, section 4), where the ends of the range
// are neighbours only of an observation that is alone, clipped from above to
// the range and from below to the range over min(100, sharpness·(n+2)),
// "magic clipping" (Watanabe 2023, arXiv:2304.11127, section 3.3.2).
//
// Observations with equals on both sides have the narrowest width, and so
// have all of their equals: else it would depend on age, which of them are
// wide, and for one trial in all parameters alike.
func bandwidths(mu []float64, order []int, low, high, sharpness float64) []float64 {
	n := len(mu)
	narrowest := (high - low) / min(100, sharpness*float64(n+2))
	sigma := make([]float64, n, n+1)
	if n == 1 {
		sigma[0] = max(narrowest, min(high-low, max(mu[0]-low, high-mu[0])))
		return sigma
	}
	for first := 0; first < n; {
		last := first // of a run of equals
		for last+1 < n && mu[order[last+1]] == mu[order[first]] {
			last++
		}
		left, right := 0.0, 0.0
		if first > 0 {
			left = mu[order[first]] - mu[order[first-1]]
		}
		if last < n-1 {
			right = mu[order[last+1]] - mu[order[last]]
		}
		switch last - first {
		case 0:
			left = max(left, right)
			right = left
		case 1: // each has the other on one side
		default:
			left, right = 0, 0
		}
		for k := first; k <= last; k++ {
			width := left
			if k == last {
				width = right
			}
			sigma[order[k]] = max(narrowest, min(high-low, width))
		}
		first = last + 1
	}
	return sigma
}

// shapes numbers the distinct (centre, width) pairs. order sorts the kernels
// but the prior by centre, so that equal pairs are few entries apart.
func (g *gaussians) shapes(order []int) {
	n := len(g.mu) - 1
	g.shape = make([]int, n+1)
	first := 0 // of the shapes that share the current centre
	for k, i := range order {
		if k > 0 && g.mu[i] != g.mu[order[k-1]] {
			first = len(g.example)
		}
		g.shape[i] = g.shapeAmong(first, i)
	}
	g.shape[n] = len(g.example)
	g.example = append(g.example, n)
	g.mass = make(map[float64][]float64)
}

// shapeAmong looks for the width of kernel i in example[first:]; there are at
// most three, the inner and the two outer ones of a run of equal centres.
func (g *gaussians) shapeAmong(first, i int) int {
	for s := first; s < len(g.example); s++ {
		if g.inverse[g.example[s]] == g.inverse[i] {
			return s
		}
	}
	g.example = append(g.example, i)
	return len(g.example) - 1
}

// sample implements kernels.
func (g *gaussians) sample(rng *rand.Rand, i int) float64 {
	z := truncatedQuantile(rng.Float64(), (g.low-g.mu[i])*g.inverse[i], (g.high-g.mu[i])*g.inverse[i])
	return g.off(g.mu[i] + z/g.inverse[i])
}

// addLogDensity implements kernels.
func (g *gaussians) addLogDensity(v float64, sum []float64) {
	if g.step > 0 {
		g.addLogMass(v, sum)
		return
	}
	x := g.on(v)
	inverse, logNorm, sum := g.inverse[:len(g.mu)], g.logNorm[:len(g.mu)], sum[:len(g.mu)]
	for i, mu := range g.mu {
		z := (x - mu) * inverse[i]
		sum[i] += logNorm[i] - 0.5*z*z
	}
}

func (g *gaussians) addLogMass(v float64, sum []float64) {
	mass, ok := g.mass[v]
	if !ok {
		mass = make([]float64, len(g.example))
		a, b := g.cell(v)
		for s, i := range g.example {
			mass[s] = g.logNorm[i] + logCell((a-g.mu[i])*g.inverse[i], (b-g.mu[i])*g.inverse[i])
		}
		g.mass[v] = mass
	}
	for i, s := range g.shape {
		sum[i] += mass[s]
	}
}

// logCell is logMass, but farther than 12 from the centre an upper bound of it
// (Φ(-x) < exp(-x²/2)/2): a kernel that far away adds some 1e-31 to a
// sum that holds the prior, which is as wide as the range.
func logCell(a, b float64) float64 {
	const far = 12
	if nearest := max(a, -b); nearest > far {
		return -0.5*nearest*nearest - math.Ln2
	}
	return logMass(a, b)
}
