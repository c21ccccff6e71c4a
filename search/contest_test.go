package search

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// TestContest has many processes that want the next number again and again,
// each attempt at which takes a while: few attempts are in vain, and few
// moments pass without one.
func TestContest(t *testing.T) {
	t.Parallel()
	for _, processes := range []int{2, 16, 64} {
		synctest.Test(t, func(t *testing.T) {
			const attempt, wins = 50 * time.Millisecond, 20
			began := time.Now()
			var mu sync.Mutex
			number, attempts := 0, 0
			try := func() bool {
				mu.Lock()
				wanted := number
				attempts++
				mu.Unlock()
				time.Sleep(attempt)
				mu.Lock()
				defer mu.Unlock()
				if number != wanted {
					return false
				}
				number++
				return true
			}
			var all sync.WaitGroup
			for range processes {
				all.Go(func() {
					var c contest
					for range wins {
						for !try() {
							if err := c.lost(t.Context(), attempt); err != nil {
								t.Error(err)
							}
						}
						c.won()
					}
				})
			}
			all.Wait()
			// One after the other would be 1 and 1, all at once the number of
			// processes and 1.
			each := float64(attempts) / float64(number)
			slots := float64(time.Since(began)) / float64(number) / float64(attempt)
			if each > 3 || slots > 3 {
				t.Errorf("%d processes: %.1f attempts and the time of %.1f for each number", processes, each, slots)
			}
			t.Logf("%d processes: %.1f attempts and the time of %.1f for each number", processes, each, slots)
		})
	}
}

func TestContestEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancelCause(t.Context())
	why := errors.New("the end")
	cancel(why)
	var c contest
	if err := c.lost(ctx, time.Hour); !errors.Is(err, why) {
		t.Errorf("error %v, want the cause of the end", err)
	}
}
