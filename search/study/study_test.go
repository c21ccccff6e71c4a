package study_test

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/study"
	"github.com/hpsearch/hpsearch/storage"
)

func definition() search.Definition {
	return search.Definition{
		Name:    "s",
		Space:   search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 1}}},
		Sampler: search.SamplerSpec{Kind: "random", Seed: 1},
	}
}

func memory(t *testing.T) search.Store {
	t.Helper()
	store, err := storage.Open(t.Context(), "memory:")
	if err != nil {
		t.Fatal(err)
	}
	return store
}

func create(t *testing.T, store search.Store, def search.Definition, o study.Options) *study.Study {
	t.Helper()
	s, err := study.Create(t.Context(), store, def, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	return s
}

func ask(t *testing.T, s *study.Study) *search.Trial {
	t.Helper()
	trial, err := s.Ask(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return trial
}

func expectState(t *testing.T, store search.Store, s *study.Study, number int, want search.State) *search.Trial {
	t.Helper()
	trial, err := store.Trial(t.Context(), s.Study().ID, number)
	if err != nil {
		t.Fatal(err)
	}
	if trial.State != want {
		t.Errorf("trial %d is %s, want %s", number, trial.State, want)
	}
	return trial
}

func TestTell(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := memory(t)
	s := create(t, store, definition(), study.Options{})
	for i, test := range []struct {
		tell   func(number int) error
		state  search.State
		reason string
	}{
		{func(n int) error { return s.Tell(ctx, n, 0.5) }, search.Complete, ""},
		{func(n int) error { return s.Tell(ctx, n, math.NaN()) }, search.Failed, search.ReasonDiverged},
		{func(n int) error { return s.Tell(ctx, n, math.Inf(-1)) }, search.Failed, search.ReasonDiverged},
		{func(n int) error { return s.TellFailed(ctx, n, search.ReasonOutOfMemory, "8 GiB") }, search.Failed, search.ReasonOutOfMemory},
		{func(n int) error { return s.TellPruned(ctx, n) }, search.Pruned, ""},
	} {
		trial := ask(t, s)
		if err := test.tell(trial.Number); err != nil {
			t.Errorf("case %d: %v", i, err)
		}
		told := expectState(t, store, s, trial.Number, test.state)
		if told.Reason != test.reason {
			t.Errorf("case %d: reason %q, want %q", i, told.Reason, test.reason)
		}
		if err := test.tell(trial.Number); err != nil {
			t.Errorf("case %d, told twice: %v", i, err)
		}
		if err := s.Tell(ctx, trial.Number, 77); !errors.Is(err, search.ErrFinished) {
			t.Errorf("case %d, told otherwise: %v", i, err)
		}
		if err := s.Report(ctx, trial.Number, 9, 1, nil); !errors.Is(err, search.ErrFinished) || !strings.Contains(err.Error(), "too late") {
			t.Errorf("case %d, reported after its end: %v", i, err)
		}
	}
	if err := s.Tell(ctx, 99, 1); !errors.Is(err, study.ErrNotRunning) || !errors.Is(err, search.ErrNotFound) || err.Error() != `study "s" has no trial 99` {
		t.Errorf("a trial that is not there: %v", err)
	}
	number, err := store.Enqueue(ctx, s.Study().ID, map[string]any{"x": 0.25})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Tell(ctx, number, 1); !errors.Is(err, study.ErrNotRunning) {
		t.Errorf("a trial that waits: %v", err)
	}
	if trial := ask(t, s); trial.Number != number || trial.Params["x"] != 0.25 {
		t.Errorf("asked for %+v, want the enqueued one", trial)
	}
}

// Another process may tell what this one asked for.
func TestTellByAnother(t *testing.T) {
	t.Parallel()
	store := memory(t)
	s := create(t, store, definition(), study.Options{Detached: true, Lease: time.Hour})
	trial := ask(t, s)
	other, err := study.Load(t.Context(), store, "s", study.Options{Detached: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := other.Report(t.Context(), trial.Number, 1, 3, map[string]float64{"accuracy": 0.5}); err != nil {
		t.Error(err)
	}
	if err := other.Tell(t.Context(), trial.Number, 2); err != nil {
		t.Error(err)
	}
	told := expectState(t, store, s, trial.Number, search.Complete)
	if told.Value() != 2 || len(told.Intermediate) != 1 || told.Intermediate[0].Metrics["accuracy"] != 0.5 {
		t.Errorf("told %+v", told)
	}
}

func TestBudget(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	target := 0.1
	for name, test := range map[string]struct {
		budget search.Budget
		tell   func(s *study.Study, number int) error
		want   error
	}{
		"trials":         {search.Budget{Trials: 2}, func(s *study.Study, n int) error { return s.Tell(ctx, n, 1) }, search.ErrNothing},
		"target":         {search.Budget{Target: &target}, func(s *study.Study, n int) error { return s.Tell(ctx, n, 0.2-0.1*float64(n)) }, search.ErrNothing},
		"no improvement": {search.Budget{NoImprovement: 1}, func(s *study.Study, n int) error { return s.Tell(ctx, n, 1) }, search.ErrNothing},
		"failures": {search.Budget{MaxFailed: 2}, func(s *study.Study, n int) error {
			return s.TellFailed(ctx, n, search.ReasonError, "")
		}, search.ErrTooManyFailed},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			def := definition()
			def.Budget = test.budget
			s := create(t, memory(t), def, study.Options{})
			for range 2 {
				if err := test.tell(s, ask(t, s).Number); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := s.Ask(ctx); !errors.Is(err, test.want) {
				t.Errorf("Ask() = %v, want %v", err, test.want)
			}
		})
	}
}

func TestLeases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		store := memory(t)
		s := create(t, store, definition(), study.Options{Lease: time.Minute})
		trial := ask(t, s)
		other, err := study.Load(ctx, store, "s", study.Options{Lease: time.Minute, Detached: true})
		if err != nil {
			t.Fatal(err)
		}
		time.Sleep(10 * time.Minute)
		if second := ask(t, other); second.Number == trial.Number {
			t.Error("a trial whose lease is renewed was given to another worker")
		}
		time.Sleep(10 * time.Minute) // nobody renews what a detached one asked for
		if third := ask(t, s); third.Number != trial.Number+1 || third.Attempt != 2 {
			t.Errorf("asked for trial %d, attempt %d, want %d, 2", third.Number, third.Attempt, trial.Number+1)
		}
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
		expectState(t, store, s, trial.Number, search.Waiting)
	})
}

