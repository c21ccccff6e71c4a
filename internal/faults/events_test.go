package faults

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// An event is a step that a trainer is about to take.
type event struct {
	Trainer int // process ids
	Worker  int
	Number  int
	Attempt int
	Step    int
}

// A feed is the test's end of the trainers' pipe.
type feed struct {
	path   string
	events chan event
}

// limit is far longer than anything that is waited for takes.
var limit = choose(2*time.Minute, 5*time.Minute)

func newFeed(t *testing.T, dir string) *feed {
	t.Helper()
	f := &feed{path: filepath.Join(dir, "events"), events: make(chan event, 1<<16)}
	if err := syscall.Mkfifo(f.path, 0o600); err != nil {
		t.Fatal(err)
	}
	// Opened for writing too: it does not block, and it never ends.
	pipe, err := os.OpenFile(f.path, os.O_RDWR|syscall.O_NONBLOCK, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { pipe.Close() })
	go func() {
		lines := bufio.NewScanner(pipe)
		for lines.Scan() {
			var e event
			if json.Unmarshal(lines.Bytes(), &e) == nil {
				select {
				case f.events <- e:
				default: // nobody has listened for long: nobody will
				}
			}
		}
	}()
	return f
}

// await returns the next event for which the condition holds.
func (f *feed) await(t *testing.T, what string, condition func(event) bool) event {
	t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for {
		select {
		case e := <-f.events:
			if condition(e) {
				return e
			}
		case <-timer.C:
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}

// eventually polls until the condition holds.
func eventually(t *testing.T, what string, condition func() bool) {
	t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !condition() {
		select {
		case <-tick.C:
		case <-timer.C:
			t.Fatalf("%s: not within %s", what, limit)
		}
	}
}
