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
	// weigh takes each kernel's density at v into the terms.
	weigh(v float64, t *terms)
	// steepest returns ln of how many times the prior's density another
	// kernel's can be, if weigh multiplies factors; 0 if it adds logarithms.
	steepest() float64
}

// terms are what a mixture's density is the sum of: common·factorᵢ·exp(lnᵢ),
// one for each kernel, the last for the prior. Parameters with a density add
// to ln; those with probabilities, of which most kernels share a few, multiply
// factor, and spare themselves logarithms.
type terms struct {
	ln, factor []float64
	common     float64 // ln
}

// A mixture is a Parzen estimator over several parameters: Σ wᵢ Πⱼ kᵢⱼ(xⱼ),
// a weighted sum over the observations and the prior of products over the
// parameters (the multivariate TPE; Watanabe 2023, arXiv:2304.11127, section
// 3.3). It is not safe for concurrent use.
type mixture struct {
	axes   []kernels
	weight []float64
	smooth bool    // some parameter has a density
	steep  float64 // sum over the axes of steepest
	terms  terms   // scratch
}

// newMixture estimates the density of points with these weights, of which the
// last is the prior's. A point has one internal value for each distribution.
func newMixture(distributions []search.Distribution, points [][]float64, weights []float64) *mixture {
	n := len(points)
	scratch := make([]float64, 2*(n+1))
	m := &mixture{weight: normalized(weights), terms: terms{ln: scratch[:n+1], factor: scratch[n+1:]}}
	column := make([]float64, n)
	for j, d := range distributions {
		for i, p := range points {
			column[i] = p[j]
		}
		axis := newKernels(d, column, len(distributions))
		m.axes = append(m.axes, axis)
		m.steep += axis.steepest()
		if _, ok := axis.(*densities); ok {
			m.smooth = true
		}
	}
	return m
}

// newKernels makes the kernels of one of a number of parameters.
func newKernels(d search.Distribution, observed []float64, dimensions int) kernels {
	if c, ok := d.(search.Categorical); ok {
		return newChoices(len(c.Choices), observed)
	}
	if math.IsInf(search.Cardinality(d), 1) {
		return newDensities(d, observed, dimensions)
	}
	return newCells(d, observed)
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

// normalized divides weights by their sum, in place.
func normalized(weights []float64) []float64 {
	total := 0.0
	for _, w := range weights {
		total += w
	}
	for i := range weights {
		weights[i] /= total
	}
	return weights
}

// logDensity returns the ln of the density at a point.
func (m *mixture) logDensity(point []float64) float64 {
	shift := m.resolve(point)
	total := 0.0
	for _, v := range m.terms.factor {
		total += v
	}
	return shift + math.Log(total)
}

// sample draws size points. The values of known, where they are not NaN, are
// given: the others are drawn from the density conditional on them.
func (m *mixture) sample(rng *rand.Rand, size int, known []float64) [][]float64 {
	m.resolve(known)
	cumulative := make([]float64, len(m.weight))
	total := 0.0
	for i, v := range m.terms.factor {
		total += v
		cumulative[i] = total
	}
	d := len(m.axes)
	points, flat := make([][]float64, size), make([]float64, size*d)
	for k := range points {
		u := rng.Float64() * total
		i := sort.Search(len(cumulative)-1, func(i int) bool { return cumulative[i] > u })
		points[k] = flat[k*d : (k+1)*d : (k+1)*d]
		for j, axis := range m.axes {
			points[k][j] = known[j]
			if math.IsNaN(known[j]) {
				points[k][j] = axis.sample(rng, i)
			}
		}
	}
	return points
}

// manyFactors is the number of parameters whose factors can be multiplied
// without leaving the range of a float64.
const manyFactors = 16

// resolve computes the terms at a point, up to a common factor whose ln it
// returns, and leaves them in m.terms.factor. Values that are NaN are left
// out.
func (m *mixture) resolve(point []float64) float64 {
	t := &m.terms
	clear(t.ln)
	copy(t.factor, m.weight)
	t.common = 0
	for j, axis := range m.axes {
		if math.IsNaN(point[j]) {
			continue
		}
		axis.weigh(point[j], t)
		if j%manyFactors == manyFactors-1 {
			t.fold()
		}
	}
	if !m.smooth && len(m.axes) < manyFactors {
		return t.common
	}
	return t.exp(m.steep)
}

// fold moves the factors into the logarithms.
func (t *terms) fold() {
	for i, f := range t.factor {
		t.ln[i] += math.Log(f)
		t.factor[i] = 1
	}
}

// exp moves the logarithms into the factors, relative to a common one. Terms
// that are nothing beside the prior's, even if their factors are exp(steep)
// times as large, become 0.
func (t *terms) exp(steep float64) float64 {
	// A thousand such terms are 1e-14 of the sum.
	const negligible = 39
	prior := t.ln[len(t.ln)-1]
	largest := prior
	for _, v := range t.ln {
		if v > largest { // the builtin max, which looks for NaN and -0, is slower
			largest = v
		}
	}
	shift := max(prior, largest-600) // exp(600) times 10,000 terms is a float64
	least := prior - negligible - steep
	for i, v := range t.ln {
		if v > least {
			t.factor[i] *= math.Exp(v - shift)
		} else {
			t.factor[i] = 0
		}
	}
	return t.common + shift
}
