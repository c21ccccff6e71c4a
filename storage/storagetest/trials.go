package storagetest

import (
	"context"
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

func testStart(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	before := time.Now().Add(-time.Minute)
	start := search.NewTrial{
		Params: map[string]float64{"lr": 1e-4, "n": 3, "c": 1},
		Distributions: map[string]search.Distribution{
			"lr": search.Float{Low: 1e-6, High: 1e-3, Log: true},
			"n":  search.Int{Low: 1, High: 5, Step: 2},
			"c":  search.Categorical{Choices: []any{"a", nil, int64(3)}},
		},
		UserAttrs: map[string]any{"note": "hello", "n": int64(7), "list": []any{1.5, nil}},
	}
	claim, err := f.Start(f.ctx, study.ID, start, "host:1", long, 0)
	f.ok(t, err)
	trial := f.trial(t, study.ID, 0)
	same(t, "claim", claim, search.Claim{StudyID: study.ID, TrialID: trial.ID, Number: 0, Attempt: 1, Worker: "host:1"})
	if trial.Started.Before(before) || !trial.Finished.IsZero() {
		t.Errorf("started %v, finished %v", trial.Started, trial.Finished)
	}
	trial.Started = time.Time{}
	same(t, "trial", trial, &search.Trial{
		ID: claim.TrialID, State: search.Running, Params: start.Params, Distributions: start.Distributions,
		UserAttrs: start.UserAttrs, Attempt: 1, Worker: "host:1",
	})
	second := f.start(t, study.ID, 1, long)
	if second.TrialID == claim.TrialID {
		t.Error("two trials have one ID")
	}
}

func testStartRefuses(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	unit := search.Float{Low: 0, High: 1}
	type params = map[string]float64
	type dists = map[string]search.Distribution
	for name, bad := range map[string]search.NewTrial{
		"no distribution":   {Params: params{"x": 0.5}},
		"no value":          {Distributions: dists{"x": unit}},
		"outside":           {Params: params{"x": 2}, Distributions: dists{"x": unit}},
		"NaN":               {Params: params{"x": math.NaN()}, Distributions: dists{"x": unit}},
		"not the next":      {Number: 4},
		"attribute no JSON": {UserAttrs: map[string]any{"a": math.NaN()}},
	} {
		if _, err := f.Start(f.ctx, study.ID, bad, "w", long, 0); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := f.Start(f.ctx, study.ID, newTrial(0), "w", 0, 0); err == nil {
		t.Error("a lease of 0 was accepted")
	}
	counts, err := f.Counts(f.ctx, study.ID)
	f.ok(t, err)
	same(t, "counts after refusals", counts, search.Counts{})

	f.start(t, study.ID, 0, long)
	_, err = f.Start(f.ctx, study.ID, newTrial(0), "w", long, 0)
	fails(t, err, search.ErrNumberTaken)
}

func testStartNext(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	f.start(t, study.ID, 0, long)
	for want := 1; want < 4; want++ {
		claim, err := f.Start(f.ctx, study.ID, newTrial(search.NextNumber), "w", long, 4)
		f.ok(t, err)
		same(t, "claim", claim, search.Claim{StudyID: study.ID, TrialID: f.trial(t, study.ID, want).ID, Number: want, Attempt: 1, Worker: "w"})
	}
	_, err := f.Start(f.ctx, study.ID, newTrial(search.NextNumber), "w", long, 4)
	fails(t, err, search.ErrNothing)
	f.start(t, study.ID, 4, long)
	_, err = f.Enqueue(f.ctx, study.ID, nil)
	f.ok(t, err)
	claim, err := f.Start(f.ctx, study.ID, newTrial(search.NextNumber), "w", long, 0)
	f.ok(t, err)
	same(t, "number", claim.Number, 6)
	f.ok(t, f.SetPaused(f.ctx, study.ID, true))
	_, err = f.Start(f.ctx, study.ID, newTrial(search.NextNumber), "w", long, 0)
	fails(t, err, search.ErrNothing)
	if _, err := f.Start(f.ctx, study.ID, newTrial(-2), "w", long, 0); err == nil {
		t.Error("number -2 was accepted")
	}
}

func testStartLimit(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	_, err := f.Enqueue(f.ctx, study.ID, nil)
	f.ok(t, err)
	f.complete(t, study.ID, 1, 1)
	_, err = f.Start(f.ctx, study.ID, newTrial(2), "w", long, 2) // WAITING ones count
	fails(t, err, search.ErrNothing)
	_, err = f.Start(f.ctx, study.ID, newTrial(2), "w", long, 3)
	f.ok(t, err)
}

func testReport(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, long)
	for _, r := range []search.Report{
		{Step: 2, Value: 0.5, Metrics: map[string]float64{"acc": 0.75, "loss": 0.5}},
		{Step: 10, Value: 0.25},
		{Step: 1, Value: 3, Metrics: map[string]float64{"acc": 0.1}},
		{Step: 2, Value: 0.4, Metrics: map[string]float64{"acc": 0.8}},
	} {
		f.ok(t, f.Report(f.ctx, claim, r))
	}
	if err := f.Report(f.ctx, claim, search.Report{Step: -1}); err == nil {
		t.Error("step -1 was accepted")
	}
	want := []search.Report{
		{Step: 1, Value: 3, Metrics: map[string]float64{"acc": 0.1}},
		{Step: 2, Value: 0.4, Metrics: map[string]float64{"acc": 0.8}},
		{Step: 10, Value: 0.25},
	}
	trial := f.trial(t, study.ID, 0)
	same(t, "reports", trial.Intermediate, want)
	f.ok(t, f.Report(f.ctx, claim, search.Report{Step: 11, Value: 9}))
	same(t, "reports of the copy read before", trial.Intermediate, want)
}

func testReportNotFinite(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, long)
	want := []search.Report{
		{Step: 0, Value: math.NaN(), Metrics: map[string]float64{"a": math.NaN(), "b": 1}},
		{Step: 1, Value: math.Inf(1), Metrics: map[string]float64{"a": math.Inf(-1)}},
		{Step: 2, Value: math.Inf(-1)},
		{Step: 3, Value: math.SmallestNonzeroFloat64},
		{Step: 4, Value: -math.MaxFloat64},
	}
	for _, r := range want {
		f.ok(t, f.Report(f.ctx, claim, r))
	}
	same(t, "reports", f.trial(t, study.ID, 0).Intermediate, want)
}

