package nsga2

import (
	"cmp"
	"math"
	"slices"
)

// dominates reports whether a is nowhere higher than b and somewhere lower.
func dominates(a, b []float64) bool {
	lower := false
	for i, v := range a {
		if v > b[i] {
			return false
		}
		lower = lower || v < b[i]
	}
	return lower
}

// fronts sorts points by dominance (Deb et al. 2002, section III-A): the
// first front holds those that none dominates, each following one those that
// only points of the fronts before it dominate. Within a front the order of
// the pool stays. Lower values are better.
func fronts(values [][]float64, pool []int) [][]int {
	dominated := make([][]int, len(pool)) // by place in the pool
	rivals := make([]int, len(pool))      // that dominate it and are in no front yet
	for i := range pool {
		for j := i + 1; j < len(pool); j++ {
			switch a, b := values[pool[i]], values[pool[j]]; {
			case dominates(a, b):
				dominated[i] = append(dominated[i], j)
				rivals[j]++
			case dominates(b, a):
				dominated[j] = append(dominated[j], i)
				rivals[i]++
			}
		}
	}
	var all [][]int
	var current []int
	for i, n := range rivals {
		if n == 0 {
			current = append(current, i)
		}
	}
	for len(current) > 0 {
		front := make([]int, len(current))
		var next []int
		for k, i := range current {
			front[k] = pool[i]
			for _, j := range dominated[i] {
				if rivals[j]--; rivals[j] == 0 {
					next = append(next, j)
				}
			}
		}
		slices.Sort(next)
		all = append(all, front)
		current = next
	}
	return all
}

// crowding returns how far apart each member of a front stands from its
// neighbours, summed over the objectives in units of the front's extent (Deb
// et al. 2002, section III-B); +Inf at the ends.
func crowding(values [][]float64, front []int) []float64 {
	distance := make([]float64, len(front))
	order := make([]int, len(front)) // places in the front
	for i := range order {
		order[i] = i
	}
	for m := range values[front[0]] {
		at := func(i int) float64 { return values[front[order[i]]][m] }
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[front[a]][m], values[front[b]][m]) })
		last := len(order) - 1
		extent := at(last) - at(0)
		distance[order[0]], distance[order[last]] = math.Inf(1), math.Inf(1)
		if !(extent > 0) || math.IsInf(extent, 1) {
			continue // all equal, or nothing to measure by
		}
		for i := 1; i < last; i++ {
			distance[order[i]] += (at(i+1) - at(i-1)) / extent
		}
	}
	return distance
}
