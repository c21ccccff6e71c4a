package nets

import (
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// Some configurations, trained anew, have the errors of the tables.
func TestTables(t *testing.T) {
	t.Parallel()
	for _, name := range Names() {
		table, err := Load(name)
		if err != nil {
			t.Fatal(err)
		}
		for index := 100; index < Size(); index += 2311 {
			row, err := Tabulate(name, index)
			if err != nil {
				t.Fatal(err)
			}
			want := table.errors[index*len(rungs) : (index+1)*len(rungs)]
			for k := range row {
				// The last digits of math.Exp differ between processors, and a
				// training carries them on.
				if math.Abs(decode(row[k])-decode(want[k])) > 0.02*decode(want[k]) && row[k] != want[k] {
					t.Errorf("%s, configuration %d: %v, the table has %v", name, index, row, want)
				}
			}
		}
	}
	if _, err := Load("letters"); err == nil {
		t.Error("a table that is not there was read")
	}
	if _, err := Tabulate("letters", 0); err == nil {
		t.Error("a task that is not there was trained")
	}
}

// A value between two that were trained counts as the nearer one, and the
// course of a training ends with the value of the objective.
func TestSpaces(t *testing.T) {
	t.Parallel()
	table, err := Load("classes")
	if err != nil {
		t.Fatal(err)
	}
	choices, ranges := table.Objective("a", table.Choices()), table.Objective("b", table.Ranges())
	exact := map[string]any{"rate": 0.1, "momentum": 0.9, "decay": 1e-3, "dropout": 0.2, "batch": int64(32),
		"width": int64(24), "layers": int64(2), "activation": "relu"}
	near := map[string]any{"rate": 0.09, "momentum": 0.85, "decay": 1.2e-3, "dropout": 0.15, "batch": int64(29),
		"width": int64(26), "layers": int64(2), "activation": "relu"}
	if a, b := choices.Value(exact), ranges.Value(near); a != b || a < table.Best || a > table.Worst {
		t.Errorf("errors %v and %v, of %v to %v", a, b, table.Best, table.Worst)
	}
	course := table.Course(0, near)
	if len(course.Values) != Epochs || course.Fails != 0 || course.Values[Epochs-1] != ranges.Value(near) {
		t.Errorf("course %+v, want one that ends at %v", course, ranges.Value(near))
	}
	if math.Abs(course.Values[0]-decode(table.row(near)[0])) > 1e-12 || slices.Min(course.Values) <= 0 {
		t.Errorf("course %v", course.Values)
	}
	for _, space := range []search.Space{choices.Space, ranges.Space} {
		if err := space.Validate(nil); err != nil {
			t.Error(err)
		}
	}
}

func TestDivergedTrainings(t *testing.T) {
	t.Parallel()
	table, err := Load("numbers")
	if err != nil {
		t.Fatal(err)
	}
	wild := map[string]any{"rate": 1.0, "momentum": 0.98, "decay": 1e-2, "dropout": 0.0, "batch": int64(8),
		"width": int64(48), "layers": int64(2), "activation": "relu"}
	course := table.Course(0, wild)
	if course.Fails == 0 || course.Reason != search.ReasonDiverged || len(course.Values) < course.Fails {
		t.Errorf("course %+v, want one that diverges", course)
	}
	if v := table.Objective("a", table.Ranges()).Value(wild); v != table.Worst {
		t.Errorf("a training that diverged has %v, not the worst error %v", v, table.Worst)
	}
}

func TestCoding(t *testing.T) {
	t.Parallel()
	for _, v := range []float64{0, 1e-4, 0.3, 0.99, 1, 1.5, 49} {
		if got := decode(encode(v)); math.Abs(got-v) > 2e-4*max(0.1, v) {
			t.Errorf("%v came back as %v", v, got)
		}
	}
	if encode(diverged) == failed {
		t.Error("the largest error looks like none")
	}
}