func testFinish(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	for number, want := range []search.Outcome{
		{State: search.Complete, Values: []float64{0.1}, Metrics: map[string]float64{"acc": 0.9, "odd": math.NaN()},
			Artifacts: map[string]string{"model": "trials/0/model"}},
		{State: search.Failed, Reason: "out-of-memory", Message: "12 GB \"wanted\"", Metrics: map[string]float64{"acc": 0.5}},
		{State: search.Pruned, Values: []float64{2}},
	} {
		claim := f.start(t, study.ID, number, long)
		f.ok(t, f.Finish(f.ctx, claim, want))
		got := f.trial(t, study.ID, number)
		same(t, "outcome", search.Outcome{State: got.State, Values: got.Values, Metrics: got.Metrics,
			Reason: got.Reason, Message: got.Message, Artifacts: got.Artifacts}, want)
		same(t, "user attributes", got.UserAttrs, map[string]any(nil))
		if got.Finished.IsZero() || got.Finished.Before(got.Started) {
			t.Errorf("trial %d: started %v, finished %v", number, got.Started, got.Finished)
		}
	}
	counts, err := f.Counts(f.ctx, study.ID)
	f.ok(t, err)
	same(t, "counts", counts, search.Counts{Complete: 1, Pruned: 1, Fail: 1})
}

