package tpe

import "math"

// The standard normal distribution: Φ is its distribution function.

const logSqrt2Pi = 0.91893853320467274178 // ln √(2π)

// phi returns Φ(x).
func phi(x float64) float64 { return 0.5 * math.Erfc(-x/math.Sqrt2) }

// logPhi returns ln Φ(x), also where Φ(x) underflows.
func logPhi(x float64) float64 {
	switch {
	case x > 5:
		return math.Log1p(-phi(-x))
	case x > -30:
		return math.Log(phi(x))
	}
	// Abramowitz & Stegun 26.2.12; the first omitted term is 105/x⁸ < 2e-10.
	y := 1 / (x * x)
	return -0.5*x*x - math.Log(-x) - logSqrt2Pi + math.Log1p(-y*(1-y*(3-15*y)))
}

// logMass returns ln(Φ(b) - Φ(a)) for a < b without cancellation in the
// tails; -Inf when a = b.
func logMass(a, b float64) float64 {
	if a > 0 {
		a, b = -b, -a
	}
	width := b - a
	switch {
	case width < 1e-4:
		// The density at the middle; the error is width²·(x²-1)/24 of it.
		x := a + 0.5*width
		return -0.5*x*x - logSqrt2Pi + math.Log(width)
	case b > 0: // a <= 0 < b: the mass outside is what the tails hold
		return math.Log1p(-phi(a) - phi(-b))
	case b > -37: // Φ(b) is a normal float64, and far enough from Φ(a)
		return math.Log(phi(b) - phi(a))
	}
	upper := logPhi(b)
	return upper + math.Log(-math.Expm1(logPhi(a)-upper))
}

// truncatedQuantile returns the u-quantile, 0 <= u < 1, of the standard
// normal distribution truncated to [a, b], where a <= 0 <= b.
func truncatedQuantile(u, a, b float64) float64 {
	low, high := phi(a), phi(-b) // masses below a and above b
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

// logSumExp returns ln Σ exp(v). It is -Inf for an empty or all -Inf slice.
func logSumExp(v []float64) float64 {
	top := math.Inf(-1)
	for _, x := range v {
		top = max(top, x)
	}
	if math.IsInf(top, -1) {
		return top
	}
	// A thousand such terms are 1e-10 of a sum of at least 1.
	const negligible = 30
	sum := 0.0
	for _, x := range v {
		if x > top-negligible {
			sum += math.Exp(x - top)
		}
	}
	return top + math.Log(sum)
}
