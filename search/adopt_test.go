package search_test

import (
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

func TestCheckAdoption(t *testing.T) {
	t.Parallel()
	rate, units := search.Float{Low: 0, High: 10}, search.Int{Low: 1, High: 64, Log: true}
	kind := search.Categorical{Choices: []any{"a", "b"}}
	theirs := search.Space{
		{Name: "rate", Distribution: rate}, {Name: "units", Distribution: units}, {Name: "kind", Distribution: kind},
	}
	study := search.Study{
		Name: "theirs", Directions: []search.Direction{search.Maximize}, Foreign: true,
		Definition: search.Definition{Objective: search.ObjectiveSpec{Kind: "external", Metric: "value", Direction: search.Maximize}},
	}
	named := study
	named.Definition.Objective.Metric = "accuracy"
	def := func(change func(*search.Definition)) *search.Definition {
		d := search.Definition{
			Objective: search.ObjectiveSpec{Kind: "command", Metric: "score", Direction: search.Maximize},
			Train:     map[string]any{"layers": int64(2)},
			Space: search.Space{
				{Name: "rate", Distribution: search.Float{Low: 0, High: 1, Step: 0.5}},
				{Name: "units", Distribution: search.Int{Low: 1, High: 32, Log: true}},
				{Name: "kind", Distribution: kind},
				{Name: "decay", Distribution: search.Float{Low: 0, High: 1}, When: map[string][]any{"kind": {"b"}}},
			},
		}
		change(&d)
		return &d
	}
	same := func(*search.Definition) {}
	trials := trialsOf(t, theirs,
		map[string]any{"rate": 0.5, "units": int64(4), "kind": "a"},
		map[string]any{"rate": 5.0, "units": int64(4), "kind": "a"},  // out of range
		map[string]any{"rate": 0.25, "units": int64(4), "kind": "a"}, // between the steps
		map[string]any{"rate": 0.5, "units": int64(4), "kind": "b"},  // lacks decay
		map[string]any{"rate": 0.5, "kind": "a"},                     // lacks units
		map[string]any{"rate": 1.0, "units": int64(32), "kind": "a"},
	)
	for _, c := range []struct {
		name    string
		study   *search.Study
		def     *search.Definition
		trials  []*search.Trial
		fitting int
		refused string // a part of the error; "": none
	}{
		{"fits", &study, def(same), trials, 2, ""},
		{"no trials", &study, def(same), nil, 0, ""},
		{"only a running one", &study, def(same), running(trials[1]), 0, ""},
		{"none fits", &study, def(same), trials[1:3], 0, "none of the finished trials (2) fits the space; trial 1, for example: \"rate\""},
		{"direction", &study, def(func(d *search.Definition) { d.Objective.Direction = search.Minimize }), trials, 0, "to [maximize] its values"},
		{"metric", &named, def(same), trials, 0, "called [accuracy]"},
		{"not searched", &study, def(func(d *search.Definition) { d.Space = d.Space[:2] }), trials, 0, `trial 0: it has a parameter "kind", which`},
		{"fixed to its value", &study, def(func(d *search.Definition) {
			d.Space, d.Train = d.Space[:2], map[string]any{"kind": "a"}
		}), trials[:1], 1, ""},
		{"fixed to another", &study, def(func(d *search.Definition) {
			d.Space, d.Train = d.Space[:2], map[string]any{"kind": "b"}
		}), trials, 0, `its "kind" is`},
		{"kind", &study, def(func(d *search.Definition) { d.Space[0].Distribution = search.Int{Low: 0, High: 10} }), trials, 0, "it is float 0..10 there"},
		{"scale", &study, def(func(d *search.Definition) { d.Space[1].Distribution = search.Int{Low: 1, High: 64} }), trials, 0, `parameter "units"`},
		{"order of choices", &study, def(func(d *search.Definition) {
			d.Space[2].Distribution = search.Categorical{Choices: []any{"b", "a"}}
		}), trials, 0, `parameter "kind"`},
		{"inactive", &study, def(func(d *search.Definition) { d.Space[1].When = map[string][]any{"layers": {int64(3)}} }), trials[:1], 0,
			`it has "units", which no trial of this configuration has`},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			finished, fitting, err := search.CheckAdoption(c.study, c.def, c.trials)
			switch {
			case c.refused == "" && err != nil:
				t.Errorf("refused: %v", err)
			case c.refused != "" && (err == nil || !strings.Contains(err.Error(), c.refused)):
				t.Errorf("error %v, want %q in it", err, c.refused)
			case fitting != c.fitting:
				t.Errorf("%d trials fit, want %d", fitting, c.fitting)
			case c.refused == "" && finished != countFinished(c.trials):
				t.Errorf("%d of %d trials are finished", finished, len(c.trials))
			}
		})
	}
}

func countFinished(trials []*search.Trial) (n int) {
	for _, t := range trials {
		if t.State.Finished() {
			n++
		}
	}
	return n
}

// trialsOf returns COMPLETE trials with these external values.
func trialsOf(t *testing.T, space search.Space, values ...map[string]any) []*search.Trial {
	t.Helper()
	states := make([]search.State, len(values))
	for i := range states {
		states[i] = search.Complete
	}
	store := earlierStudy(t, search.Definition{Name: "theirs", Space: space}, states, values...)
	trials := make([]*search.Trial, len(values))
	for i := range trials {
		trials[i] = &store.trials[i].Trial
	}
	return trials
}

// running returns a copy of a trial that has not finished.
func running(t *search.Trial) []*search.Trial {
	copied := *t
	copied.State = search.Running
	return []*search.Trial{&copied}
}
