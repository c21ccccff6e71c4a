package storage

import (
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// TestAdopt gives a study that Optuna made a definition, on each database.
func TestAdopt(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		store, err := Open(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer store.Close()
		execute(t, store.(*sqlStore),
			"INSERT INTO studies (study_id, study_name) VALUES (7, 'theirs')",
			"INSERT INTO study_directions (direction, study_id, objective) VALUES ('MAXIMIZE', 7, 0)",
			"INSERT INTO trials (number, study_id, state, datetime_start) VALUES (0, 7, 'RUNNING', '2026-01-02 03:04:05')")
		ctx := t.Context()
		study, err := store.Study(ctx, "theirs")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "foreign", study.Foreign, true)
		// What of ours there may be of such a study is kept.
		if err := store.SetPaused(ctx, study.ID, true); err != nil {
			t.Fatal(err)
		}

		def := search.Definition{
			Version: 1, Name: "theirs",
			Objective: search.ObjectiveSpec{Kind: "command", Metric: "accuracy", Direction: search.Maximize, Command: []string{"true"}},
			Space:     search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 1}}},
			Sampler:   search.SamplerSpec{Kind: "random", Seed: 3},
			Enqueue:   []map[string]any{{"x": 0.25}, {"x": 0.5}},
		}
		for range 2 { // the answer may be lost: again is the same
			if err := store.Adopt(ctx, study.ID, def); err != nil {
				t.Fatal(err)
			}
		}
		study, err = store.Study(ctx, "theirs")
		if err != nil {
			t.Fatal(err)
		}
		same(t, "definition", study.Definition, def)
		same(t, "foreign", study.Foreign, false)
		same(t, "paused", study.Paused, true)
		if err := store.SetPaused(ctx, study.ID, false); err != nil {
			t.Fatal(err)
		}
		counts, err := store.Counts(ctx, study.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "counts", counts, search.Counts{Running: 1, Waiting: 2})
		trial, claim, err := store.Claim(ctx, study.ID, "w", time.Hour, 3)
		if err != nil || claim.Number != 1 {
			t.Fatalf("claimed %+v, %v", claim, err)
		}
		same(t, "fixed", trial.Fixed, map[string]any{"x": 0.25})
		if claim, err = store.Start(ctx, study.ID, search.NewTrial{Number: search.NextNumber}, "w", time.Hour, 0); err != nil || claim.Number != 3 {
			t.Fatalf("started %+v, %v", claim, err)
		}
		var names []string
		if err := store.(*sqlStore).read.Raw("SELECT value_json FROM study_system_attributes WHERE study_id = 7").Scan(&names).Error; err != nil {
			t.Fatal(err)
		}
		same(t, "what Optuna's dashboard calls the value", names, []string{`["accuracy"]`})
	})
}
