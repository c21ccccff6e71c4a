package storage

import (
	"math"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestForgottenReports takes reports away, as a crash of PostgreSQL does with
// those whose commits were not waited for, and sees that the end of the trial
// brings them back.
func TestForgottenReports(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store, err := Open(ctx, dbtest.Database(t, dbtest.PostgreSQL))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	study, err := store.CreateStudy(ctx, search.Definition{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	claim, err := store.Start(ctx, study.ID, search.NewTrial{}, "w", time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	reports := []search.Report{
		{Step: 1, Value: 0.5, Metrics: map[string]float64{"loss": 0.5, "rate": 2}}, {Step: 2, Value: math.NaN()}, {Step: 4, Value: math.Inf(1)},
	}
	for _, r := range reports {
		if err := store.Report(ctx, claim, r); err != nil {
			t.Fatal(err)
		}
	}
	execute(t, store.(*sqlStore), "DELETE FROM trial_intermediate_values WHERE step > 1", "DELETE FROM hpsearch_reports")
	outcome := search.Outcome{State: search.Complete, Values: []float64{1}, Reports: reports}
	for range 2 { // the second time it has ended with the same outcome
		if err := store.Finish(ctx, claim, outcome); err != nil {
			t.Fatal(err)
		}
	}
	trial, err := store.Trial(ctx, study.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "reports", trial.Intermediate, reports)
}
