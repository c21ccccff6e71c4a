package faults

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestDiskFull fills the disk that a study is on: the worker leaves with a
// clear line, and another one goes on when there is space again.
func TestDiskFull(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, "16m")
	c := newCrew(t, dir, "sqlite:///"+filepath.Join(dir, "s.db"), plan{trials: 12, steps: 30, pace: 2, lease: 5 * time.Second})
	seen := ledger{}
	for round := range choose(2, 6) {
		workWhileFull(t, c, dir, 5+4*round, "disk is full", "no space left on device")
		seen.look(c)
	}
	c.worker()
	c.finish()
	seen.look(c)
	c.verdict(2) // a trial that was running in three rounds is given up
}

// TestServerDiskFull fills the disk of a database server.
func TestServerDiskFull(t *testing.T) {
	t.Parallel()
	for _, kind := range choose([]dbtest.Kind{dbtest.PostgreSQL}, dbtest.Kinds) {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			dir := smallDisk(t, "400m")
			_, url := ownServer(t, kind, dir)
			c := newCrew(t, t.TempDir(), url, plan{trials: 60, steps: 30, pace: 2, lease: 5 * time.Second})
			seen := ledger{}
			for round := range choose(1, 4) {
				workWhileFull(t, c, dir, 5+4*round, "the server's disk is full")
				seen.look(c)
			}
			c.worker()
			c.finish()
			seen.look(c)
			c.verdict(2)
		})
	}
}

// smallDisk returns a folder that is a disk of its own, for all users.
func smallDisk(t *testing.T, size string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "hpsearch-disk-") //nolint:usetesting // the server's user may not enter t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(dir) })
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "mode=755,size="+size); err != nil {
		t.Skipf("mounting a small disk takes root: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// workWhileFull starts a worker, fills the disk when the worker is at a step, and
// makes room again when the worker has left, with one of the words.
func workWhileFull(t *testing.T, c *crew, disk string, step int, words ...string) {
	t.Helper()
	w := c.worker()
	w.mayFail = true
	c.feed.await(t, "a step in the middle of a trial", func(e event) bool {
		return e.Worker == w.cmd.Process.Pid && e.Step == step
	})
	filler := fill(t, filepath.Join(disk, "filler"))
	select {
	case <-w.done:
	case <-time.After(limit):
		t.Fatalf("the worker goes on without space: %s", w.log.String())
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	said := w.log.String()
	if w.err == nil || !slices.ContainsFunc(words, func(word string) bool { return strings.Contains(said, word) }) {
		t.Errorf("the worker ended with %v and said:\n%s", w.err, said)
	}
	if n := strings.Count(said, "\nhpsearch: "); n > 1 {
		t.Errorf("the worker said %d times why:\n%s", n, said)
	}
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
