package search_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

func TestTrialSeed(t *testing.T) {
	t.Parallel()
	// The values are part of the contract: a retrained trial must get the
	// seed that it had.
	for _, c := range []struct {
		study  int64
		number int
		want   int64
	}{
		{0, 0, 1896895516}, {42, 0, 1280155529}, {42, 1, 344382047}, {-1, 7, 1662462761},
	} {
		if got := search.TrialSeed(c.study, c.number); got != c.want {
			t.Errorf("TrialSeed(%d, %d) = %d, want %d", c.study, c.number, got, c.want)
		}
	}
	seen := make(map[int64]bool)
	for study := range int64(20) {
		for number := range 100 {
			seed := search.TrialSeed(study, number)
			if seed < 0 || seed >= 1<<31 || seen[seed] {
				t.Fatalf("TrialSeed(%d, %d) = %d is out of range or a repetition", study, number, seed)
			}
			seen[seed] = true
		}
	}
}

func TestNewTask(t *testing.T) {
	t.Parallel()
	def := search.Definition{
		Objective: search.ObjectiveSpec{Metric: "val_loss"},
		Train:     map[string]any{"model": "m", "shots": int64(5)},
		Space: search.Space{
			{Name: "lr", Distribution: search.Float{Low: 0, High: 1}},
			{Name: "inner", Distribution: search.Float{Low: 0, High: 1}, When: map[string][]any{"model": {"other"}}},
		},
		Sampler: search.SamplerSpec{Seed: 42},
		Split:   map[string][]string{"train": {"a"}},
	}
	study := &search.Study{Directions: []search.Direction{search.Maximize}, Definition: def}
	trial := &search.Trial{
		Number: 3, Attempt: 2,
		Params:        map[string]float64{"lr": 0.5},
		Distributions: map[string]search.Distribution{"lr": search.Float{Low: 0, High: 1}},
		Fixed:         map[string]any{"lr": 0.5, "inner": 0.1, "shots": int64(1)},
	}
	want := search.Task{
		Number: 3, Attempt: 2, Seed: search.TrialSeed(42, 3), Metric: "val_loss", Direction: search.Maximize,
		Config: map[string]any{
			"model": "m", "shots": int64(1), "lr": 0.5, "split": map[string][]string{"train": {"a"}},
		},
		DataDir: "data", Dir: filepath.Join("data", "trials", "3"),
	}
	if diff := cmp.Diff(want, search.NewTask(study, trial, "data")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if len(def.Train) != 2 {
		t.Errorf("the study's settings were changed: %v", def.Train)
	}

	study.Definition.Train = map[string]any{"seed": int64(5)}
	got := search.NewTask(study, trial, "")
	if got.Seed != 5 || got.Dir != "" || got.DataDir != "" {
		t.Errorf("seed %d, folders %q and %q, want the fixed seed 5 and none", got.Seed, got.Dir, got.DataDir)
	}
}
