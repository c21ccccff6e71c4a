package study_test

import (
	"context"
	"errors"
	"fmt"
	"log"
	"sync"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/study"
	"github.com/hpsearch/hpsearch/storage"
)

// A study of one parameter, in memory. storage.Open also takes
// sqlite:///file.db, for a study that other processes share.
func Example() {
	ctx := context.Background()
	store, err := storage.Open(ctx, "memory:")
	if err != nil {
		log.Fatal(err)
	}
	s, err := study.Create(ctx, store, search.Definition{
		Name:    "parabola",
		Space:   search.Space{{Name: "x", Distribution: search.Float{Low: -10, High: 10}}},
		Sampler: search.SamplerSpec{Kind: "tpe", Seed: 1},
		Budget:  search.Budget{Trials: 60},
	}, study.Options{})
	if err != nil {
		log.Fatal(err)
	}
	for {
		t, err := s.Ask(ctx)
		if errors.Is(err, search.ErrNothing) {
			break // 60 trials were run
		}
		if err != nil {
			log.Fatal(err)
		}
		x := t.External()["x"].(float64)
		if err := s.Tell(ctx, t.Number, (x-2)*(x-2)); err != nil {
			log.Fatal(err)
		}
	}
	best, err := s.Best(ctx)
	if err != nil {
		log.Fatal(err)
	}
	if err := errors.Join(s.Close(ctx), store.Close()); err != nil {
		log.Fatal(err)
	}
	fmt.Printf("the best x lies within 0.5 of 2: %t\n", best.Value() < 0.25)
	// Output: the best x lies within 0.5 of 2: true
}

// A trial that reports on the way can be ended early.
func ExampleStudy_ShouldPrune() {
	ctx := context.Background()
	store, err := storage.Open(ctx, "memory:")
	if err != nil {
		log.Fatal(err)
	}
	s, err := study.Create(ctx, store, search.Definition{
		Name:    "curves",
		Space:   search.Space{{Name: "level", Distribution: search.Int{Low: 0, High: 9}}},
		Sampler: search.SamplerSpec{Kind: "random", Seed: 3},
		Pruner:  search.PrunerSpec{Kind: "median", StartupTrials: 4},
		Budget:  search.Budget{Trials: 10},
	}, study.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := runAll(ctx, s); err != nil {
		log.Fatal(err)
	}
	counts, err := store.Counts(ctx, s.Study().ID)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%d trials, some pruned: %t\n", counts.Total(), counts.Pruned > 0)
	// Output: 10 trials, some pruned: true
}

func runAll(ctx context.Context, s *study.Study) error {
	for {
		t, err := s.Ask(ctx)
		if errors.Is(err, search.ErrNothing) {
			return nil
		}
		if err != nil {
			return err
		}
		if err := runOne(ctx, s, t); err != nil {
			return err
		}
	}
}

func runOne(ctx context.Context, s *study.Study, t *search.Trial) error {
	value := float64(t.External()["level"].(int64))
	for step := 1; step <= 5; step++ {
		if err := s.Report(ctx, t.Number, step, value+1/float64(step), nil); err != nil {
			return err
		}
		prune, err := s.ShouldPrune(ctx, t.Number)
		if err != nil {
			return err
		}
		if prune {
			return s.TellPruned(ctx, t.Number)
		}
	}
	return s.Tell(ctx, t.Number, value)
}

// Goroutines, and other processes, work on one study.
func ExampleLoad() {
	ctx := context.Background()
	store, err := storage.Open(ctx, "memory:")
	if err != nil {
		log.Fatal(err)
	}
	s, err := study.Create(ctx, store, search.Definition{
		Name:   "shared",
		Space:  search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 1}}},
		Budget: search.Budget{Trials: 20},
	}, study.Options{})
	if err != nil {
		log.Fatal(err)
	}
	if err := s.Close(ctx); err != nil {
		log.Fatal(err)
	}
	var workers sync.WaitGroup
	for range 4 {
		workers.Go(func() {
			s, err := study.Load(ctx, store, "shared", study.Options{Worker: "goroutine"})
			if err != nil {
				log.Fatal(err)
			}
			for {
				t, err := s.Ask(ctx)
				if errors.Is(err, search.ErrNothing) {
					break
				}
				if err != nil {
					log.Fatal(err)
				}
				if err := s.Tell(ctx, t.Number, t.External()["x"].(float64)); err != nil {
					log.Fatal(err)
				}
			}
			if err := s.Close(ctx); err != nil {
				log.Fatal(err)
			}
		})
	}
	workers.Wait()
	counts, err := store.Counts(ctx, s.Study().ID)
	fmt.Println(counts.Complete, err)
	// Output: 20 <nil>
}
