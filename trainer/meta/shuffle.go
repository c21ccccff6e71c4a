package meta

import "github.com/hpsearch/hpsearch/trainer/task"

// shuffled returns 0..n-1 in an order that depends on the seed alone: the
// method of Fisher and Yates on numbers of [mix]. The remainder's bias is
// below n / 2^63.
func shuffled(seed int64, n int) []int {
	order := All(n)
	for i := n - 1; i > 0; i-- {
		j := int(uint64(mix(seed, int64(i))) % uint64(i+1))
		order[i], order[j] = order[j], order[i]
	}
	return order
}

// batchOf returns which of n examples a step takes, size of them: all have
// their turn before any comes again, in an order drawn anew for each pass, of
// which one batch may be smaller. 0 and n or more take all. With length, examples
// of like length come together.
func batchOf(seed int64, step, size, n int, length func(position int) int) []int {
	if size <= 0 || size >= n {
		return All(n)
	}
	perPass := (n + size - 1) / size
	pass, i := step/perPass, step%perPass
	return task.CutBatch(shuffled(mix(seed, int64(pass)), n), size, i, length, seed)
}
