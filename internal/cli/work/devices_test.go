package work

import "testing"

func TestThreads(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		wanted                string
		cores, parallel, want int
	}{
		{"", 8, 0, 8},
		{"", 8, 3, 2},
		{"", 8, 9, 1},
		{"7", 8, 2, 7},
		{"0", 8, 1, 8},
		{"-1", 8, 1, 8},
		{"many", 8, 2, 4},
	} {
		if got := threads(c.wanted, c.cores, c.parallel); got != c.want {
			t.Errorf("OMP_NUM_THREADS=%q, %d cores, %d workers: %d threads, want %d", c.wanted, c.cores, c.parallel, got, c.want)
		}
	}
}
