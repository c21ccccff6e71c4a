package storage

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

func TestOpenCreatesPrivateFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b#c%20?.db")
	store, err := openSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	if _, err := store.CreateStudy(t.Context(), search.Definition{Name: "s"}); err != nil {
		t.Fatal(err)
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		info, err := os.Stat(path + suffix)
		if err != nil {
			t.Fatal(err)
		}
		if mode := info.Mode().Perm(); mode != 0o600 {
			t.Errorf("%s has mode %o, want 600", suffix, mode)
		}
	}
}

// TestConnections checks what every connection must have set.
func TestConnections(t *testing.T) {
	t.Parallel()
	store, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "study.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for name, db := range map[string]*gorm.DB{"write": store.write, "read": store.read} {
		if err := db.Find(&[]studyRow{}).Error; err != nil { // the mode is known after the first read
			t.Fatal(err)
		}
		for pragma, want := range map[string]string{"foreign_keys": "1", "busy_timeout": "30000", "journal_mode": "wal", "synchronous": "2"} {
			var got string
			if err := db.Raw("PRAGMA " + pragma).Scan(&got).Error; err != nil || got != want {
				t.Errorf("%s: %s = %q, %v; want %s", name, pragma, got, err, want)
			}
		}
	}
	if err := store.read.Exec("DELETE FROM trials").Error; err == nil {
		t.Error("a reading connection wrote")
	}
	// A write transaction holds the lock from its start.
	err = store.write.Transaction(func(*gorm.DB) error {
		other, err := openPool(store.name, 1, time.Millisecond, "", "BEGIN IMMEDIATE", "&mode=rw")
		if err != nil {
			return err
		}
		defer other.ConnPool.(*pool).close()
		return other.Transaction(func(*gorm.DB) error { return nil })
	})
	if err == nil || !strings.Contains(adviseSQLite(err).Error(), "another process has held the database") {
		t.Errorf("a second writer: %v", err)
	}
}

func TestReopen(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "study.db")
	store := openPath(t, path)
	study, err := store.CreateStudy(t.Context(), search.Definition{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	if err := store.Close(); err != nil {
		t.Fatal(err)
	}
	store = openPath(t, path)
	defer store.Close()
	again, err := store.Study(t.Context(), "s")
	if err != nil {
		t.Fatal(err)
	}
	same(t, "study", again, study)
}

// TestOpenRefuses opens what is no database of ours: one line that names the
// file, and the file is left as it was.
func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	sql := func(statements ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) { execSQL(t, rawDB(t, path), statements...) }
	}
	ours := func(statements ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			if err := openPath(t, path).Close(); err != nil {
				t.Fatal(err)
			}
			sql(statements...)(t, path)
		}
	}
	for name, test := range map[string]struct {
		prepare func(t *testing.T, path string)
		want    string
	}{
		"text":          {func(t *testing.T, path string) { write(t, path, strings.Repeat("no database\n", 999)) }, "not an SQLite database"},
		"foreign":       {sql("CREATE TABLE notes (text TEXT)"), "something else than Optuna"},
		"newer schema":  {ours("UPDATE hpsearch_version SET version = 99"), "made by a newer hpsearch (schema 99"},
		"newer Optuna":  {ours("UPDATE alembic_version SET version_num = 'v9.0.0.a'"), "made by a newer Optuna (schema v9.0.0.a"},
		"old Optuna":    {ours("DROP TABLE hpsearch_version", "UPDATE alembic_version SET version_num = 'v2.6.0.a'"), "optuna storage upgrade"},
		"damaged":       {damage, "damaged"},
		"folder":        {func(t *testing.T, path string) { mkdir(t, path) }, "is a folder"},
		"missing below": {func(*testing.T, string) {}, "does not exist"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "study.db")
			test.prepare(t, path)
			if name == "missing below" {
				path = filepath.Join(path, "deep", "study.db")
			}
			before, _ := os.ReadFile(path)
			_, err := Open(t.Context(), "sqlite:///"+path)
			if err == nil {
				t.Fatal("opened")
			}
			if text := err.Error(); !strings.Contains(text, test.want) || !strings.Contains(text, path) || strings.Contains(text, "\n") {
				t.Errorf("error %q: want %q and the path, in one line", text, test.want)
			}
			if after, _ := os.ReadFile(path); string(after) != string(before) {
				t.Error("the file was changed")
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func mkdir(t *testing.T, path string) {
	t.Helper()
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
}

// damage overwrites the schema behind the header of a database.
func damage(t *testing.T, path string) {
	t.Helper()
	if err := openPath(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 100; i < 4096; i++ {
		data[i] = 0xff
	}
	write(t, path, string(data))
}

func TestOpenUnwritableFolder(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if os.Getuid() == 0 {
		// Only where the kernel itself forbids it can root make no file.
		dir = "/sys"
		if _, err := os.Stat("/sys/kernel"); err != nil {
			t.Skip("root may write everywhere here: /sys is not mounted")
		}
	} else if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), "sqlite:///"+dir+"/study.db")
	if err == nil || !strings.Contains(err.Error(), dir+"/study.db cannot be written") {
		t.Fatalf("error %v", err)
	}
}

// TestReadOnly reads a file that must not be written, with and without a
// process that writes it at the time.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	for _, busy := range []bool{false, true} {
		t.Run(fmt.Sprint("busy ", busy), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "study.db")
			writer := openPath(t, path)
			study, err := writer.CreateStudy(t.Context(), search.Definition{Name: "s"})
			if err != nil {
				t.Fatal(err)
			}
			for number := range foldAfter + 1 { // so that a reader wants to write a tally
				if err := oneTrial(t.Context(), writer, study.ID, number); err != nil {
					t.Fatal(err)
				}
			}
			if busy {
				defer writer.Close()
			} else if err := writer.Close(); err != nil {
				t.Fatal(err)
			}
			s, err := connectReadOnly(path)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			if err := s.prepareSchema(t.Context()); err != nil {
				t.Fatal(err)
			}
			counts, err := s.Counts(t.Context(), study.ID)
			if err != nil || counts.Complete != foldAfter+1 {
				t.Errorf("%+v, %v", counts, err)
			}
			_, err = s.Start(t.Context(), study.ID, search.NewTrial{Number: search.NextNumber}, "w", time.Hour, 0)
			if err == nil || !strings.Contains(err.Error(), "must be writable") {
				t.Errorf("a trial was started: %v", err)
			}
		})
	}
}

