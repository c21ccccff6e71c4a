package faults

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestDiskFull fills the disk that a study is on: the worker leaves with a
// clear line, and another one goes on when there is space again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=16m"); err != nil {
		t.Skipf("mounting a small disk takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	c := newCrew(t, dir, "sqlite:///"+filepath.Join(dir, "s.db"), plan{trials: 12, steps: 30, pace: 2, lease: 5 * time.Second})
	seen := ledger{}
	for round := range choose(2, 6) {
		w := c.worker()
		w.mayFail = true
		c.feed.await(t, "a step in the middle of a trial", func(e event) bool {
			return e.Worker == w.cmd.Process.Pid && e.Step == 5+4*round
		})
		filler := fill(t, filepath.Join(dir, "filler"))
		select {
		case <-w.done:
		case <-time.After(limit):
			t.Fatalf("the worker goes on without space: %s", w.log.String())
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		said := w.log.String()
		if w.err == nil || !strings.Contains(said, "disk is full") && !strings.Contains(said, "no space left on device") {
			t.Errorf("the worker ended with %v and said:\n%s", w.err, said)
		}
		if n := strings.Count(said, "\nhpsearch: "); n > 1 {
			t.Errorf("the worker said %d times why:\n%s", n, said)
		}
		seen.look(c)
	}
	c.worker()
	c.finish()
	seen.look(c)
	c.verdict(2) // a trial that was running in three rounds is given up
}

// fill writes a file until the disk is full.
func fill(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 1 << 16; size > 0; {
		n, err := f.Write(make([]byte, size))
		switch {
		case errors.Is(err, syscall.ENOSPC) || errors.Is(err, io.ErrShortWrite):
			if n == 0 {
				size /= 2
			}
		case err != nil:
			t.Fatal(err)
		}
	}
	return path
}
