package storage

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// fixtures are databases that earlier versions made, by what they are: each
// holds a study named old, whose trials have every state.
var fixtures = []struct {
	file    string
	schema  int
	pending []string
}{
	{"hpsearch-1.db", 1, []string{"0002_hpsearch.sql"}},
	{"hpsearch-2.db", 2, nil},
}

// copyOf copies a file of testdata.
func copyOf(t *testing.T, file string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "study.db")
	write(t, path, string(data))
	return path
}

func TestUpgrade(t *testing.T) {
	t.Parallel()
	for _, fixture := range fixtures {
		t.Run(fixture.file, func(t *testing.T) {
			t.Parallel()
			path := copyOf(t, fixture.file)
			url := "sqlite:///" + path
			before, err := Inspect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			want := Status{URL: url, Kind: sqliteName, Optuna: optunaRevision, Schema: fixture.schema, Wanted: schemaVersion, Pending: fixture.pending}
			same(t, "status", before, want)
			if fixture.schema == schemaVersion {
				checkOldStudy(t, url)
				return
			}
			if _, err := Open(t.Context(), url); err == nil || !strings.Contains(err.Error(), "hpsearch storage upgrade") || !strings.Contains(err.Error(), path) {
				t.Fatalf("opened before the upgrade: %v", err)
			}
			done, err := Upgrade(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			same(t, "status returned by the upgrade", done, want)
			after, err := Inspect(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			want.Schema, want.Pending = schemaVersion, nil
			same(t, "status after it", after, want)
			if again, err := Upgrade(t.Context(), url); err != nil || len(again.Pending) != 0 {
				t.Errorf("a second upgrade: %+v, %v", again, err)
			}
			checkOldStudy(t, url)
			same(t, "schema", layoutOf(t, path), layoutOf(t, newDatabase(t)))
		})
	}
}

// newDatabase returns the path of a database that this build made.
func newDatabase(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "new.db")
	if err := openPath(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	return path
}

// layoutOf returns the columns of all tables, and the indexes and triggers.
func layoutOf(t *testing.T, path string) []string {
	t.Helper()
	rows, err := rawDB(t, path).Query(`SELECT m.type || ' ' || m.name || ' ' || COALESCE(c.name || ' ' || c.type || ' ' || c."notnull" || ' ' || COALESCE(c.dflt_value, ''), m.sql, '')
		FROM sqlite_master m LEFT JOIN pragma_table_info(m.name) c ON m.type = 'table' ORDER BY 1`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	var all []string
	for rows.Next() {
		var line string
		if err := rows.Scan(&line); err != nil {
			t.Fatal(err)
		}
		all = append(all, line)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return all
}

// checkOldStudy reads and continues the study of a fixture.
func checkOldStudy(t *testing.T, url string) {
	t.Helper()
	store := openURL(t, url)
	defer store.Close()
	summary, err := store.Summary(t.Context(), "old")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "counts", summary.Counts, search.Counts{Waiting: 1, Running: 2, Complete: 2, Pruned: 1, Fail: 1})
	same(t, "best", summary.Best.Number, 4)
	same(t, "seed", summary.Study.Definition.Sampler.Seed, int64(7))
	paused, err := store.Study(t.Context(), "paused")
	if err != nil || !paused.Paused || paused.Direction() != search.Maximize {
		t.Errorf("study paused: %+v, %v", paused, err)
	}
	trial, err := store.Trial(t.Context(), summary.Study.ID, 1)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "artifacts", trial.Artifacts, map[string]string{"model": "trials/1/model"})
	same(t, "attributes", trial.UserAttrs, map[string]any{"n": int64(0)})
	same(t, "reports", trial.Intermediate, []search.Report{{Step: 1, Value: 3, Metrics: map[string]float64{"val_loss": 3}}})
	for _, number := range []int{0, 6} { // what waits, and what was left behind
		_, claim, err := store.Claim(t.Context(), summary.Study.ID, "w", time.Hour, 3)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "claimed", claim.Number, number)
	}
	if _, err := store.Start(t.Context(), summary.Study.ID, search.NewTrial{Number: 7}, "w", time.Hour, 0); err != nil {
		t.Error(err)
	}
}

func TestInspect(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "none.db")
	if _, err := Inspect(t.Context(), "sqlite:///"+missing); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
	if _, err := os.Stat(missing); err == nil {
		t.Error("inspecting made a file")
	}
	optuna := copyFixture(t)
	status, err := Inspect(t.Context(), "sqlite:///"+optuna)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "Optuna's database", status, Status{URL: "sqlite:///" + optuna, Kind: sqliteName, Optuna: optunaRevision,
		Wanted: schemaVersion, Pending: []string{"0001_hpsearch.sql", "0002_hpsearch.sql"}})
	if _, err := Inspect(t.Context(), MemoryURL); err != nil {
		t.Error(err)
	}
}

// TestUpgradeTogether lets several callers make the schema of one empty
// database: each succeeds.
func TestUpgradeTogether(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		const callers = 6
		errs := make(chan error)
		for range callers {
			go func() {
				store, err := Open(context.WithoutCancel(t.Context()), url)
				if err == nil {
					err = store.Close()
				}
				errs <- err
			}()
		}
		for range callers {
			if err := <-errs; err != nil {
				t.Error(err)
			}
		}
		status, err := Inspect(t.Context(), url)
		if err != nil || status.Schema != schemaVersion || len(status.Pending) > 0 {
			t.Errorf("%+v, %v", status, err)
		}
	})
}

// TestRefusesNewer opens databases of later versions on each kind of database.
func TestRefusesNewer(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		for statement, want := range map[string]string{
			"UPDATE hpsearch_version SET version = 99":            "made by a newer hpsearch (schema 99",
			"UPDATE alembic_version SET version_num = 'v9.0.0.a'": "made by a newer Optuna (schema v9.0.0.a",
		} {
			store := openURL(t, url)
			execute(t, store, statement)
			_, err := Open(t.Context(), url)
			if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want %q", err, want)
			}
			if _, err := Upgrade(t.Context(), url); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("upgraded: %v", err)
			}
			execute(t, store, "UPDATE hpsearch_version SET version = 2", "UPDATE alembic_version SET version_num = '"+optunaRevision+"'")
			store.Close()
		}
	})
}

// TestInterruptedMigration goes on where a migration of MariaDB, which cannot
// undo the making of a table, was interrupted.
func TestInterruptedMigration(t *testing.T) {
	t.Parallel()
	var statements []string
	for _, name := range []string{"optuna_" + optunaRevision + ".sql", "0002_hpsearch.sql"} {
		text, err := migrations.ReadFile("migrations/mysql/" + name)
		if err != nil {
			t.Fatal(err)
		}
		for _, statement := range strings.SplitAfter(string(text), ";\n") {
			if strings.TrimSpace(statement) != "" {
				statements = append(statements, statement)
			}
		}
	}
	for _, done := range []int{1, 5, len(statements) - 8, len(statements) - 3, len(statements) - 1} {
		url := dbtest.Database(t, dbtest.MariaDB)
		s, err := connect(url)
		if err != nil {
			t.Fatal(err)
		}
		execute(t, s, statements[:done]...)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := openURL(t, url).Close(); err != nil {
			t.Fatal(err)
		}
		status, err := Inspect(t.Context(), url)
		if err != nil || status.Schema != schemaVersion || status.Optuna != optunaRevision {
			t.Errorf("after %d statements: %+v, %v", done, status, err)
		}
	}
}