func testFinishRefuses(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, long)
	for name, o := range map[string]search.Outcome{
		"NaN":          {State: search.Complete, Values: []float64{math.NaN()}},
		"infinite":     {State: search.Complete, Values: []float64{math.Inf(-1)}},
		"no value":     {State: search.Complete},
		"two values":   {State: search.Complete, Values: []float64{1, 2}},
		"RUNNING":      {State: search.Running, Values: []float64{1}},
		"no such case": {State: "DONE"},
	} {
		if err := f.Finish(f.ctx, claim, o); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	same(t, "state", f.trial(t, study.ID, 0).State, search.Running)
}

func testFinishTwice(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	outcomes := []search.Outcome{
		{State: search.Complete, Values: []float64{0.1}, Metrics: map[string]float64{"a": math.NaN(), "b": 2}},
		{State: search.Failed, Reason: "error", Message: "boom", Artifacts: map[string]string{"log": "l"}},
		{State: search.Pruned},
	}
	for number, o := range outcomes {
		claim := f.start(t, study.ID, number, long)
		f.ok(t, f.Report(f.ctx, claim, search.Report{Step: 1, Value: 4}))
		f.ok(t, f.Finish(f.ctx, claim, o))
		first := f.trial(t, study.ID, number)
		f.ok(t, f.Finish(f.ctx, claim, o))
		fails(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{7}}), search.ErrFinished)
		fails(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Failed, Reason: "other"}), search.ErrFinished)
		same(t, "trial after ending it again", f.trial(t, study.ID, number), first)
	}
}

func testFinishPruned(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	for number, test := range []struct {
		reports []float64
		want    []float64
	}{
		{nil, nil},
		{[]float64{3, 2}, []float64{2}},
		{[]float64{3, math.NaN()}, nil}, // NaN is no value
	} {
		claim := f.start(t, study.ID, number, long)
		for step, v := range test.reports {
			f.ok(t, f.Report(f.ctx, claim, search.Report{Step: step, Value: v}))
		}
		f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Pruned}))
		same(t, "values", f.trial(t, study.ID, number).Values, test.want)
	}
}

func testFinishedStaysFinished(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	claim := f.start(t, study.ID, 0, short)
	f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{1}}))
	first := f.trial(t, study.ID, 0)
	for name, err := range map[string]error{
		"Report":    f.Report(f.ctx, claim, search.Report{Step: 1, Value: 1}),
		"Renew":     f.Renew(f.ctx, claim, long),
		"Release":   f.Release(f.ctx, claim),
		"SetParams": f.SetParams(f.ctx, claim, nil, nil),
	} {
		if !errors.Is(err, search.ErrFinished) || !errors.Is(err, search.ErrFenced) {
			t.Errorf("%s on a finished trial: %v, want ErrFinished and ErrFenced", name, err)
		}
	}
	_, _, err := f.Claim(f.ctx, study.ID, "w", long, 3)
	fails(t, err, search.ErrNothing)
	same(t, "trial", f.trial(t, study.ID, 0), first)
}

