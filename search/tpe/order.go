package tpe

import (
	"cmp"
	"slices"
)

// sortedOrder returns the indices of v in ascending order of value, equal
// values in the order they stand in. All values lie in [low, high].
//
// It sorts into as many equal buckets as there are values first, which for
// the thousands of observations of a long study takes a fifth of the time of
// a comparison sort (BenchmarkSuggest).
func sortedOrder(v []float64, low, high float64) []int {
	n := len(v)
	block := make([]int, 3*n+2)
	bucket, order := block[:n], block[n:2*n:2*n]
	start := block[2*n:] // start[b+1] is where bucket b begins
	for i, x := range v {
		bucket[i] = min(n-1, int(float64(n)*((x-low)/(high-low))))
		start[bucket[i]+2]++
	}
	for b := range n {
		start[b+2] += start[b+1]
	}
	for i, b := range bucket {
		order[start[b+1]] = i
		start[b+1]++ // in the end it is where the next bucket begins
	}
	for b := range n {
		sortInside(v, order[start[b]:start[b+1]])
	}
	return order
}

// sortInside sorts the indices of one bucket, which ascend. Most buckets have
// one or two: these are sorted by insertion.
func sortInside(v []float64, indices []int) {
	const few = 12
	if len(indices) > few {
		slices.SortFunc(indices, func(i, j int) int { return cmp.Or(cmp.Compare(v[i], v[j]), i-j) })
		return
	}
	for k, i := range indices {
		for ; k > 0 && v[indices[k-1]] > v[i]; k-- {
			indices[k] = indices[k-1]
		}
		indices[k] = i
	}
}
