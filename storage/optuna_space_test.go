package storage

import (
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// TestLearnsSpace reads what an Optuna study searches off its trials.
func TestLearnsSpace(t *testing.T) {
	t.Parallel()
	store := openPath(t, copyFixture(t))
	defer store.Close()
	read := func() search.Space {
		t.Helper()
		study, err := store.Study(t.Context(), "of-optuna")
		if err != nil {
			t.Fatal(err)
		}
		return study.Definition.Space
	}
	x := search.Param{Name: "x", Distribution: search.Float{Low: 1e-6, High: 1, Log: true}}
	same(t, "space", read(), search.Space{
		x,
		{Name: "y", Distribution: search.Float{Low: 0, High: 1, Step: 0.25}},
		{Name: "n", Distribution: search.Int{Low: 1, High: 9, Step: 2}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", nil, true, int64(3), 2.5}}},
	})

	// What not all trials have, or not with the same range, is none of it.
	study, err := store.Study(t.Context(), "of-optuna")
	if err != nil {
		t.Fatal(err)
	}
	claim, err := store.Start(t.Context(), study.ID, search.NewTrial{
		Number: 6, Params: map[string]float64{"x": 0.5, "y": 0.5, "z": 0},
		Distributions: map[string]search.Distribution{
			"x": x.Distribution, "y": search.Float{Low: 0, High: 1}, "z": search.Float{Low: 0, High: 1},
		},
	}, "w", time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(t.Context(), claim, search.Outcome{State: search.Complete, Values: []float64{1}}); err != nil {
		t.Fatal(err)
	}
	same(t, "space", read(), search.Space{x})
}
