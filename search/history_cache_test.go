package search_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

func TestHistoryCache(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := newFakeStore(definition())
	study := store.study
	cache := search.NewHistoryCache(store, &study)
	expect := func(want ...string) {
		t.Helper()
		h, err := cache.Snapshot(ctx)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, trial := range h.Trials {
			got = append(got, fmt.Sprint(trial.Number, " ", trial.State))
		}
		if h.Study != &study || !slices.Equal(got, want) {
			t.Errorf("snapshot %q, want %q", got, want)
		}
	}
	claim := func() search.Claim {
		t.Helper()
		_, c, err := store.Claim(ctx, 1, "w", time.Hour, 3)
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	finish := func(c search.Claim, state search.State) {
		t.Helper()
		if err := store.Finish(ctx, c, search.Outcome{State: state}); err != nil {
			t.Fatal(err)
		}
	}

	expect()
	for range 4 {
		store.add(search.Trial{State: search.Waiting}, time.Time{})
	}
	expect()
	c0, c1, c2 := claim(), claim(), claim()
	expect("0 RUNNING", "1 RUNNING", "2 RUNNING")
	finish(c1, search.Complete) // out of order
	expect("0 RUNNING", "1 COMPLETE", "2 RUNNING")
	store.add(search.Trial{State: search.Failed}, time.Time{})
	expect("0 RUNNING", "1 COMPLETE", "2 RUNNING", "4 FAIL")
	finish(c2, search.Pruned)
	if err := store.Release(ctx, c0); err != nil {
		t.Fatal(err)
	}
	expect("1 COMPLETE", "2 PRUNED", "4 FAIL")
	finish(claim(), search.Complete)
	finish(claim(), search.Complete)
	expect("0 COMPLETE", "1 COMPLETE", "2 PRUNED", "3 COMPLETE", "4 FAIL")

	trials, single := store.count("Trials"), store.count("Trial")
	expect("0 COMPLETE", "1 COMPLETE", "2 PRUNED", "3 COMPLETE", "4 FAIL")
	if store.count("Trials")-trials != 1 || store.count("Trial") != single {
		t.Errorf("an unchanged study was read with %d list and %d single queries, want 1 and 0",
			store.count("Trials")-trials, store.count("Trial")-single)
	}
}

// TestHistoryCacheOfManyOpenTrials has more trials waiting than one query may
// name.
func TestHistoryCacheOfManyOpenTrials(t *testing.T) {
	t.Parallel()
	const trials = 9000
	store := newFakeStore(definition())
	for range trials {
		store.add(search.Trial{State: search.Waiting}, time.Time{})
	}
	cache := search.NewHistoryCache(store, &store.study)
	states := []search.State{search.Complete, search.Running, search.Complete}
	for step, number := range []int{-1, 0, trials - 1, trials} {
		if number == trials {
			store.add(search.Trial{State: search.Waiting}, time.Time{})
		}
		if number >= 0 {
			store.trials[number].State = states[step-1]
		}
		h, err := cache.Snapshot(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if len(h.Trials) != step || step > 0 && (h.Trials[step-1].Number != number || h.Trials[step-1].State != states[step-1]) {
			t.Fatalf("after step %d: %d trials", step, len(h.Trials))
		}
	}
}
