package storage

import (
	"context"
	"database/sql"
	"errors"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// impatient opens a database whose lock is waited for a moment before that is
// worth a word, which goes to tell.
func impatient(t *testing.T, path string, tell func(string)) *sqlStore {
	t.Helper()
	s, err := connectBusy(path, time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	if err := s.prepareSchema(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.retry = s.dialect.retry
	s.retry.first = time.Millisecond
	Notify(tell)(s)
	return s
}

// lockFile takes the write lock of a database, as a process that is suspended in
// the middle of a write has it, until it is told to release it.
func lockFile(t *testing.T, path string) (release func()) {
	t.Helper()
	conn, err := rawDB(t, path).Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	run := func(statement string) {
		if _, err := conn.ExecContext(context.Background(), statement); err != nil && !errors.Is(err, sql.ErrConnDone) {
			t.Errorf("%s: %v", statement, err)
		}
	}
	run("BEGIN IMMEDIATE")
	return func() { run("ROLLBACK") }
}

// running starts a trial.
func running(t *testing.T, s *sqlStore, lease time.Duration) search.Claim {
	t.Helper()
	study, err := s.CreateStudy(t.Context(), search.Definition{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	claim, err := s.Start(t.Context(), study.ID, search.NewTrial{}, "w", lease, 0)
	if err != nil {
		t.Fatal(err)
	}
	return claim
}

// TestLockedIsWaitedFor holds the lock for longer than SQLite waits for it:
// what was to be written is written when the lock is free, and that it was not
// is said once.
func TestLockedIsWaitedFor(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "study.db")
	var release func()
	var mu sync.Mutex
	var told []string
	s := impatient(t, path, func(line string) {
		mu.Lock()
		defer mu.Unlock()
		if told = append(told, line); len(told) == 1 {
			release()
		}
	})
	claim := running(t, s, time.Hour)
	release = lockFile(t, path)
	var writers sync.WaitGroup
	for step := range 4 {
		writers.Go(func() {
			if err := s.Report(t.Context(), claim, search.Report{Step: step, Value: 1}); err != nil {
				t.Error(err)
			}
		})
	}
	writers.Wait()
	if err := s.Finish(t.Context(), claim, search.Outcome{State: search.Complete, Values: []float64{1}}); err != nil {
		t.Fatal(err)
	}
	trial, err := s.Trial(t.Context(), claim.StudyID, claim.Number)
	if err != nil || trial.State != search.Complete || len(trial.Intermediate) != 4 {
		t.Errorf("trial %+v, %v", trial, err)
	}
	if len(told) != 2 || !strings.Contains(told[0], path+" has been locked by another process for ") ||
		!strings.Contains(told[0], "fg, kill -CONT PID") || !strings.Contains(told[1], path+" is free again, after ") {
		t.Errorf("told %q", told)
	}
}

// TestLockedForTooLong gives up in the end, and when the caller does.
func TestLockedForTooLong(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "study.db")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := impatient(t, path, func(string) { cancel() })
	claim := running(t, s, time.Hour)
	release := lockFile(t, path)
	outcome := search.Outcome{State: search.Complete, Values: []float64{1}}
	if err := s.Finish(ctx, claim, outcome); !errors.Is(err, context.Canceled) {
		t.Errorf("after the caller's end: %v", err)
	}
	// Who only looks need not wait.
	if trial, err := s.Trial(t.Context(), claim.StudyID, 0); err != nil || trial.State != search.Running {
		t.Errorf("trial %+v, %v", trial, err)
	}
	s.retry.locked = time.Nanosecond
	err := s.Finish(t.Context(), claim, outcome)
	if err == nil || !strings.Contains(err.Error(), "given up after") || !strings.Contains(err.Error(), "another process has held the database") {
		t.Errorf("after the limit: %v", err)
	}
	release()
	if err := s.Finish(t.Context(), claim, outcome); err != nil {
		t.Error(err)
	}
}

// TestLeaseOfTheLocked asks for trials while nobody can write. A lease that ran
// out meanwhile is left to its worker, who renews it as soon as that is
// possible; it is taken over when he does not.
func TestLeaseOfTheLocked(t *testing.T) {
	t.Parallel()
	for _, alive := range []bool{true, false} {
		path := filepath.Join(t.TempDir(), "study.db")
		owner := impatient(t, path, nil)
		claim := running(t, owner, time.Nanosecond)
		other := impatient(t, path, nil)
		other.retry.grace = time.Millisecond
		looks := 0
		other.machine = func() time.Time {
			switch looks++; looks {
			case 3: // in the transaction: it was long in coming
				return time.Now().Add(time.Second)
			case 4: // looking again
				if alive {
					if err := owner.Renew(t.Context(), claim, time.Hour); err != nil {
						t.Error(err)
					}
				}
			}
			return time.Now()
		}
		trial, _, err := other.Claim(t.Context(), claim.StudyID, "other", time.Hour, 3)
		if alive != isNothing(err) || !alive && (err != nil || trial.Attempt != 2) {
			t.Errorf("the worker is alive: %v; trial %+v, %v", alive, trial, err)
		}
	}
}
