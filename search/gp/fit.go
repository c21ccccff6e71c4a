package gp

import (
	"math"
	"slices"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/floats"
	"gonum.org/v1/gonum/lapack/lapack64"
)

// The priors of the hyperparameters. The lengths': C. Hvarfner, E. O.
// Hellsten, L. Nardi, "Vanilla Bayesian Optimization Performs Great in High
// Dimensions", ICML 2024: LogNormal(√2 + ln(d)/2, √3), whose mode as a density
// of the length is exp(√2 + ln(d)/2 - 3). The others are those of Optuna's
// GPSampler, Gamma(2, 1) for the scale and Gamma(1.1, rate) for the noise, but with
// a rate that admits that half of what is seen is noise.
const (
	lengthMode  = math.Sqrt2 - 3
	lengthSigma = 1.7320508075688772 // √3
	scaleShape  = 2.0
	scaleRate   = 1.0
	noiseShape  = 1.1
	noiseRate   = 4.0
)

// fitIterations bounds each descent of [fit].
const fitIterations = 40

// A start of a descent of [fit]: the length is that of one dimension, and grows
// with the root of their number.
type start struct{ length, noise float64 }

var (
	straightStarts = []start{{0.3, 1e-4}, {1, 1e-2}}
	bentStart      = start{0.5, 1e-3}
)

// fit returns the hyperparameters of the highest posterior density for
// standardized values y at points x, n by d in rows: the best of descents
// from several lengths. The axes are bent where that raises the density enough.
func fit(l layout, x [][]float64, y []float64) hyper {
	d := len(l.choice)
	m := newMarginal(l, x, y)
	bounds := box{low: slices.Repeat([]float64{logWeightLow}, d), high: slices.Repeat([]float64{logWeightHigh}, d)}
	bounds.low, bounds.high = append(bounds.low, logScaleLow, logNoiseLow), append(bounds.high, logScaleHigh, logNoiseHigh)
	var best []float64
	lowest := math.Inf(1)
	for _, s := range straightStarts {
		theta := s.theta(d)
		if v := minimize(m.negative, theta, bounds, fitIterations); best == nil || v < lowest {
			best, lowest = theta, v
		}
	}
	if !slices.Contains(l.choice, false) {
		return fromTheta(best, d)
	}
	for _, choice := range l.choice {
		bound := bendBound
		if choice {
			bound = 0
		}
		bounds.low, bounds.high = append(bounds.low, -bound, -bound), append(bounds.high, bound, bound)
	}
	theta := append(bentStart.theta(d), make([]float64, 2*d)...)
	if minimize(m.negative, theta, bounds, fitIterations) < lowest-leastGain {
		best = theta
	}
	return fromTheta(best, d)
}

func (s start) theta(d int) []float64 {
	theta := slices.Repeat([]float64{-2 * (math.Log(s.length) + 0.5*math.Log(float64(d)))}, d)
	return append(theta, 0, math.Log(s.noise))
}

// fromTheta reads the logarithms of d weights, of the scale, the noise and,
// where there are more, of the bends.
func fromTheta(theta []float64, d int) hyper {
	h := hyper{weight: make([]float64, d), scale: math.Exp(theta[d]), noise: math.Exp(theta[d+1])}
	for j := range d {
		h.weight[j] = math.Exp(theta[j])
	}
	if len(theta) > d+2 {
		h.bends = bendAxes(theta[d+2:])
	}
	return h
}

// A marginal is the density of the hyperparameters given the values, up to a
// factor. It is not safe for concurrent use.
type marginal struct {
	layout  layout
	n, d    int
	x       [][]float64
	y       []float64
	squares [][]float64 // Δ² by axis and pair a < b
	bent    [][]bent    // by axis and point, where axes are bent
	// Scratch, by pair and by matrix element.
	r2, slope []float64
	k, inv    []float64
	alpha     []float64
}

func newMarginal(l layout, x [][]float64, y []float64) *marginal {
	n, d := len(x), len(l.choice)
	pairs := n * (n - 1) / 2
	m := &marginal{
		layout: l, n: n, d: d, x: x, y: y, squares: make([][]float64, d), r2: make([]float64, pairs), slope: make([]float64, pairs),
		k: make([]float64, n*n), inv: make([]float64, n*n), alpha: make([]float64, n),
	}
	for j := range d {
		m.squares[j] = make([]float64, 0, pairs)
		for a := range x {
			for b := a + 1; b < n; b++ {
				m.squares[j] = append(m.squares[j], l.square(j, x[a][j], x[b][j]))
			}
		}
	}
	return m
}

