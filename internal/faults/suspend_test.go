package faults

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hpsearch/hpsearch/storage"
)

// suspended are processes that were stopped, the worker first.
type suspended []int

// suspend stops the processes that choose names, at the first event from step
// on at which none of them holds the lock of an SQLite database: nobody else
// could go on then, which is not what its callers are about.
func (c *crew) suspend(step int, choose func(event) []int) (event, suspended) {
	c.t.Helper()
	for {
		at := c.feed.await(c.t, fmt.Sprintf("step %d", step), func(e event) bool { return e.Step >= step })
		pids := suspended(choose(at))
		for _, pid := range pids {
			c.signal(pid, syscall.SIGSTOP)
		}
		eventually(c.t, "the processes are stopped", func() bool { return !slices.ContainsFunc(pids, isRunning) })
		if !c.isLocked() {
			return at, pids
		}
		pids.resume(c)
	}
}

// resume lets the processes go on, the worker last: it kills its trainer.
func (s suspended) resume(c *crew) {
	c.t.Helper()
	for _, pid := range slices.Backward(s) {
		c.signal(pid, syscall.SIGCONT)
	}
}

func (c *crew) signal(pid int, s syscall.Signal) {
	c.t.Helper()
	if err := syscall.Kill(pid, s); err != nil {
		c.t.Fatal(err)
	}
}

// isRunning reports whether a thread of a process is not stopped yet.
func isRunning(pid int) bool {
	tasks, _ := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
	return slices.ContainsFunc(tasks, func(path string) bool {
		text, err := os.ReadFile(path)
		_, state, _ := strings.Cut(string(text), ") ")
		return err == nil && !strings.HasPrefix(state, "T")
	})
}

// isLocked reports whether somebody is in the middle of a write on the crew's
// SQLite database.
func (c *crew) isLocked() bool {
	c.t.Helper()
	path, err := storage.Path(c.url)
	if err != nil {
		c.t.Fatal(err)
	}
	if path == "" { // on a server
		return false
	}
	db, err := sql.Open("sqlite", path)
	if err != nil {
		c.t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Conn(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	defer conn.Close()
	_, err = conn.ExecContext(c.t.Context(), "BEGIN IMMEDIATE")
	if err == nil {
		_, err = conn.ExecContext(c.t.Context(), "ROLLBACK")
	}
	if err != nil && !strings.Contains(err.Error(), "locked") {
		c.t.Fatal(err)
	}
	return err != nil
}

// TestIsLocked sees a write of another connection.
func TestIsLocked(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "s.db")
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1)
	c := &crew{t: t, url: "sqlite:///" + path}
	for _, step := range []struct {
		statement string
		locked    bool
	}{{"CREATE TABLE t (n INTEGER)", false}, {"BEGIN IMMEDIATE", true}, {"COMMIT", false}} {
		if _, err := db.Exec(step.statement); err != nil {
			t.Fatal(err)
		}
		if got := c.isLocked(); got != step.locked {
			t.Errorf("after %s: locked %v", step.statement, got)
		}
	}
}