func testTrialsQuery(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	other := f.study(t, definition("other"))
	f.complete(t, other.ID, 0, 1)
	for number := range 6 {
		claim := f.start(t, study.ID, number, long)
		f.ok(t, f.Report(f.ctx, claim, search.Report{Step: 1, Value: 2}))
		switch number % 3 {
		case 0:
			f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{1}}))
		case 1:
			f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Failed}))
		}
	}
	for name, test := range map[string]struct {
		q    search.TrialQuery
		want []int
	}{
		"all":       {search.TrialQuery{After: -1}, []int{0, 1, 2, 3, 4, 5}},
		"after":     {search.TrialQuery{After: 3}, []int{4, 5}},
		"beyond":    {search.TrialQuery{After: 99}, nil},
		"states":    {search.TrialQuery{After: -1, States: []search.State{search.Complete, search.Running}}, []int{0, 2, 3, 5}},
		"limit":     {search.TrialQuery{After: 0, Limit: 2}, []int{1, 2}},
		"newest":    {search.TrialQuery{After: 1, Limit: 2, Newest: true}, []int{4, 5}},
		"few":       {search.TrialQuery{After: 3, Limit: 9, Newest: true}, []int{4, 5}},
		"open":      {search.TrialQuery{After: -1, Limit: 1, Newest: true, States: []search.State{search.Running}}, []int{5}},
		"unlimited": {search.TrialQuery{After: 3, Newest: true}, []int{4, 5}},
		"combined":  {search.TrialQuery{After: 0, Limit: 2, States: []search.State{search.Running, search.Failed}}, []int{1, 2}},
		"also":      {search.TrialQuery{After: 4, Also: []int{3, 0, 99, 3}}, []int{0, 3, 5}},
		"only":      {search.TrialQuery{After: 99, Also: []int{2}}, []int{2}},
		"also some": {search.TrialQuery{After: 3, Also: []int{5, 1, 0}, States: []search.State{search.Complete, search.Running}, Limit: 2}, []int{0, 5}},
		"none":      {search.TrialQuery{After: -1, States: []search.State{search.Waiting}}, nil},
	} {
		for _, brief := range []bool{false, true} {
			test.q.Brief = brief
			trials, err := f.Trials(f.ctx, study.ID, test.q)
			f.ok(t, err)
			var got []int
			for _, trial := range trials {
				got = append(got, trial.Number)
				want := f.trial(t, study.ID, trial.Number)
				if brief {
					copied := *want
					copied.Intermediate = nil
					want = &copied
				}
				same(t, name, trial, want)
			}
			same(t, name, got, test.want)
		}
	}
	_, err := f.Trial(f.ctx, study.ID, 6)
	fails(t, err, search.ErrNotFound)
	_, err = f.Trial(f.ctx, study.ID, -1)
	fails(t, err, search.ErrNotFound)
}

func testBest(t *testing.T, f *fixture) {
	for _, test := range []struct {
		direction search.Direction
		want      int
	}{{search.Minimize, 2}, {search.Maximize, 1}} {
		def := definition(string(test.direction))
		def.Objective.Direction = test.direction
		study := f.study(t, def)
		_, err := f.Best(f.ctx, study.ID)
		fails(t, err, search.ErrNotFound)
		claim := f.start(t, study.ID, 0, long) // a pruned trial is never best
		f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Pruned, Values: []float64{math.Inf(-1)}}))
		for i, v := range []float64{5, -1, 5, -1, 0} {
			f.complete(t, study.ID, i+1, v)
		}
		best, err := f.Best(f.ctx, study.ID)
		f.ok(t, err)
		same(t, "best of "+def.Name, best, f.trial(t, study.ID, test.want))
	}
}

func testUnknownStudy(t *testing.T, f *fixture) {
	f.study(t, definition("s"))
	const id = 4711
	ctx := f.ctx
	calls := map[string]func() error{
		"Study":       func() error { _, err := f.Study(ctx, "none"); return err },
		"Summary":     func() error { _, err := f.Summary(ctx, "none"); return err },
		"DeleteStudy": func() error { return f.DeleteStudy(ctx, id) },
		"SetPaused":   func() error { return f.SetPaused(ctx, id, true) },
		"SetBudget":   func() error { return f.SetBudget(ctx, id, search.Budget{Trials: 3}) },
		"Enqueue":     func() error { _, err := f.Enqueue(ctx, id, nil); return err },
		"Claim":       func() error { _, _, err := f.Claim(ctx, id, "w", long, 3); return err },
		"Start":       func() error { _, err := f.Start(ctx, id, newTrial(0), "w", long, 0); return err },
		"Renew":       func() error { return f.Renew(ctx, search.Claim{StudyID: id, TrialID: 1, Attempt: 1}, long) },
		"Trial":       func() error { _, err := f.Trial(ctx, id, 0); return err },
		"Trials":      func() error { _, err := f.Trials(ctx, id, search.TrialQuery{After: -1}); return err },
		"Leases":      func() error { _, err := f.Leases(ctx, id); return err },
		"Best":        func() error { _, err := f.Best(ctx, id); return err },
		"Counts":      func() error { _, err := f.Counts(ctx, id); return err },
	}
	for name, call := range calls {
		if err := call(); !errors.Is(err, search.ErrNotFound) {
			t.Errorf("%s of an unknown study: %v, want ErrNotFound", name, err)
		}
	}
}

