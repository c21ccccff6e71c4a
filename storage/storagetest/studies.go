package storagetest

import (
	"math"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

func testCreateStudy(t *testing.T, f *fixture) {
	before := time.Now().Add(-time.Minute)
	def := definition("s")
	def.Objective.Direction = search.Maximize
	def.Enqueue = []map[string]any{{"x": 0.25}, {"x": 1.0}}
	created := f.study(t, def)
	study, err := f.Study(f.ctx, "s")
	f.ok(t, err)
	same(t, "study", study, created)
	same(t, "directions", study.Directions, []search.Direction{search.Maximize})
	if study.Created.Before(before) || study.Created.After(time.Now().Add(time.Minute)) {
		t.Errorf("created at %v", study.Created)
	}
	counts, err := f.Counts(f.ctx, study.ID)
	f.ok(t, err)
	same(t, "counts", counts, search.Counts{Waiting: 2})
	same(t, "fixed", f.trial(t, study.ID, 0).Fixed, map[string]any{"x": 0.25})
}

func testCreateStudyRefuses(t *testing.T, f *fixture) {
	f.study(t, definition("s"))
	_, err := f.CreateStudy(f.ctx, definition("s"))
	fails(t, err, search.ErrExists)

	bad := definition("")
	if _, err := f.CreateStudy(f.ctx, bad); err == nil {
		t.Error("a study without a name was created")
	}
	bad = definition("bad")
	bad.Enqueue = []map[string]any{{"x": math.NaN()}}
	if _, err := f.CreateStudy(f.ctx, bad); err == nil {
		t.Error("a configuration that is no JSON was enqueued")
	}
	bad = definition("bad")
	bad.Objective.Direction = "sideways"
	if _, err := f.CreateStudy(f.ctx, bad); err == nil {
		t.Error("direction sideways was accepted")
	}
	summaries, err := f.Summaries(f.ctx)
	f.ok(t, err)
	if len(summaries) != 1 {
		t.Errorf("%d studies after refusals, want 1", len(summaries))
	}
}

// testAdoptRefuses: a study that has a definition keeps it.
func testAdoptRefuses(t *testing.T, f *fixture) {
	def := definition("s")
	def.Enqueue = []map[string]any{{"x": 0.25}}
	study := f.study(t, def)
	f.ok(t, f.Adopt(f.ctx, study.ID, def))
	other := definition("s")
	fails(t, f.Adopt(f.ctx, study.ID, other), search.ErrExists)
	fails(t, f.Adopt(f.ctx, study.ID+1000, def), search.ErrNotFound)
	other.Objective.Direction = search.Maximize
	if err := f.Adopt(f.ctx, study.ID, other); err == nil {
		t.Error("a study to minimize was adopted to maximize")
	}
	if err := f.Adopt(f.ctx, study.ID, definition("renamed")); err == nil {
		t.Error("a study was adopted under another name")
	}
	read, err := f.Study(f.ctx, "s")
	f.ok(t, err)
	same(t, "study", read, study)
	counts, err := f.Counts(f.ctx, study.ID)
	f.ok(t, err)
	same(t, "counts", counts, search.Counts{Waiting: 1})
}

func testDefinitionRoundTrip(t *testing.T, f *fixture) {
	def := definition("s")
	def.Train = map[string]any{
		"model": "dir/model", "ways": int64(5), "rate": 0.5, "tasks": map[string]any{"kind": "wordnet", "n": int64(3)},
		"list": []any{int64(1), 2.5, "a", nil, true},
	}
	def.Space = search.Space{
		{Name: "lr", Distribution: search.Float{Low: 1e-6, High: 1e-3, Log: true}},
		{Name: "n", Distribution: search.Int{Low: 1, High: 9, Step: 2}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", nil, true, int64(2), 2.5}}},
		{Name: "inner", Distribution: search.Float{Low: 0, High: 1, Step: 0.25}, When: map[string][]any{"c": {"a", int64(2)}}},
	}
	def.Sampler = search.SamplerSpec{Kind: "tpe", Seed: -7, StartupTrials: 10, Options: map[string]any{"gamma": 0.25, "n": int64(24)}}
	def.Pruner = search.PrunerSpec{Kind: "median", StartupTrials: 5, WarmupSteps: 2}
	target := 0.0
	def.Budget = search.Budget{Trials: 20, Parallel: 2, Timeout: 30 * time.Minute, MaxFailed: 5, Target: &target, NoImprovement: 8}
	def.Enqueue = []map[string]any{{"lr": 2e-5, "n": int64(3), "c": nil}}
	f.study(t, def)
	study, err := f.Study(f.ctx, "s")
	f.ok(t, err)
	same(t, "definition", study.Definition, def)
}

func testSummaries(t *testing.T, f *fixture) {
	summaries, err := f.Summaries(f.ctx)
	f.ok(t, err)
	if len(summaries) != 0 {
		t.Fatalf("an empty store has %d studies", len(summaries))
	}
	low := f.study(t, definition("low"))
	def := definition("high")
	def.Objective.Direction = search.Maximize
	high := f.study(t, def)
	f.study(t, definition("empty"))
	for number, value := range []float64{3, 1, 2} {
		f.complete(t, low.ID, number, value)
		f.complete(t, high.ID, number, value)
	}
	failed := f.start(t, high.ID, 3, long)
	f.ok(t, f.Finish(f.ctx, failed, search.Outcome{State: search.Failed, Reason: "diverged"}))

	summaries, err = f.Summaries(f.ctx)
	f.ok(t, err)
	type row struct {
		Name   string
		Counts search.Counts
		Best   float64
	}
	var got []row
	for _, s := range summaries {
		best := math.NaN()
		if s.Best != nil {
			best = s.Best.Value()
		}
		got = append(got, row{s.Study.Name, s.Counts, best})
		one, err := f.Summary(f.ctx, s.Study.Name)
		f.ok(t, err)
		same(t, "Summary "+s.Study.Name, *one, s)
	}
	same(t, "summaries", got, []row{
		{"low", search.Counts{Complete: 3}, 1},
		{"high", search.Counts{Complete: 3, Fail: 1}, 3},
		{"empty", search.Counts{}, math.NaN()},
	})
}

func testDeleteStudy(t *testing.T, f *fixture) {
	kept, gone := f.study(t, definition("kept")), f.study(t, definition("gone"))
	f.complete(t, kept.ID, 0, 1)
	claim, err := f.Start(f.ctx, gone.ID, search.NewTrial{UserAttrs: map[string]any{"a": "b"}}, "w", long, 0)
	f.ok(t, err)
	f.ok(t, f.Report(f.ctx, claim, search.Report{Step: 1, Value: 2, Metrics: map[string]float64{"m": 1}}))
	_, err = f.Enqueue(f.ctx, gone.ID, map[string]any{"x": 0.5})
	f.ok(t, err)

	f.ok(t, f.DeleteStudy(f.ctx, gone.ID))
	_, err = f.Study(f.ctx, "gone")
	fails(t, err, search.ErrNotFound)
	fails(t, f.DeleteStudy(f.ctx, gone.ID), search.ErrNotFound)
	// The worker that still runs a trial of it is told to stop.
	fails(t, f.Renew(f.ctx, claim, long), search.ErrFenced)
	fails(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Failed}), search.ErrFenced)

	// The name is free again, and the new study has nothing of the old one.
	again := f.study(t, definition("gone"))
	f.start(t, again.ID, 0, long)
	trial := f.trial(t, again.ID, 0)
	same(t, "reports of the new study", trial.Intermediate, []search.Report(nil))
	same(t, "attributes of the new study", trial.UserAttrs, map[string]any(nil))
	same(t, "the other study's value", f.trial(t, kept.ID, 0).Value(), 1.0)
}