// TestReadersAreReused reads one after the other: the connection that has its
// statements prepared is the one that is taken again.
func TestReadersAreReused(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store, err := openSQLite(ctx, filepath.Join(t.TempDir(), "study.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	for range 2 * readers {
		if _, err := store.Summaries(ctx); err != nil {
			t.Fatal(err)
		}
	}
	connected := 0
	for _, s := range store.read.ConnPool.(*pool).idle {
		if s.conn != nil {
			connected++
		}
	}
	if connected != 1 {
		t.Errorf("%d connections were made to read with one at a time", connected)
	}
}

// TestDiskFull lets the database run out of pages in the middle of a study:
// the write fails as a whole, and the study goes on when there is room again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	store, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "study.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ctx := t.Context()
	study, err := store.CreateStudy(ctx, search.Definition{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	limit := func(pages string) {
		t.Helper()
		p := store.write.ConnPool.(*pool)
		writer, err := p.take(ctx)
		if err != nil {
			t.Fatal(err)
		}
		defer p.put(writer)
		if _, err := writer.conn.ExecContext(ctx, "PRAGMA max_page_count = "+pages); err != nil {
			t.Fatal(err)
		}
	}
	limit("1") // SQLite makes it as many as there are
	number := 0
	for ; number < 1000; number++ {
		if err = oneTrial(ctx, store, study.ID, number); err != nil {
			break
		}
	}
	if err == nil || !strings.Contains(err.Error(), "disk is full") || !strings.Contains(err.Error(), store.name) {
		t.Fatalf("error %v", err)
	}
	limit("1000000")
	counts, err := store.Counts(ctx, study.ID)
	if err != nil {
		t.Fatal(err)
	}
	if counts.Complete != number || counts.Total() > number+1 {
		t.Errorf("%+v after %d trials and a full disk", counts, number)
	}
	if err := oneTrial(ctx, store, study.ID, counts.Total()); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// TestStatementsPerTrial bounds the statements of a trial's life, whatever
// the number of its parameters, and of what is read to begin one.
func TestStatementsPerTrial(t *testing.T) {
	t.Parallel()
	type statementsOf struct{ create, report, end, nothing, read int }
	for name, want := range map[string]statementsOf{
		sqliteName:   {create: 3, report: 1, end: 1, nothing: 1, read: 2},
		postgresName: {create: 1, report: 1, end: 1, nothing: 1, read: 2},
		mysqlName:    {create: 1, report: 1, end: 1, nothing: 1, read: 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			url := "sqlite:///" + filepath.Join(t.TempDir(), "study.db")
			switch name {
			case postgresName:
				url = dbtest.Database(t, dbtest.PostgreSQL)
			case mysqlName:
				url = dbtest.Database(t, dbtest.MariaDB)
			}
			store := openURL(t, url)
			defer store.Close()
			study, err := store.CreateStudy(t.Context(), search.Definition{Name: "s"})
			if err != nil {
				t.Fatal(err)
			}
			sent := countStatements(store)
			if err := oneTrial(t.Context(), store, study.ID, 0); err != nil {
				t.Fatal(err)
			}
			if sum := want.create + 3*want.report + want.end; *sent != sum {
				t.Errorf("%d statements, want %d", *sent, sum)
			}
			*sent = 0
			if _, _, err := store.Claim(t.Context(), study.ID, "w", time.Hour, 3); !errors.Is(err, search.ErrNothing) {
				t.Fatal(err)
			}
			if *sent != want.nothing {
				t.Errorf("%d statements to find nothing to claim, want %d", *sent, want.nothing)
			}
			*sent = 0
			trials, err := store.Trials(t.Context(), study.ID, search.TrialQuery{After: -1})
			if err != nil || len(trials) != 1 {
				t.Fatalf("%d trials, %v", len(trials), err)
			}
			if *sent != want.read {
				t.Errorf("%d statements to read a trial, want %d", *sent, want.read)
			}
		})
	}
}

// TestWaitHonoursContext lets a write wait for another one of the process and
// cancels it.
func TestWaitHonoursContext(t *testing.T) {
	t.Parallel()
	store, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "study.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	ctx, cancel := context.WithCancel(t.Context())
	err = store.write.Transaction(func(*gorm.DB) error {
		done := make(chan error)
		go func() {
			_, err := store.CreateStudy(ctx, search.Definition{Name: "s"})
			done <- err
		}()
		cancel()
		return <-done
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
	if _, err := store.CreateStudy(t.Context(), search.Definition{Name: "s"}); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestInterrupted cancels a write while it waits for another process's.
func TestInterrupted(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "study.db")
	holder, err := openSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer holder.Close()
	waiter, err := openSQLite(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer waiter.Close()
	err = holder.write.Transaction(func(*gorm.DB) error {
		ctx, cancel := context.WithTimeout(t.Context(), time.Millisecond)
		defer cancel()
		_, err := waiter.CreateStudy(ctx, search.Definition{Name: "s"})
		return err
	})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
	}
	if _, err := waiter.CreateStudy(t.Context(), search.Definition{Name: "s"}); err != nil {
		t.Errorf("after it: %v", err)
	}
}

// TestManyStudies lists a thousand studies in a bounded number of queries.
func TestManyStudies(t *testing.T) {
	t.Parallel()
	store, err := openSQLite(t.Context(), filepath.Join(t.TempDir(), "study.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	const studies = 1000
	err = store.write.Transaction(func(tx *gorm.DB) error {
		for i := range studies {
			def := search.Definition{Name: fmt.Sprint("s", i), Enqueue: []map[string]any{{"x": 1}, {"x": 2}}}
			def.Objective.Direction = search.Minimize
			id, err := insertStudy(tx, def, time.Now())
			if err != nil {
				return err
			}
			if err := insertWaiting(tx, id, 0, 0, def.Enqueue...); err != nil {
				return err
			}
		}
		return tx.Exec(`INSERT INTO trial_values (trial_id, objective, value, value_type)
			SELECT trial_id, 0, -trial_id, 'FINITE' FROM trials`).Error
	})
	if err == nil {
		err = store.write.Exec("UPDATE trials SET state = 'COMPLETE'").Error
	}
	if err != nil {
		t.Fatal(err)
	}
	sent := countStatements(store)
	summaries, err := store.Summaries(t.Context())
	if err != nil || len(summaries) != studies {
		t.Fatalf("%d studies, %v", len(summaries), err)
	}
	for _, s := range summaries {
		if s.Counts.Complete != 2 || s.Best.Number != 1 || s.Best.Fixed["x"] != int64(2) {
			t.Fatalf("%s: %+v, best %+v", s.Study.Name, s.Counts, s.Best)
		}
	}
	if *sent > 30 {
		t.Errorf("%d statements for %d studies", *sent, studies)
	}
}
