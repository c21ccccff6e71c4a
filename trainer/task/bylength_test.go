package task

import (
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestCutBatch: every example comes once a pass, batches are of the size that
// was asked for, hold like lengths, and are other ones in the next pass.
func TestCutBatch(t *testing.T) {
	t.Parallel()
	const size = 8
	length := func(i int) int { return 3 + i*i%29 }
	for _, n := range []int{1, 7, 31, 32, 33, 256, 257, 1000} {
		passes := [2][][]int{}
		for pass := range passes {
			order := permutation(generator(5, "test", pass), n)
			var all []int
			batches := (n + size - 1) / size
			padded, plain, small := 0, 0, 0
			for i := range batches {
				batch := CutBatch(order, size, i, length, 5)
				if again := CutBatch(order, size, i, length, 5); !slices.Equal(again, batch) {
					t.Fatalf("%d examples: batch %d is %v, then %v", n, i, batch, again)
				}
				if len(batch) < size {
					small++
				}
				all = append(all, batch...)
				padded += cost(batch, length)
				plain += cost(CutBatch(order, size, i, nil, 5), length)
				passes[pass] = append(passes[pass], slices.Sorted(slices.Values(batch)))
			}
			if !slices.Equal(slices.Sorted(slices.Values(all)), upTo(n)) {
				t.Errorf("%d examples: a pass has %v", n, all)
			}
			if (n%size == 0) != (small == 0) || small > 1 {
				t.Errorf("%d examples: %d batches are smaller than %d", n, small, size)
			}
			if n >= leastWindow*size && padded >= plain*9/10 {
				t.Errorf("%d examples: %d tokens with padding, %d in batches as they come", n, padded, plain)
			}
		}
		if n > 2*size && cmp.Equal(passes[0], passes[1]) {
			t.Errorf("%d examples: two passes have the same batches", n)
		}
	}
}

// TestCutBatch_turns: batches do not come from the shortest to the longest.
func TestCutBatch_turns(t *testing.T) {
	t.Parallel()
	order := permutation(generator(1, "test", 0), 320)
	var longest []int
	for i := range 40 {
		longest = append(longest, slices.Max(CutBatch(order, 8, i, func(of int) int { return of }, 1)))
	}
	if slices.IsSorted(longest[:windowBatches]) {
		t.Errorf("the longest of each batch are %v", longest)
	}
	if other := CutBatch(order, 8, 3, func(of int) int { return of }, 2); slices.Equal(other, CutBatch(order, 8, 3, func(of int) int { return of }, 1)) {
		t.Error("another seed gives the same batch")
	}
}

// cost returns the tokens of a padded batch.
func cost(batch []int, length func(int) int) int {
	longest := 0
	for _, i := range batch {
		longest = max(longest, length(i))
	}
	return longest * len(batch)
}

// upTo returns 0 to n-1.
func upTo(n int) []int {
	all := make([]int, n)
	for i := range all {
		all[i] = i
	}
	return all
}
