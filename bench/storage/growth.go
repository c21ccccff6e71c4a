package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"syscall"
	"time"
)

// growth compares trials of a long study with those of a short one.
func (b *bench) growth(ctx context.Context, report *bytes.Buffer) error {
	last := b.scaled(100_000)
	window := min(1000, last/4)
	took, used := make([]time.Duration, last), make([]time.Duration, last)
	err := use(ctx, "sqlite:///"+filepath.Join(b.dir, "growth.db"), func(l life) error {
		for number := range took {
			began, before := time.Now(), processorTime()
			if err := l.run(ctx, number); err != nil {
				return err
			}
			took[number], used[number] = time.Since(began), processorTime()-before
		}
		return nil
	})
	if err != nil {
		return err
	}
	at := func(d []time.Duration) (early, late times) {
		return spread(d[window/2 : window/2+window]), spread(d[last-window:])
	}
	early, late := at(took)
	earlyUsed, lateUsed := at(used)
	fmt.Fprintf(report, `## Growth

SQLite, one process: the time for a trial around the %dth and before the %dth,
median and mean over %d. Goal: at most 1.3 times. The processor's time, that of
this process alone, depends less on what else the machine does.

| | %dth | %dth | times |
|---|---|---|---|
| median, ms | %.3f | %.3f | %.2f |
| mean, ms | %.3f | %.3f | %.2f |
| processor's time, mean, ms | %.3f | %.3f | %.2f |

`, window, last, window, window, last, early.median, late.median, late.median/early.median,
		early.mean, late.mean, late.mean/early.mean, earlyUsed.mean, lateUsed.mean, lateUsed.mean/earlyUsed.mean)
	return nil
}

// processorTime is what this process has used of the processor; 0 where the
// system does not say.
func processorTime() time.Duration {
	var usage syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &usage) != nil {
		return 0
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// times sums up durations, in milliseconds.
type times struct{ median, mean float64 }

func spread(took []time.Duration) times {
	sorted := slices.Clone(took)
	slices.Sort(sorted)
	var sum time.Duration
	for _, d := range sorted {
		sum += d
	}
	ms := func(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }
	return times{median: ms(sorted[len(sorted)/2]), mean: ms(sum) / float64(len(sorted))}
}
