package storage

import (
	"context"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// TestWaitsForLog looks at who waits for the disk at the end of a trial: we, for
// the write-ahead log, or SQLite where there is none.
func TestWaitsForLog(t *testing.T) {
	t.Parallel()
	const normal, full = 1, 2
	for name, c := range map[string]struct {
		mode                string // of the file
		link                bool   // it is opened by a link to it
		log                 bool
		synchronous, atRest int // at the end of a trial, and of a beginning
	}{
		"log":         {mode: "WAL", log: true, synchronous: normal, atRest: normal},
		"linked file": {mode: "WAL", link: true, log: true, synchronous: normal, atRest: normal},
		"no log":      {mode: "DELETE", synchronous: full, atRest: normal},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "study.db")
			makeInMode(t, path, c.mode)
			if c.link {
				link := filepath.Join(t.TempDir(), "link.db")
				if err := os.Symlink(path, link); err != nil {
					t.Skip(err)
				}
				path = link
			}
			store := openPath(t, path).(*sqlStore)
			defer store.Close()
			claim := running(t, store, time.Hour)
			if got := synchronous(t, store); got != c.atRest {
				t.Errorf("synchronous = %d after a beginning, want %d", got, c.atRest)
			}
			if err := store.Finish(t.Context(), claim, search.Outcome{State: search.Failed}); err != nil {
				t.Fatal(err)
			}
			if got := synchronous(t, store); got != c.synchronous {
				t.Errorf("synchronous = %d after an end, want %d", got, c.synchronous)
			}
			withWriter(t, store, func(s *session) {
				if (s.log != nil) != c.log {
					t.Errorf("a log is open: %v", s.log != nil)
				}
			})
		})
	}
}

// TestLogFails ends a trial while its log cannot be written to the disk: that
// is said, and the end can be repeated.
func TestLogFails(t *testing.T) {
	t.Parallel()
	store := openTemp(t).(*sqlStore)
	defer store.Close()
	claim := running(t, store, time.Hour)
	withWriter(t, store, func(s *session) {
		if err := s.log.Close(); err != nil {
			t.Fatal(err)
		}
	})
	end := func() error { return store.Finish(t.Context(), claim, search.Outcome{State: search.Failed}) }
	if err := end(); err == nil {
		t.Fatal("an end that is not on the disk was accepted")
	}
	withWriter(t, store, func(s *session) { s.log = nil })
	if err := end(); err != nil {
		t.Errorf("again: %v", err)
	}
}

// makeInMode makes a database whose file has a journal mode.
func makeInMode(t *testing.T, path, mode string) {
	t.Helper()
	if err := openPath(t, path).Close(); err != nil {
		t.Fatal(err)
	}
	raw := rawDB(t, path)
	execSQL(t, raw, "PRAGMA journal_mode = "+mode)
	if err := raw.Close(); err != nil {
		t.Fatal(err)
	}
}

// withWriter has f look at the writing session.
func withWriter(t *testing.T, store *sqlStore, f func(*session)) {
	t.Helper()
	p := store.write.ConnPool.(*pool)
	s, err := p.take(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer p.put(s)
	f(s)
}

// synchronous is how the writing session waits for the disk.
func synchronous(t *testing.T, store *sqlStore) (mode int) {
	t.Helper()
	withWriter(t, store, func(s *session) {
		if err := s.conn.QueryRowContext(context.Background(), "PRAGMA synchronous").Scan(&mode); err != nil {
			t.Fatal(err)
		}
	})
	return mode
}
