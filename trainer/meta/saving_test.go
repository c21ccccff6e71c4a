package meta

import (
	"testing"
	"time"
)

// TestLargeCheckpointsAreRare: small ones are written at every validation, large
// ones as often as takes a small share of the time.
func TestLargeCheckpointsAreRare(t *testing.T) {
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	const mb = 1 << 20
	for name, c := range map[string]struct {
		took  time.Duration
		since time.Duration
		bytes int64
		want  bool
	}{
		"small":                    {0, 0, mb, true},
		"small, slow disk":         {time.Minute, time.Second, 16 * mb, true},
		"first":                    {0, 9 * time.Second, 250 * mb, false},
		"first, later":             {0, 10 * time.Second, 250 * mb, true},
		"quick disk":               {100 * time.Millisecond, 2 * time.Second, 250 * mb, true},
		"slow disk":                {5 * time.Second, 99 * time.Second, 250 * mb, false},
		"slow disk, long after":    {5 * time.Second, 100 * time.Second, 250 * mb, true},
		"gigabytes, just begun":    {0, time.Second, 10 << 30, false},
		"gigabytes, after minutes": {0, 7 * time.Minute, 10 << 30, true},
	} {
		v := saving{last: begin, took: c.took}
		if got := v.due(begin.Add(c.since), c.bytes); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
}
