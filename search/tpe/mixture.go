package tpe

import (
	"math"
	"math/rand/v2"
	"sort"

	"github.com/hpsearch/hpsearch/search"
)

// kernels are the one-dimensional densities of one parameter, one for each
// observation and the last for the prior.
type kernels interface {
	// sample draws an internal value from kernel i.
	sample(rng *rand.Rand, i int) float64
	// addLogDensity adds ln of each kernel's density at v to sum.
	addLogDensity(v float64, sum []float64)
}

// A mixture is a Parzen estimator over several parameters: Σ wᵢ Πⱼ kᵢⱼ(xⱼ),
// a weighted sum over the observations and the prior of products over the
// parameters (the multivariate TPE; Watanabe 2023, arXiv:2304.11127, section
// 3.3). Everything is kept in logarithms. It is not safe for concurrent use.
type mixture struct {
	axes      []kernels
	logWeight []float64
	scratch   []float64
}

// newMixture estimates the density of points with these weights, of which the
// last is the prior's. A point has one internal value for each distribution.
func newMixture(distributions []search.Distribution, points [][]float64, weights []float64) *mixture {
	n := len(points)
	m := &mixture{logWeight: logNormalized(weights), scratch: make([]float64, n+1)}
	for j, d := range distributions {
		column := make([]float64, n)
		for i, p := range points {
			column[i] = p[j]
		}
		if c, ok := d.(search.Categorical); ok {
			m.axes = append(m.axes, newChoices(len(c.Choices), column))
		} else {
			m.axes = append(m.axes, newGaussians(d, column, len(distributions)))
		}
	}
	return m
}

// recencyWeights returns the weights of n observations, oldest first, and of
// the prior: 1 for the newest 25 observations, older ones on a straight line
// from 1/n to 1, and 1 for the prior (Bergstra et al. 2013, Optuna's
// defaults).
func recencyWeights(n int) []float64 {
	const newest = 25
	w := make([]float64, n+1)
	for i := range w {
		w[i] = 1
		if ramp := n - newest; i < ramp {
			w[i] = 1 / float64(n)
			if ramp > 1 {
				w[i] += (1 - 1/float64(n)) * float64(i) / float64(ramp-1)
			}
		}
	}
	return w
}

// logNormalized replaces weights by the ln of their shares, in place.
func logNormalized(weights []float64) []float64 {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	for i, w := range weights {
		weights[i] = math.Log(w / total)
	}
	return weights
}

// logDensity returns the ln of the density at a point.
func (m *mixture) logDensity(point []float64) float64 {
	copy(m.scratch, m.logWeight)
	for j, axis := range m.axes {
		axis.addLogDensity(point[j], m.scratch)
	}
	return logSumExp(m.scratch)
}

// sample draws size points. The values of known, where they are not NaN, are
// given: the others are drawn from the density conditional on them.
func (m *mixture) sample(rng *rand.Rand, size int, known []float64) [][]float64 {
	cumulative := m.cumulative(known)
	points := make([][]float64, size)
	for k := range points {
		u := rng.Float64() * cumulative[len(cumulative)-1]
		i := sort.Search(len(cumulative)-1, func(i int) bool { return cumulative[i] > u })
		points[k] = make([]float64, len(m.axes))
		for j, axis := range m.axes {
			points[k][j] = known[j]
			if math.IsNaN(known[j]) {
				points[k][j] = axis.sample(rng, i)
			}
		}
	}
	return points
}

// cumulative returns the running sum of the kernels' weights given the known
// values: wᵢ Π kᵢⱼ(knownⱼ), up to a factor.
func (m *mixture) cumulative(known []float64) []float64 {
	logw := append([]float64(nil), m.logWeight...)
	for j, v := range known {
		if !math.IsNaN(v) {
			m.axes[j].addLogDensity(v, logw)
		}
	}
	norm := logSumExp(logw)
	total := 0.0
	for i, w := range logw {
		total += math.Exp(w - norm)
		logw[i] = total
	}
	return logw
}
