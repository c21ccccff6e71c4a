// Package storagetest holds the conformance suite that every implementation
// of [search.Store] passes.
//
// Leases run in the database's time, which a test cannot move: a trial whose
// lease must be over is given one of a nanosecond, which has ended by the next
// call.
package storagetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hpsearch/hpsearch/search"
)

const (
	long  = time.Hour       // a lease that does not end in a test
	short = time.Nanosecond // one that has ended by the next call
)

// Run runs the suite. open returns an empty store; the suite closes it.
func Run(t *testing.T, open func(t *testing.T) search.Store) {
	tests := []struct {
		name string
		run  func(*testing.T, *fixture)
	}{
		{"CreateStudy", testCreateStudy},
		{"CreateStudyRefuses", testCreateStudyRefuses},
		{"DefinitionRoundTrip", testDefinitionRoundTrip},
		{"Summaries", testSummaries},
		{"DeleteStudy", testDeleteStudy},
		{"Paused", testPaused},
		{"SetBudget", testSetBudget},
		{"Start", testStart},
		{"StartRefuses", testStartRefuses},
		{"StartNext", testStartNext},
		{"StartLimit", testStartLimit},
		{"Enqueue", testEnqueue},
		{"ClaimOrder", testClaimOrder},
		{"ClaimExpired", testClaimExpired},
		{"Leases", testLeases},
		{"ClaimGivesUp", testClaimGivesUp},
		{"SetParams", testSetParams},
		{"Renew", testRenew},
		{"Release", testRelease},
		{"Requeue", testRequeue},
		{"Fencing", testFencing},
		{"Report", testReport},
		{"ReportNotFinite", testReportNotFinite},
		{"Finish", testFinish},
		{"FinishRefuses", testFinishRefuses},
		{"FinishTwice", testFinishTwice},
		{"FinishPruned", testFinishPruned},
		{"FinishedStaysFinished", testFinishedStaysFinished},
		{"TrialsQuery", testTrialsQuery},
		{"TrialsOrder", testTrialsOrder},
		{"AdoptRefuses", testAdoptRefuses},
		{"Best", testBest},
		{"UnknownStudy", testUnknownStudy},
		{"SeveralObjectives", testSeveralObjectives},
		{"CancelledContext", testCancelledContext},
		{"HostileText", testHostileText},
		{"UnreadableText", testUnreadableText},
		{"ConcurrentStart", testConcurrentStart},
		{"ConcurrentNext", testConcurrentNext},
		{"ConcurrentClaim", testConcurrentClaim},
		{"HistoryCache", testHistoryCache},
		{"ManyTrials", testManyTrials},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			store := open(t)
			t.Cleanup(func() {
				if err := store.Close(); err != nil {
					t.Errorf("Close: %v", err)
				}
			})
			test.run(t, &fixture{Store: store, ctx: t.Context()})
		})
	}
}

// fixture is a store with the steps that tests repeat.
type fixture struct {
	search.Store
	ctx context.Context
}

// definition is a small study.
func definition(name string) search.Definition {
	return search.Definition{
		Version:   1,
		Name:      name,
		Objective: search.ObjectiveSpec{Kind: "external", Metric: "val_loss", Direction: search.Minimize},
		Space:     search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 1}}},
		Sampler:   search.SamplerSpec{Kind: "random", Seed: 1},
	}
}

func (f *fixture) study(t *testing.T, def search.Definition) *search.Study {
	t.Helper()
	study, err := f.CreateStudy(f.ctx, def)
	if err != nil {
		t.Fatalf("CreateStudy: %v", err)
	}
	return study
}

// newTrial is a trial with one parameter.
func newTrial(number int) search.NewTrial {
	return search.NewTrial{
		Number:        number,
		Params:        map[string]float64{"x": 0.5},
		Distributions: map[string]search.Distribution{"x": search.Float{Low: 0, High: 1}},
	}
}

func (f *fixture) start(t *testing.T, studyID int64, number int, lease time.Duration) search.Claim {
	t.Helper()
	claim, err := f.Start(f.ctx, studyID, newTrial(number), "worker", lease, 0)
	if err != nil {
		t.Fatalf("Start %d: %v", number, err)
	}
	return claim
}

func (f *fixture) complete(t *testing.T, studyID int64, number int, value float64) {
	t.Helper()
	claim := f.start(t, studyID, number, long)
	f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{value}}))
}

func (f *fixture) trial(t *testing.T, studyID int64, number int) *search.Trial {
	t.Helper()
	trial, err := f.Trial(f.ctx, studyID, number)
	if err != nil {
		t.Fatalf("Trial %d: %v", number, err)
	}
	return trial
}

func (f *fixture) ok(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fails checks that err is one of the store's errors.
func fails(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Fatalf("error %v, want %v", err, want)
	}
}

// same compares values; NaN equals NaN, an empty map or slice a nil one.
func same(t *testing.T, what string, got, want any) {
	t.Helper()
	options := cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateNaNs()}
	if diff := cmp.Diff(want, got, options); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
