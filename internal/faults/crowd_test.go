package faults

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestCrowd has many processes on one database, with several trials at once
// in each.
func TestCrowd(t *testing.T) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		crowd(t, dir, "sqlite:///"+filepath.Join(dir, "s.db"), choose(4, 16), 4)
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		crowd(t, t.TempDir(), dbtest.Database(t, dbtest.PostgreSQL), choose(8, 64), choose(1, 4))
	})
}

func crowd(t *testing.T, dir, url string, processes, parallel int) {
	// A busy machine may keep a process from its turn for a long time: nobody
	// is to be taken for dead here.
	c := newCrew(t, dir, url, plan{trials: 3 * processes * parallel, steps: 6, pace: 1, lease: time.Minute})
	for range processes {
		c.start(c.command("run", "s", "--data", c.data(), "--lease", c.lease.String(), "--parallel", strconv.Itoa(parallel)))
	}
	c.finish()
	reported := c.reported()
	for _, trial := range c.verdict(0) {
		if reported[trial.Number] != 1 || trial.Attempt != 1 {
			t.Errorf("trial %d had %d attempts and was complete %d times", trial.Number, trial.Attempt, reported[trial.Number])
		}
	}
	for _, w := range c.workers {
		if text := w.log.String(); strings.Contains(text, "locked") || strings.Contains(text, "too many") {
			t.Errorf("a worker said:\n%s", text)
		}
	}
}
