package main

import (
	"bytes"
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"time"
)

// growth compares trials of a long study with those of a short one.
func (b *bench) growth(ctx context.Context, report *bytes.Buffer) error {
	last := b.scaled(100_000)
	window := min(1000, last/4)
	took := make([]time.Duration, last)
	err := use(ctx, "sqlite:///"+filepath.Join(b.dir, "growth.db"), func(l life) error {
		for number := range took {
			began := time.Now()
			if err := l.run(ctx, number); err != nil {
				return err
			}
			took[number] = time.Since(began)
		}
		return nil
	})
	if err != nil {
		return err
	}
	early, late := spread(took[window/2:window/2+window]), spread(took[last-window:])
	fmt.Fprintf(report, `## Growth

SQLite, one process: the time for a trial around the %dth and before the %dth,
median and mean over %d. Goal: at most 1.3 times.

| | %dth | %dth | times |
|---|---|---|---|
| median, ms | %.3f | %.3f | %.2f |
| mean, ms | %.3f | %.3f | %.2f |

`, window, last, window, window, last, early.median, late.median, late.median/early.median, early.mean, late.mean, late.mean/early.mean)
	return nil
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
