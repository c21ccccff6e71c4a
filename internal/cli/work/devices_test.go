package work

import (
	"runtime"
	"testing"
)

// Not parallel: it sets the environment.
func TestThreads(t *testing.T) {
	cores := runtime.GOMAXPROCS(0)
	for _, c := range []struct {
		set      string
		parallel int
		want     int
	}{
		{"", 0, cores},
		{"", cores, 1},
		{"", 1 << 20, 1},
		{"7", 2, 7},
		{"0", 1, cores},
		{"many", 1, cores},
	} {
		t.Setenv("OMP_NUM_THREADS", c.set)
		if got := Threads(c.parallel); got != c.want {
			t.Errorf("OMP_NUM_THREADS=%q and %d workers: %d threads, want %d", c.set, c.parallel, got, c.want)
		}
	}
}
