package search

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
)

// A HistoryCache is a [HistorySource] that reads each finished trial once:
// finished trials never change. A snapshot costs two queries, whatever the
// length of the study, and one more for each trial that has ended since the
// snapshot before. It is safe for concurrent use.
type HistoryCache struct {
	store Store
	study *Study

	mu       sync.Mutex
	seen     int          // the highest number ever read, -1 for none
	open     map[int]bool // numbers up to seen that had not finished
	finished []*Trial     // in ascending order of number
}

var _ HistorySource = (*HistoryCache)(nil)

// NewHistoryCache returns an empty cache of the study's trials.
func NewHistoryCache(store Store, study *Study) *HistoryCache {
	return &HistoryCache{store: store, study: study, seen: -1, open: make(map[int]bool)}
}

// Snapshot implements [HistorySource].
func (c *HistoryCache) Snapshot(ctx context.Context) (*History, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := c.readNew(ctx); err != nil {
		return nil, fmt.Errorf("reading the trials of study %q: %w", c.study.Name, err)
	}
	running, err := c.readOpen(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the open trials of study %q: %w", c.study.Name, err)
	}
	trials := slices.Concat(c.finished, running)
	slices.SortFunc(trials, byNumber) // nearly sorted, which is quick
	return &History{Study: c.study, Trials: trials}, nil
}

// readNew reads the trials that were created since the last time.
func (c *HistoryCache) readNew(ctx context.Context) error {
	fresh, err := c.store.Trials(ctx, c.study.ID, TrialQuery{After: c.seen})
	if err != nil {
		return err
	}
	for _, t := range fresh {
		c.seen = max(c.seen, t.Number)
		if t.State.Finished() {
			c.finished = append(c.finished, t) // its number is the highest so far
		} else {
			c.open[t.Number] = true
		}
	}
	return nil
}

// readOpen returns the running trials and moves those that have finished
// since the last time.
func (c *HistoryCache) readOpen(ctx context.Context) ([]*Trial, error) {
	unfinished, err := c.store.Trials(ctx, c.study.ID, TrialQuery{States: []State{Waiting, Running}, After: -1})
	if err != nil {
		return nil, err
	}
	still := make(map[int]bool, len(unfinished))
	var running []*Trial
	for _, t := range unfinished {
		still[t.Number] = true
		if t.State == Running {
			running = append(running, t)
		}
	}
	for number := range c.open {
		if still[number] {
			continue
		}
		t, err := c.store.Trial(ctx, c.study.ID, number)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		if err == nil && !t.State.Finished() {
			continue // it was retried by hand between the two queries
		}
		delete(c.open, number)
		if err == nil {
			at, _ := slices.BinarySearchFunc(c.finished, t, byNumber)
			c.finished = slices.Insert(c.finished, at, t)
		}
	}
	return running, nil
}

func byNumber(a, b *Trial) int { return a.Number - b.Number }
