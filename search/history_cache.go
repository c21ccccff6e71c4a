package search

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
)

// A HistoryCache is a [HistorySource] that reads each finished trial once:
// finished trials never change. A snapshot costs one call of the store,
// whatever the length of the study and however many trials have ended since
// the snapshot before. It is safe for concurrent use.
type HistoryCache struct {
	store Store
	study *Study

	mu       sync.Mutex
	seen     int      // the highest number ever read, -1 for none
	open     []int    // numbers up to seen that had not finished, ascending
	finished []*Trial // in ascending order of number
}

var _ HistorySource = (*HistoryCache)(nil)

// mostOpen bounds the numbers of one query: databases bound its parameters.
const mostOpen = 8192

// NewHistoryCache returns an empty cache of the study's trials.
func NewHistoryCache(store Store, study *Study) *HistoryCache {
	return &HistoryCache{store: store, study: study, seen: -1}
}

// Snapshot implements [HistorySource].
func (c *HistoryCache) Snapshot(ctx context.Context) (*History, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	changed, err := c.read(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the trials of study %q: %w", c.study.Name, err)
	}
	c.forget(changed)
	var running []*Trial
	c.open = c.open[:0]
	for _, t := range changed {
		c.seen = max(c.seen, t.Number)
		switch {
		case t.State.Finished():
			at, _ := slices.BinarySearchFunc(c.finished, t, byNumber) // mostly the end
			c.finished = slices.Insert(c.finished, at, t)
			continue
		case t.State == Running:
			running = append(running, t)
		}
		c.open = append(c.open, t.Number)
	}
	return &History{Study: c.study, Trials: merge(c.finished, running), Next: c.seen + 1}, nil
}

// read returns the trials that were created since the last time and those that
// were open then, in ascending order of number.
func (c *HistoryCache) read(ctx context.Context) ([]*Trial, error) {
	var trials []*Trial
	open := c.open
	for ; len(open) > mostOpen; open = open[mostOpen:] {
		some, err := c.store.Trials(ctx, c.study.ID, TrialQuery{After: math.MaxInt32, Also: open[:mostOpen]})
		if err != nil {
			return nil, err
		}
		trials = append(trials, some...)
	}
	rest, err := c.store.Trials(ctx, c.study.ID, TrialQuery{After: c.seen, Also: open})
	if err != nil {
		return nil, err
	}
	return append(trials, rest...), nil
}

// forget takes back that trials were seen which are not there any more: a
// server that crashed may forget the newest trials, none of which had
// finished, and their numbers are given again.
func (c *HistoryCache) forget(changed []*Trial) {
	for i, number := range c.open {
		if i < len(changed) && changed[i].Number == number {
			continue
		}
		c.seen = number - 1
		if n := len(c.finished); n > 0 {
			c.seen = max(c.seen, c.finished[n-1].Number)
		}
		return
	}
}

// merge returns the trials of two lists in ascending order of number as one.
func merge(a, b []*Trial) []*Trial {
	all := make([]*Trial, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		first := &a
		if byNumber(b[0], a[0]) < 0 {
			first = &b
		}
		all = append(all, (*first)[0])
		*first = (*first)[1:]
	}
	return append(append(all, a...), b...)
}

func byNumber(a, b *Trial) int { return a.Number - b.Number }
