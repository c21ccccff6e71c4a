package storagetest

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

const (
	workers = 8
	trials  = 60
)

// inParallel runs f in several goroutines and reports the first error.
func inParallel(t *testing.T, f func(worker int) error) {
	t.Helper()
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range workers {
		wg.Go(func() { errs[w] = f(w) })
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
}

func testConcurrentStart(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	var started atomic.Int64
	inParallel(t, func(w int) error {
		for number := 0; ; {
			claim, err := f.Start(f.ctx, study.ID, newTrial(number), fmt.Sprint(w), long, trials)
			switch {
			case errors.Is(err, search.ErrNothing):
				return nil
			case errors.Is(err, search.ErrNumberTaken):
				number++
				continue
			case err != nil:
				return err
			}
			started.Add(1)
			if err := f.Report(f.ctx, claim, search.Report{Step: 1, Value: 1}); err != nil {
				return err
			}
			if err := f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{float64(number)}}); err != nil {
				return err
			}
			number++
		}
	})
	same(t, "started", started.Load(), int64(trials))
	all, err := f.Trials(f.ctx, study.ID, search.TrialQuery{After: -1})
	f.ok(t, err)
	same(t, "stored", len(all), trials)
	for i, trial := range all {
		if trial.Number != i || trial.Value() != float64(i) {
			t.Fatalf("trial at %d has number %d and value %v", i, trial.Number, trial.Value())
		}
	}
}

func testConcurrentNext(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	inParallel(t, func(w int) error {
		for {
			claim, err := f.Start(f.ctx, study.ID, newTrial(search.NextNumber), fmt.Sprint(w), long, trials)
			if errors.Is(err, search.ErrNothing) {
				return nil
			}
			if err != nil {
				return err
			}
			if err := f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{float64(claim.Number)}}); err != nil {
				return err
			}
		}
	})
	all, err := f.Trials(f.ctx, study.ID, search.TrialQuery{After: -1})
	f.ok(t, err)
	same(t, "stored", len(all), trials)
	for i, trial := range all {
		if trial.Number != i || trial.Value() != float64(i) {
			t.Fatalf("trial at %d has number %d and value %v", i, trial.Number, trial.Value())
		}
	}
}

func testConcurrentClaim(t *testing.T, f *fixture) {
	def := definition("s")
	for range trials {
		def.Enqueue = append(def.Enqueue, map[string]any{"x": 0.5})
	}
	study := f.study(t, def)
	var claimed [trials]atomic.Int64
	inParallel(t, func(w int) error {
		for {
			_, claim, err := f.Claim(f.ctx, study.ID, fmt.Sprint(w), long, 3)
			if errors.Is(err, search.ErrNothing) {
				return nil
			}
			if err != nil {
				return err
			}
			claimed[claim.Number].Add(1)
		}
	})
	for number := range claimed {
		if n := claimed[number].Load(); n != 1 {
			t.Errorf("trial %d was claimed %d times", number, n)
		}
	}
}

func testHistoryCache(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	cache := search.NewHistoryCache(f.Store, study)
	expect := func(want ...string) *search.History {
		t.Helper()
		h, err := cache.Snapshot(f.ctx)
		f.ok(t, err)
		var got []string
		for _, trial := range h.Trials {
			same(t, "trial", trial, f.trial(t, study.ID, trial.Number))
			got = append(got, fmt.Sprintf("%d %s", trial.Number, trial.State))
		}
		same(t, "history", got, want)
		return h
	}
	expect()
	done := search.Outcome{State: search.Complete, Values: []float64{1}}
	first := f.start(t, study.ID, 0, long)
	second := f.start(t, study.ID, 1, long)
	_, err := f.Enqueue(f.ctx, study.ID, nil)
	f.ok(t, err)
	expect("0 RUNNING", "1 RUNNING")
	f.ok(t, f.Finish(f.ctx, second, done)) // out of order
	old := expect("0 RUNNING", "1 COMPLETE")
	third := f.start(t, study.ID, 3, long)
	f.ok(t, f.Report(f.ctx, third, search.Report{Step: 1, Value: 2}))
	expect("0 RUNNING", "1 COMPLETE", "3 RUNNING")
	f.ok(t, f.Finish(f.ctx, first, done))
	f.ok(t, f.Finish(f.ctx, third, search.Outcome{State: search.Pruned}))
	_, waiting, err := f.Claim(f.ctx, study.ID, "w", long, 3)
	f.ok(t, err)
	now := expect("0 COMPLETE", "1 COMPLETE", "2 RUNNING", "3 PRUNED")
	f.ok(t, f.Finish(f.ctx, waiting, done))
	expect("0 COMPLETE", "1 COMPLETE", "2 COMPLETE", "3 PRUNED")
	if old.Trials[1] != now.Trials[1] {
		t.Error("a finished trial was read twice")
	}
	same(t, "states of the old snapshot", len(old.Trials), 2)
}
