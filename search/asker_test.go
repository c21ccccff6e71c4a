package search_test

import (
	"errors"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// newAsker returns an asker of at most so many trials.
func newAsker(t *testing.T, store *fakeStore, limit int) *search.Asker {
	t.Helper()
	study := store.study
	asker, err := search.NewAsker(search.Asker{
		Store: store, Study: &study, Sampler: seeded{}, History: search.NewHistoryCache(store, &study),
		Lease: time.Hour, MaxAttempts: 1, Limit: limit,
	})
	if err != nil {
		t.Fatal(err)
	}
	return asker
}

// TestAskerNumbers has trials created by others, and WAITING ones, between
// asks: each new trial gets the next number. The store is asked to count only
// before the first.
func TestAskerNumbers(t *testing.T) {
	t.Parallel()
	store := newFakeStore(definition())
	store.add(search.Trial{State: search.Complete, Values: []float64{1}}, time.Time{})
	asker := newAsker(t, store, 0)
	for i, between := range []search.State{search.Running, search.Failed, search.Running} {
		trial, _, err := asker.Ask(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := 1 + 2*i; trial.Number != want {
			t.Errorf("asked for trial %d, want %d", trial.Number, want)
		}
		store.add(search.Trial{State: between}, time.Now().Add(time.Hour))
	}
	if n := store.count("Counts"); n != 1 {
		t.Errorf("the trials were counted %d times, want 1", n)
	}
	store.add(search.Trial{State: search.Waiting, Params: map[string]float64{"x": 0}}, time.Time{})
	if trial, _, err := asker.Ask(t.Context()); err != nil || trial.Number != 7 {
		t.Errorf("trial %v, error %v: want the waiting trial 7", trial, err)
	}
}

// TestAskerAfterACrash lets the server forget the last trials, which the
// snapshot still has.
func TestAskerAfterACrash(t *testing.T) {
	t.Parallel()
	store := newFakeStore(definition())
	asker := newAsker(t, store, 0)
	for range 3 {
		if _, _, err := asker.Ask(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	store.mu.Lock()
	store.trials = store.trials[:1]
	store.mu.Unlock()
	for want := 1; want <= 2; want++ {
		if trial, _, err := asker.Ask(t.Context()); err != nil || trial.Number != want {
			t.Errorf("trial %v, error %v: want trial %d", trial, err, want)
		}
	}
	h, err := asker.History.Snapshot(t.Context())
	if err != nil || len(h.Trials) != 3 || h.Next != 3 {
		t.Errorf("history of %d trials, next %d, error %v: want 3 and 3", len(h.Trials), h.Next, err)
	}
}

// TestAskerSpent asks for more trials than there may be: at first without a
// look at the trials, which may be many.
func TestAskerSpent(t *testing.T) {
	t.Parallel()
	store := newFakeStore(definition())
	first := newAsker(t, store, 1)
	if _, _, err := first.Ask(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := first.Ask(t.Context()); !errors.Is(err, search.ErrNothing) {
		t.Errorf("error %v, want ErrNothing", err)
	}
	before := store.count("Trials")
	if _, _, err := newAsker(t, store, 1).Ask(t.Context()); !errors.Is(err, search.ErrNothing) {
		t.Errorf("error %v, want ErrNothing", err)
	}
	if n := store.count("Trials") - before; n != 0 {
		t.Errorf("a spent study was read %d times", n)
	}
	if n := store.count("Start"); n != 1 {
		t.Errorf("%d starts, want 1", n)
	}
}
