package storage

import (
	"database/sql"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hpsearch/hpsearch/search"
)

// copyFixture copies the database that testdata/optuna.py made.
func copyFixture(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile("testdata/optuna-5.0.0.db")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "optuna.db")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// rawDB opens a database beside the store.
func rawDB(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func execSQL(t *testing.T, db *sql.DB, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if _, err := db.Exec(statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestReadsOptunaStudy(t *testing.T) {
	t.Parallel()
	store := openPath(t, copyFixture(t))
	defer store.Close()
	summary, err := store.Summary(t.Context(), "of-optuna")
	if err != nil {
		t.Fatal(err)
	}
	study := summary.Study
	same(t, "directions", study.Directions, []search.Direction{search.Maximize})
	same(t, "objective", study.Definition.Objective,
		search.ObjectiveSpec{Kind: "external", Metric: "accuracy", Direction: search.Maximize})
	same(t, "study attributes", study.UserAttrs, map[string]any{"who": "optuna"})
	same(t, "counts", summary.Counts, search.Counts{Waiting: 1, Running: 1, Complete: 2, Pruned: 1, Fail: 1})

	trials, err := store.Trials(t.Context(), study.ID, search.TrialQuery{After: -1})
	if err != nil {
		t.Fatal(err)
	}
	dists := map[string]search.Distribution{
		"x": search.Float{Low: 1e-6, High: 1, Log: true},
		"y": search.Float{Low: 0, High: 1, Step: 0.25},
		"n": search.Int{Low: 1, High: 9, Step: 2},
		"c": search.Categorical{Choices: []any{"a", nil, true, int64(3), 2.5}},
	}
	reports := []search.Report{{Step: 0, Value: math.NaN()}, {Step: 1, Value: math.Inf(1)}, {Step: 2, Value: math.Inf(-1)}, {Step: 3, Value: 0.5}}
	for i, want := range []struct {
		state  search.State
		values []float64
	}{
		{search.Complete, []float64{math.Inf(1)}}, {search.Pruned, []float64{0.5}}, {search.Failed, nil},
		{search.Complete, []float64{trials[3].Params["x"]}},
	} {
		trial := trials[i]
		same(t, "state", trial.State, want.state)
		same(t, "values", trial.Values, want.values)
		same(t, "distributions", trial.Distributions, dists)
		same(t, "reports", trial.Intermediate, reports)
		same(t, "attributes", trial.UserAttrs, map[string]any{"note": map[string]any{"list": []any{int64(1), 2.5, nil}}, "odd": "NaN"})
		if trial.Duration() <= 0 || trial.Duration() > time.Minute {
			t.Errorf("trial %d took %v", i, trial.Duration())
		}
		for name, v := range trial.Params {
			if !dists[name].Contains(v) {
				t.Errorf("trial %d: %s = %v", i, name, v)
			}
		}
	}
	same(t, "enqueued and asked", trials[4].Fixed, map[string]any{"x": 0.5, "c": true})
	same(t, "best, an infinite value apart", summary.Best.Number, 3)
}

func TestContinuesOptunaStudy(t *testing.T) {
	t.Parallel()
	store := openPath(t, copyFixture(t))
	defer store.Close()
	ctx := t.Context()
	study, err := store.Study(ctx, "of-optuna")
	if err != nil {
		t.Fatal(err)
	}
	// Trial 4 runs in Optuna and is not ours to take, 5 waits for anyone.
	trial, claim, err := store.Claim(ctx, study.ID, "w", time.Hour, 3)
	if err != nil || claim.Number != 5 || claim.Attempt != 1 {
		t.Fatalf("claimed %+v, %v", claim, err)
	}
	same(t, "fixed", trial.Fixed, map[string]any{"x": 0.25, "c": nil})
	if _, _, err := store.Claim(ctx, study.ID, "w", time.Hour, 3); !isNothing(err) {
		t.Fatalf("a second claim: %v", err)
	}
	if err := store.Finish(ctx, claim, search.Outcome{State: search.Complete, Values: []float64{2}}); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Start(ctx, study.ID, search.NewTrial{Number: 6}, "w", time.Hour, 0); err != nil {
		t.Fatal(err)
	}
	best, err := store.Best(ctx, study.ID)
	if err != nil || best.Number != 5 {
		t.Fatalf("best %+v, %v", best, err)
	}
}

func TestTwoObjectives(t *testing.T) {
	t.Parallel()
	store := openPath(t, copyFixture(t))
	defer store.Close()
	study, err := store.Study(t.Context(), "two")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "directions", study.Directions, []search.Direction{search.Minimize, search.Maximize})
	same(t, "metrics", study.Definition.Objective.AllMetrics(), []string{"values_0", "values_1"})
	claim, err := store.Start(t.Context(), study.ID, search.NewTrial{}, "w", time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Finish(t.Context(), claim, search.Outcome{State: search.Complete, Values: []float64{1}}); err == nil {
		t.Error("one value for two objectives was accepted")
	}
	if err := store.Finish(t.Context(), claim, search.Outcome{State: search.Complete, Values: []float64{1, 2}}); err != nil {
		t.Error(err)
	}
}

// TestSchemaIsOptunas compares each table and index with those that Optuna
// itself made.
func TestSchemaIsOptunas(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "ours.db")
	if err := openPath(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	theirs, ours := schemaOf(t, copyFixture(t)), schemaOf(t, path)
	if len(theirs) < 13 {
		t.Fatalf("the fixture has %d tables", len(theirs))
	}
	for name := range ours {
		if strings.HasPrefix(name, "hpsearch_") {
			delete(ours, name)
		}
	}
	same(t, "schema", ours, theirs)
}

// schemaOf returns the statements that made a database, by name.
func schemaOf(t *testing.T, path string) map[string]string {
	t.Helper()
	rows, err := rawDB(t, path).Query("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	schema := map[string]string{}
	space := regexp.MustCompile(`\s+`)
	for rows.Next() {
		var name, statement string
		if err := rows.Scan(&name, &statement); err != nil {
			t.Fatal(err)
		}
		schema[name] = space.ReplaceAllString(statement, " ")
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return schema
}

// TestOptunaDeletes removes a study as Optuna does, without foreign keys, and
// sees that the next study, which gets the same ids, inherits nothing.
func TestOptunaDeletes(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "study.db")
	store := openPath(t, path)
	defer store.Close()
	ctx := t.Context()
	old, err := store.CreateStudy(ctx, search.Definition{Name: "old", Train: map[string]any{"a": "b"}})
	if err != nil {
		t.Fatal(err)
	}
	claim, err := store.Start(ctx, old.ID, search.NewTrial{}, "w", time.Hour, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Report(ctx, claim, search.Report{Step: 1, Metrics: map[string]float64{"m": 1}}); err != nil {
		t.Fatal(err)
	}
	execSQL(t, rawDB(t, path), "PRAGMA foreign_keys = 0", "DELETE FROM trial_intermediate_values", "DELETE FROM trials",
		"DELETE FROM study_directions", "DELETE FROM studies",
		"INSERT INTO studies VALUES (1, 'new')", "INSERT INTO trials VALUES (1, 0, 1, 'RUNNING', '2026-01-02 03:04:05.000006', NULL)",
		"INSERT INTO trial_intermediate_values VALUES (1, 1, 1, 0.5, 'FINITE')")
	study, err := store.Study(ctx, "new")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "definition", study.Definition.Train, map[string]any(nil))
	trial, err := store.Trial(ctx, study.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "trial", trial, &search.Trial{ID: 1, State: search.Running, Started: time.Date(2026, 1, 2, 3, 4, 5, 6000, time.UTC),
		Intermediate: []search.Report{{Step: 1, Value: 0.5}}})
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmp.Options{cmpopts.EquateEmpty(), cmpopts.EquateNaNs()}); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
