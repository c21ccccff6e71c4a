package gp

import "math"

// The bounds of the hyperparameters, all in natural logarithms. The
// coordinates that lengths are measured in have the range 0 to 1.
var (
	logWeightLow, logWeightHigh = -2 * math.Log(30), -2 * math.Log(0.02)
	logScaleLow, logScaleHigh   = math.Log(1e-2), math.Log(1e2)
	logNoiseLow, logNoiseHigh   = math.Log(1e-6), math.Log(1.0)
)

// hyper are the hyperparameters of the process: with r² = Σ wⱼΔⱼ² the
// covariance of two points is scale·(1 + √5r + 5r²/3)·exp(-√5r), the Matérn
// kernel of smoothness 5/2 with a length 1/√wⱼ for each axis (C. E.
// Rasmussen, C. K. I. Williams, "Gaussian Processes for Machine Learning",
// 2006, equations 4.17 and 5.1). Δⱼ is the difference of the coordinates, and
// for choices 0 or 1 (Hamming).
type hyper struct {
	weight []float64
	scale  float64
	noise  float64 // variance of the noise
	bends  []bend  // of the axes; nil: they are straight
}

// matern returns the kernel at squared distance r2 and its derivative by r2,
// both for scale 1.
func matern(r2 float64) (k, slope float64) {
	r := math.Sqrt(5 * r2)
	e := math.Exp(-r)
	return (1 + r + r*r/3) * e, -5.0 / 6 * (1 + r) * e
}

// A layout says which coordinates are choices.
type layout struct {
	choice []bool
}

// square returns Δ² of axis j.
func (l layout) square(j int, a, b float64) float64 {
	if l.choice[j] {
		if a == b {
			return 0
		}
		return 1
	}
	return (a - b) * (a - b)
}

// distance returns r² of two points.
func (l layout) distance(h *hyper, a, b []float64) float64 {
	sum := 0.0
	for j, w := range h.weight {
		d := a[j] - b[j]
		switch {
		case !l.choice[j]:
			sum += w * d * d
		case d != 0:
			sum += w
		}
	}
	return sum
}
