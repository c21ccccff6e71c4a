package work

import (
	"io"
	"sync"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

func newTestBars(t *testing.T, now func() time.Time) *bars {
	t.Helper()
	store, err := storage.Open(t.Context(), storage.MemoryURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	study, err := store.CreateStudy(t.Context(), search.Definition{
		Version: 1, Name: "s",
		Objective: search.ObjectiveSpec{Kind: "external", Metric: "loss", Direction: search.Minimize},
		Space:     search.Space{{Name: "x", Distribution: search.Float{High: 1}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return newBars(&Job{
		Factory: &app.Factory{Streams: &app.Streams{Err: io.Discard}, Now: now},
		Store:   store, Study: study, Budget: search.Budget{Trials: 8},
	})
}

func TestBars_lineOfATrial(t *testing.T) {
	t.Parallel()
	clock := time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)
	b := newTestBars(t, func() time.Time { return clock })
	trial := &search.Trial{Number: 7}
	b.TrialStarted(trial)
	r := b.running[7]
	for _, step := range []struct {
		do   func()
		want string
	}{
		{func() {}, "  trial 7  starting"},
		{func() { b.TrialReported(trial, search.Report{Step: 3, Value: 0.5}) }, "  trial 7  step 3  loss 0.5"},
		{func() { b.TrialProgressed(trial, search.Progress{Step: 0, Total: 100, Phase: "train"}) }, "  trial 7  train 0/100  loss 0.5"},
		{func() {
			clock = clock.Add(10 * time.Second)
			b.TrialProgressed(trial, search.Progress{Step: 20, Total: 100, Phase: "train"})
		}, "  trial 7  train 20/100  loss 0.5  40s left"},
		{func() { b.TrialStopping(trial, search.StopPruned) }, "  trial 7  stopping  loss 0.5"},
	} {
		step.do()
		if got := b.lineText(7, r); got != step.want {
			t.Errorf("line is %q, want %q", got, step.want)
		}
	}
	b.TrialEnded(trial, search.TrialEnd{Released: true})
	b.close()
	if got := b.countText(8); got != "0/8 " {
		t.Errorf("a trial that was given back counts: %q", got)
	}
}

// Many workers at once, with the drawing goroutine between them.
func TestBars_concurrent(t *testing.T) {
	t.Parallel()
	b := newTestBars(t, time.Now)
	var workers sync.WaitGroup
	for number := range 8 {
		workers.Go(func() {
			trial := &search.Trial{Number: number}
			b.TrialStarted(trial)
			b.TrialProgressed(trial, search.Progress{Step: 1, Total: 2})
			b.TrialReported(trial, search.Report{Step: 1, Value: 1})
			outcome := &search.Outcome{State: search.Complete, Values: []float64{float64(8 - number)}}
			if number == 0 {
				outcome = &search.Outcome{State: search.Failed, Reason: "diverged"}
			}
			b.TrialEnded(trial, search.TrialEnd{Outcome: outcome})
		})
	}
	workers.Wait()
	b.close()
	if got := b.countText(8); got != "8/8 " {
		t.Errorf("count is %q, want 8/8", got)
	}
	if got := b.bestText(); got != " best loss 1" {
		t.Errorf("best is %q, want 1", got)
	}
}