// negative implements [objective]: minus the ln of the density (Rasmussen &
// Williams 2006, equations 5.8 and 5.9) at the logarithms theta.
func (m *marginal) negative(theta, grad []float64) float64 {
	h := fromTheta(theta, m.d)
	if h.bends != nil {
		m.bend(h.bends)
	}
	logDet, ok := m.solve(&h)
	if !ok {
		return math.Inf(1)
	}
	value := 0.5*floats.Dot(m.y, m.alpha) + 0.5*logDet
	// With M = ααᵀ - K⁻¹ the derivative is -½ tr(M ∂K/∂θ); pair is M times the
	// slope of the kernel, for each pair.
	trace, inner, p := 0.0, 0.0, 0
	for a := range m.n {
		diagonal := m.alpha[a]*m.alpha[a] - m.inv[a*m.n+a]
		trace += diagonal
		inner += 0.5 * diagonal * h.scale
		row, kernel := m.inv[a*m.n:(a+1)*m.n], m.k[a*m.n:(a+1)*m.n]
		for b := a + 1; b < m.n; b++ {
			w := m.alpha[a]*m.alpha[b] - row[b]
			inner += w * kernel[b]
			m.slope[p] *= w * h.scale
			p++
		}
	}
	for j := range m.d {
		grad[j] = -h.weight[j] * floats.Dot(m.slope, m.squares[j])
	}
	grad[m.d] = -inner
	grad[m.d+1] = -0.5 * trace * h.noise
	if k := m.d + 2; h.bends != nil {
		m.bendSlopes(&h, grad[k:])
		value += bendPrior(theta[k:], grad[k:])
	}
	return value + prior(theta, &h, grad)
}

// solve computes the kernel matrix in k (its upper half), its inverse with
// noise in inv (likewise), α = K⁻¹y and the slopes of the kernel; it returns
// ln det K and whether K is positive definite.
func (m *marginal) solve(h *hyper) (float64, bool) {
	clear(m.r2)
	for j, w := range h.weight {
		floats.AddScaled(m.r2, w, m.squares[j])
	}
	p := 0
	for a := range m.n {
		m.k[a*m.n+a] = h.scale
		for b := a + 1; b < m.n; b++ {
			k, slope := matern(m.r2[p])
			m.k[a*m.n+b], m.slope[p] = h.scale*k, slope
			p++
		}
	}
	copy(m.inv, m.k)
	for a := range m.n {
		m.inv[a*m.n+a] += h.noise
	}
	factor, ok := lapack64.Potrf(blas64.Symmetric{N: m.n, Stride: m.n, Data: m.inv, Uplo: blas.Upper})
	if !ok {
		return 0, false
	}
	logDet := 0.0
	for a := range m.n {
		logDet += 2 * math.Log(m.inv[a*m.n+a])
	}
	copy(m.alpha, m.y)
	vector := blas64.Vector{N: m.n, Inc: 1, Data: m.alpha}
	blas64.Trsv(blas.Trans, factor, vector)
	blas64.Trsv(blas.NoTrans, factor, vector)
	_, ok = lapack64.Potri(factor)
	return logDet, ok
}

// prior adds the priors' part to the gradient and returns their part of the
// value.
func prior(theta []float64, h *hyper, grad []float64) float64 {
	d := len(h.weight)
	value := 0.0
	mode := lengthMode + 0.5*math.Log(float64(d))
	for j := range d {
		z := (-0.5*theta[j] - mode) / lengthSigma
		value += 0.5 * z * z
		grad[j] -= 0.5 * z / lengthSigma
	}
	value += scaleRate*h.scale - (scaleShape-1)*theta[d]
	grad[d] += scaleRate*h.scale - (scaleShape - 1)
	value += noiseRate*h.noise - (noiseShape-1)*theta[d+1]
	grad[d+1] += noiseRate*h.noise - (noiseShape - 1)
	return value
}