func testCancelledContext(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	ctx, cancel := context.WithCancel(f.ctx)
	cancel()
	_, err := f.Start(ctx, study.ID, newTrial(0), "w", long, 0)
	fails(t, err, context.Canceled)
	counts, err := f.Counts(f.ctx, study.ID)
	f.ok(t, err)
	same(t, "counts", counts, search.Counts{})
}

func testHostileText(t *testing.T, f *fixture) {
	hostile := "'; DROP TABLE trials; --\"`\\ ü 文字 %s ?\t$1"
	def := definition(hostile)
	study := f.study(t, def)
	claim, err := f.Start(f.ctx, study.ID, search.NewTrial{
		Params:        map[string]float64{hostile: 0},
		Distributions: map[string]search.Distribution{hostile: search.Categorical{Choices: []any{hostile}}},
		UserAttrs:     map[string]any{hostile: hostile},
	}, hostile, long, 0)
	f.ok(t, err)
	f.ok(t, f.Report(f.ctx, claim, search.Report{Value: 1, Metrics: map[string]float64{hostile: 1}}))
	f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Failed, Reason: "error", Message: hostile,
		Artifacts: map[string]string{hostile: hostile}}))
	read, err := f.Study(f.ctx, hostile)
	f.ok(t, err)
	same(t, "study", read.Name, hostile)
	trial := f.trial(t, study.ID, 0)
	same(t, "params", trial.External(), map[string]any{hostile: hostile})
	same(t, "attributes", trial.UserAttrs, map[string]any{hostile: hostile})
	same(t, "message", trial.Message, hostile)
	same(t, "worker", trial.Worker, hostile)
	same(t, "artifacts", trial.Artifacts, map[string]string{hostile: hostile})
	same(t, "metrics", trial.Intermediate[0].Metrics, map[string]float64{hostile: 1})
}

// testUnreadableText ends trials with what dying programs write.
func testUnreadableText(t *testing.T, f *fixture) {
	study := f.study(t, definition("s"))
	for number, test := range []struct{ message, want string }{
		{"a\x00b\xffc \xe6\x96", "a\uFFFDb\uFFFDc \uFFFD"},
		{strings.Repeat("long ü ", 20_000), strings.Repeat("long ü ", 20_000)},
	} {
		claim := f.start(t, study.ID, number, long)
		o := search.Outcome{State: search.Failed, Reason: strings.Repeat("why\x00", 40), Message: test.message}
		f.ok(t, f.Finish(f.ctx, claim, o))
		f.ok(t, f.Finish(f.ctx, claim, o))
		trial := f.trial(t, study.ID, number)
		same(t, "message", trial.Message, test.want)
		same(t, "reason", trial.Reason, strings.Repeat("why\uFFFD", 16))
	}
	for _, name := range []string{"a\x00b", "a\xff"} {
		if _, err := f.CreateStudy(f.ctx, definition(name)); err == nil {
			t.Errorf("a study was named %q", name)
		}
		trial := search.NewTrial{Number: search.NextNumber, Params: map[string]float64{name: 0.5},
			Distributions: map[string]search.Distribution{name: search.Float{Low: 0, High: 1}}}
		if _, err := f.Start(f.ctx, study.ID, trial, "w", long, 0); err == nil {
			t.Errorf("a parameter was named %q", name)
		}
	}
}
