package tpe

import (
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/search"
)

// gaussians are the kernels of a numeric parameter: Gaussians truncated to
// the range, one at each observation, and at last the prior, which stands in
// the middle of the range and is as wide as the range.
type gaussians struct {
	scale
	mu, inverse  []float64 // centre and 1/σ of each kernel
	below, above []float64 // the masses outside the range, below and above
	order        []int     // sorts the kernels but the prior by centre
}

// newGaussians makes the kernels for the observed internal values; sharpness
// is what the narrowest kernel is narrower by than Optuna's.
func newGaussians(d search.Distribution, observed []float64, sharpness float64) gaussians {
	n := len(observed)
	block := make([]float64, 4*(n+1))
	g := gaussians{
		scale: newScale(d), mu: block[:n+1], inverse: block[n+1 : 2*n+2], below: block[2*n+2 : 3*n+3], above: block[3*n+3:],
	}
	low, high := g.low, g.high
	for i, v := range observed {
		g.mu[i] = g.on(v)
	}
	g.mu[n] = 0.5 * (low + high)
	g.order = sortedOrder(g.mu[:n], low, high)
	normal := newNormal()
	for i, sigma := range append(bandwidths(g.mu[:n], g.order, low, high, sharpness), high-low) {
		g.inverse[i] = 1 / sigma
		g.below[i], g.above[i] = normal.lower((g.mu[i]-low)/sigma), normal.lower((high-g.mu[i])/sigma)
	}
	return g
}

// sample implements kernels.
func (g *gaussians) sample(rng *rand.Rand, i int) float64 {
	a, b := (g.low-g.mu[i])*g.inverse[i], (g.high-g.mu[i])*g.inverse[i]
	z := truncatedQuantile(rng.Float64(), a, b, g.below[i], g.above[i])
	return g.off(g.mu[i] + z/g.inverse[i])
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

// densities are the kernels of a continuous parameter.
type densities struct {
	gaussians
	logNorm []float64 // ln of what the exponential is multiplied by
}

func newDensities(d search.Distribution, observed []float64, dimensions int) *densities {
	k := &densities{gaussians: newGaussians(d, observed, sharpness(dimensions))}
	k.logNorm = make([]float64, len(k.mu))
	for i, inverse := range k.inverse {
		k.logNorm[i] = math.Log(inverse/(1-k.below[i]-k.above[i])) - logSqrt2Pi
	}
	return k
}

// sharpness makes the kernels of a continuous parameter narrower: the fewer
// the dimensions, the closer together are the observations, as in Scott's rule
// (n^(-1/(d+4)), D. W. Scott, "Multivariate Density Estimation", 1992).
// bench/search has measured it.
func sharpness(dimensions int) float64 { return 1 + 2/float64(dimensions) }

// weigh implements kernels.
func (k *densities) weigh(v float64, t *terms) {
	x := k.on(v)
	mu := k.mu
	inverse, logNorm, ln := k.inverse[:len(mu)], k.logNorm[:len(mu)], t.ln[:len(mu)]
	for i := range mu {
		z := (x - mu[i]) * inverse[i]
		ln[i] += logNorm[i] - 0.5*z*z
	}
}

// steepest implements kernels.
func (k *densities) steepest() float64 { return 0 }