// An attempt does not see the reports that the one before made of later steps.
func TestShouldPruneOfASecondAttempt(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := memory(t)
	def := definition()
	def.Pruner = search.PrunerSpec{Kind: "threshold", Options: map[string]any{"upper": 10}}
	s := create(t, store, def, study.Options{})
	trial := ask(t, s)
	for step, value := range []float64{1, 2, 99} {
		if err := s.Report(ctx, trial.Number, step, value, nil); err != nil {
			t.Fatal(err)
		}
		prune, err := s.ShouldPrune(ctx, trial.Number)
		if err != nil || prune != (value > 10) {
			t.Errorf("step %d: %t, %v", step, prune, err)
		}
	}
	if err := s.Release(ctx, trial.Number); err != nil {
		t.Fatal(err)
	}
	again := ask(t, s)
	if prune, err := s.ShouldPrune(ctx, again.Number); prune || err != nil || again.Number != trial.Number {
		t.Errorf("trial %d before it reports: %t, %v", again.Number, prune, err)
	}
	if err := s.Report(ctx, again.Number, 0, 5, nil); err != nil {
		t.Fatal(err)
	}
	if prune, err := s.ShouldPrune(ctx, again.Number); prune || err != nil {
		t.Errorf("at its first step: %t, %v", prune, err)
	}
}

func TestCreateRefuses(t *testing.T) {
	t.Parallel()
	store := memory(t)
	create(t, store, definition(), study.Options{})
	for _, test := range []struct {
		change func(*search.Definition)
		want   string
	}{
		{func(*search.Definition) {}, search.ErrExists.Error()},
		{func(d *search.Definition) { d.Space = nil }, "its space is empty"},
		{func(d *search.Definition) { d.Space[0].Distribution = search.Float{Low: 2, High: 1} }, "is empty"},
		{func(d *search.Definition) { d.Sampler.Kind = "bayes" }, "unknown sampler"},
		{func(d *search.Definition) { d.Pruner.Kind = "axe" }, "unknown pruner"},
	} {
		def := definition()
		test.change(&def)
		if _, err := study.Create(t.Context(), store, def, study.Options{}); err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("Create() = %v, want an error with %q", err, test.want)
		}
	}
	if _, err := study.Load(t.Context(), store, "nobody", study.Options{}); !errors.Is(err, search.ErrNotFound) {
		t.Errorf("Load() = %v", err)
	}
}
