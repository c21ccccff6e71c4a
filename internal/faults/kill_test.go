package faults

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// onEach runs a test on an empty database of SQLite and of PostgreSQL.
func onEach(t *testing.T, test func(t *testing.T, dir, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		test(t, dir, "sqlite:///"+filepath.Join(dir, "s.db"))
	})
	t.Run("postgresql", func(t *testing.T) {
		t.Parallel()
		test(t, t.TempDir(), dbtest.Database(t, dbtest.PostgreSQL))
	})
}

// TestKills kills workers and trainers at random moments.
func TestKills(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, dir, url string) {
		kills := choose(16, 200)
		random := newRand(t)
		c := newCrew(t, dir, url, plan{trials: kills, steps: 12, pace: 2, lease: 5 * time.Second})
		for range 4 {
			c.worker()
		}
		seen := ledger{}
		for n := range kills {
			c.strike(random)
			if n%20 == 19 {
				seen.look(c)
			}
		}
		c.finish()
		seen.look(c)
		resumed := 0
		for _, trial := range c.verdict(kills / 3) {
			if trial.Attempt > 1 {
				resumed++
			}
		}
		if resumed == 0 {
			t.Error("no trial was resumed: nothing was tested")
		}
		t.Logf("%d of %d trials were resumed after the death of their worker", resumed, len(c.read()))
	})
}

// strike kills a worker or a trainer some steps from now. Another worker takes
// the place of one that was killed.
func (c *crew) strike(random *rand.Rand) {
	c.t.Helper()
	for {
		var at event
		for range 1 + random.IntN(12) {
			at = c.feed.await(c.t, "a step of some trial", func(event) bool { return true })
		}
		// Not always right at the beginning of a step.
		timer := time.NewTimer(time.Duration(random.Int64N(int64(4 * time.Millisecond))))
		<-timer.C
		if random.IntN(2) == 0 {
			if killTrainer(at.Trainer) {
				return
			}
			continue
		}
		alive := c.alive()
		if len(alive) > 0 && alive[random.IntN(len(alive))].signal(syscall.SIGKILL) {
			c.worker()
			return
		}
	}
}

// killTrainer kills a process if it is a trainer; it may have ended.
func killTrainer(pid int) bool {
	name, err := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return err == nil && strings.TrimSpace(string(name)) == "simtrain" && syscall.Kill(pid, syscall.SIGKILL) == nil
}
