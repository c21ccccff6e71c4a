package gp

import (
	"cmp"
	"math"
	"slices"
)

// standardize maps values, of which lower is better, to ones that a Gaussian
// process fits well: mean 0, standard deviation 1, and no outliers.
//
// The worse half is bent first: a value above the median moves to where a
// normal distribution as wide as the better half has its quantile of that
// rank, when that is nearer ("half-rank warping", X. Song et al., "The Vizier
// Gaussian Process Bandit Algorithm", arXiv:2408.11527, 2024, section 4.1).
// The order of the values stays.
func standardize(values []float64) []float64 {
	n := len(values)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	median := values[order[(n-1)/2]]
	out := slices.Clone(values)
	if width := halfWidth(values, order, median); width > 0 {
		for rank, i := range order {
			if values[i] <= median {
				continue
			}
			q := (float64(rank) + 0.5) / float64(n)
			bent := median + width*math.Sqrt2*math.Erfinv(2*q-1)
			out[i] = min(out[i], max(bent, median))
		}
	}
	return scale(out)
}

// halfWidth returns the standard deviation of the better half around the
// median: the root of the mean square.
func halfWidth(values []float64, order []int, median float64) float64 {
	sum, count := 0.0, 0
	for _, i := range order {
		if values[i] <= median {
			z := values[i] - median
			sum += z * z
			count++
		}
	}
	return math.Sqrt(sum / float64(max(1, count)))
}

// scale subtracts the mean and divides by the standard deviation, in place.
// Values are divided by the largest first, so that no square overflows.
func scale(v []float64) []float64 {
	largest := 0.0
	for _, x := range v {
		largest = max(largest, math.Abs(x))
	}
	if largest == 0 {
		return v
	}
	mean := 0.0
	for i := range v {
		v[i] /= largest
		mean += v[i] / float64(len(v))
	}
	sum := 0.0
	for i := range v {
		v[i] -= mean
		sum += v[i] * v[i]
	}
	sd := math.Sqrt(sum / float64(len(v)))
	if sd < 1e-12 {
		clear(v)
		return v
	}
	for i := range v {
		v[i] /= sd
	}
	return v
}
