package task

import (
	"cmp"
	"slices"
)

// Batches are grouped by length within windows of this many: enough for texts
// of one length to meet, few enough for a batch to differ from pass to pass.
// transformers' LengthGroupedSampler takes 50.
const (
	windowBatches = 32
	// Of fewer batches, each would hold the same texts in every pass.
	leastWindow = 4
)

// CutBatch returns batch i of an order of examples, size of them; the last one
// of all may be smaller. With length, which is asked for elements of the order,
// each window of the order is sorted by it and cut into batches, which follow in
// an order drawn anew for each window from the seed and the order itself: a
// batch is a function of the arguments alone.
func CutBatch(order []int, size, i int, length func(of int) int, seed int64) []int {
	if length == nil {
		return order[i*size : min((i+1)*size, len(order))]
	}
	first := i / windowBatches * windowBatches
	window := order[first*size : min((first+windowBatches)*size, len(order))]
	n := (len(window) + size - 1) / size
	if n < leastWindow {
		return CutBatch(order, size, i, nil, seed)
	}
	type item struct{ of, length int }
	items := make([]item, len(window))
	for k, of := range window {
		items[k] = item{of, length(of)}
	}
	// Equal lengths stay in the order that was drawn.
	slices.SortStableFunc(items, func(a, b item) int { return cmp.Compare(a.length, b.length) })
	turns := permutation(generator(seed, "batches by length", window[0]*len(order)+first), n)
	k := turns[i-first]
	batch := make([]int, 0, size)
	for _, it := range items[k*size : min((k+1)*size, len(items))] {
		batch = append(batch, it.of)
	}
	return batch
}
