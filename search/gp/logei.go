package gp

import "math"

const (
	logSqrt2Pi   = 0.91893853320467274178 // ln √(2π)
	sqrtHalfPi   = 1.25331413731550025121 // √(π/2)
	inverseSqPi  = 0.56418958354775628695 // 1/√π
	farLeft      = -200                   // where the asymptotic expansion is exact to 1e-12
	clearlyRight = 5                      // where φ + zΦ is computed as it stands
)

// logImprovement returns ln(φ(z) + zΦ(z)), the ln of the expected improvement
// in units of the standard deviation, and the factors φ/(φ+zΦ) and
// Φ/(φ+zΦ) that its derivatives need. It is exact also where the improvement
// underflows (S. Ament, S. Daulton, D. Eriksson, M. Balandat, E. Bakshy,
// "Unexpected Improvements to Expected Improvement for Bayesian
// Optimization", NeurIPS 2023, equation 9, here by way of Mills' ratio).
func logImprovement(z float64) (logH, density, mass float64) {
	logDensity := -0.5*z*z - logSqrt2Pi
	if z > clearlyRight {
		phi, cdf := math.Exp(logDensity), 0.5*math.Erfc(-z/math.Sqrt2)
		h := phi + z*cdf
		return math.Log(h), phi / h, cdf / h
	}
	mills := sqrtHalfPi * erfcx(-z/math.Sqrt2) // Φ/φ
	ratio := 1 + z*mills                       // (φ + zΦ)/φ
	if z < farLeft {
		y := 1 / (z * z)
		ratio = y * (1 - y*(3-15*y)) // Abramowitz & Stegun 26.2.12
	}
	return logDensity + math.Log(ratio), 1 / ratio, mills / ratio
}

// erfcx returns exp(x²)·erfc(x) for x > -4; where erfc underflows, by its
// asymptotic expansion (Abramowitz & Stegun 7.1.23).
func erfcx(x float64) float64 {
	if x < 12 {
		return math.Exp(x*x) * math.Erfc(x)
	}
	y := 0.5 / (x * x)
	return inverseSqPi / x * (1 - y*(1-y*(3-y*(15-105*y))))
}
