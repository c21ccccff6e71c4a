package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// childEnv tells a copy of the test binary that it is a worker on the
// database of that URL.
const childEnv = "STORAGE_TEST_WORKER"

const processes, processTrials = 4, 80

func TestMain(m *testing.M) {
	url := os.Getenv(childEnv)
	if url == "" {
		os.Exit(dbtest.Run(m))
	}
	if err := work(context.Background(), url); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// work creates or joins the study and runs trials until it is complete.
func work(ctx context.Context, url string) error {
	store, err := Open(ctx, url)
	if err != nil {
		return err
	}
	defer store.Close()
	_, err = store.CreateStudy(ctx, search.Definition{Name: "s"})
	if err != nil && !errors.Is(err, search.ErrExists) {
		return err
	}
	study, err := store.Study(ctx, "s")
	if err != nil {
		return err
	}
	for number := 0; ; number++ {
		err := oneTrial(ctx, store, study.ID, number)
		switch {
		case errors.Is(err, search.ErrNothing):
			return nil
		case err != nil && !errors.Is(err, search.ErrNumberTaken):
			return err
		}
	}
}

// oneTrial runs a trial of six parameters and three reports.
func oneTrial(ctx context.Context, store search.Store, studyID int64, number int) error {
	trial := search.NewTrial{Number: number, Params: map[string]float64{}, Distributions: map[string]search.Distribution{}}
	for i := range 6 {
		name := fmt.Sprint("p", i)
		trial.Params[name], trial.Distributions[name] = 0.5, search.Float{Low: 0, High: 1}
	}
	limit := 0
	if os.Getenv(childEnv) != "" {
		limit = processTrials
	}
	claim, err := store.Start(ctx, studyID, trial, "worker", time.Hour, limit)
	if err != nil {
		return err
	}
	for step := range 3 {
		if err := store.Report(ctx, claim, search.Report{Step: step, Value: 1}); err != nil {
			return err
		}
	}
	return store.Finish(ctx, claim, search.Outcome{State: search.Complete, Values: []float64{float64(number)}})
}

// TestProcesses starts several processes on a database that does not exist
// yet, or is empty: all create its schema, one creates the study, all run its
// trials.
func TestProcesses(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		var wg sync.WaitGroup
		for range processes {
			wg.Go(func() {
				cmd := exec.CommandContext(t.Context(), os.Args[0])
				cmd.Env = append(os.Environ(), childEnv+"="+url)
				if out, err := cmd.CombinedOutput(); err != nil {
					t.Errorf("worker: %v\n%s", err, out)
				}
			})
		}
		wg.Wait()
		store := openURL(t, url)
		defer store.Close()
		study, err := store.Study(t.Context(), "s")
		if err != nil {
			t.Fatal(err)
		}
		trials, err := store.Trials(t.Context(), study.ID, search.TrialQuery{After: -1})
		if err != nil {
			t.Fatal(err)
		}
		if len(trials) != processTrials {
			t.Fatalf("%d trials, want %d", len(trials), processTrials)
		}
		for i, trial := range trials {
			if trial.Number != i || trial.State != search.Complete || len(trial.Params) != 6 || len(trial.Intermediate) != 3 {
				t.Fatalf("trial at %d: %+v", i, trial)
			}
		}
	})
}