func testPaused(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	running := f.start(t, study.ID, 0, long)
	f.ok(t, f.SetPaused(f.ctx, study.ID, true))
	read, err := f.Study(f.ctx, "s")
	f.ok(t, err)
	if !read.Paused {
		t.Error("the study is not shown as paused")
	}
	_, err = f.Enqueue(f.ctx, study.ID, nil)
	f.ok(t, err)
	_, err = f.Start(f.ctx, study.ID, newTrial(2), "w", long, 0)
	fails(t, err, search.ErrNothing)
	_, _, err = f.Claim(f.ctx, study.ID, "w", long, 3)
	fails(t, err, search.ErrNothing)
	f.ok(t, f.Renew(f.ctx, running, long)) // running trials go on

	f.ok(t, f.SetPaused(f.ctx, study.ID, false))
	_, claim, err := f.Claim(f.ctx, study.ID, "w", long, 3)
	f.ok(t, err)
	same(t, "claimed", claim.Number, 1)
	read, err = f.Study(f.ctx, "s")
	f.ok(t, err)
	same(t, "definition after pausing", read.Definition, study.Definition)
}

func testSetBudget(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	target := 0.25
	budget := search.Budget{Trials: 7, Parallel: 2, Target: &target}
	f.ok(t, f.SetBudget(f.ctx, study.ID, budget))
	f.ok(t, f.SetBudget(f.ctx, study.ID, budget))
	read, err := f.Study(f.ctx, "s")
	f.ok(t, err)
	want := study.Definition
	want.Budget = budget
	same(t, "definition", read.Definition, want)
	same(t, "created", read.Created, study.Created)
}
