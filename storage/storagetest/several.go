package storagetest

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// testSeveralObjectives runs a study that minimizes one value and maximizes
// another.
func testSeveralObjectives(t *testing.T, f *fixture) {
	def := definition("two")
	def.Objective = search.ObjectiveSpec{
		Kind: "external", Metrics: []string{"loss", "speed"}, Directions: []search.Direction{"", search.Maximize},
	}
	created := f.study(t, def)
	directions := []search.Direction{search.Minimize, search.Maximize}
	same(t, "directions", created.Directions, directions)
	study, err := f.Study(f.ctx, "two")
	f.ok(t, err)
	same(t, "study", study, created)
	same(t, "objective", study.Definition.Objective, search.ObjectiveSpec{
		Kind: "external", Metric: "loss", Direction: search.Minimize, Metrics: def.Objective.Metrics, Directions: directions,
	})

	claim := f.start(t, study.ID, 0, long)
	for _, values := range [][]float64{{1}, {1, 2, 3}, {1, math.NaN()}, {math.Inf(1), 2}} {
		if err := f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: values}); err == nil {
			t.Errorf("the values %v were accepted", values)
		}
	}
	outcome := search.Outcome{State: search.Complete, Values: []float64{0.5, 20}}
	f.ok(t, f.Finish(f.ctx, claim, outcome))
	f.ok(t, f.Finish(f.ctx, claim, outcome))
	fails(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Complete, Values: []float64{0.5, 21}}), search.ErrFinished)
	same(t, "values", f.trial(t, study.ID, 0).Values, []float64{0.5, 20})

	// One reported value is no values of a trial with two.
	claim = f.start(t, study.ID, 1, long)
	f.ok(t, f.Report(f.ctx, claim, search.Report{Step: 1, Value: 3}))
	f.ok(t, f.Finish(f.ctx, claim, search.Outcome{State: search.Pruned}))
	same(t, "values of a pruned trial", len(f.trial(t, study.ID, 1).Values), 0)

	for name, bad := range map[string]search.ObjectiveSpec{
		"twice":     {Kind: "external", Metrics: []string{"loss", "loss"}},
		"nameless":  {Kind: "external", Metrics: []string{"loss", ""}},
		"direction": {Kind: "external", Metrics: []string{"loss", "speed"}, Directions: []search.Direction{"up"}},
		"too many":  {Kind: "external", Metrics: []string{"loss", "speed"}, Directions: append(directions, search.Minimize)},
	} {
		def := definition(name)
		def.Objective = bad
		if _, err := f.CreateStudy(f.ctx, def); err == nil {
			t.Errorf("objectives %+v were accepted", bad)
		}
	}
}
