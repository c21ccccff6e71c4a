package faults

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

// full says that the tests are to take their long form.
var full = os.Getenv("HPSEARCH_TEST_FAULTS") == "full"

// choose returns what a test does in its short and in its long form.
func choose[T any](short, long T) T {
	if full {
		return long
	}
	return short
}

// newRand returns the source of a test's moments.
func newRand(t *testing.T) *rand.Rand {
	t.Helper()
	seed := uint64(1)
	if text := os.Getenv("HPSEARCH_TEST_SEED"); text != "" {
		var err error
		if seed, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("HPSEARCH_TEST_SEED: %v", err)
		}
	}
	t.Logf("seed %d", seed)
	return rand.New(rand.NewPCG(seed, uint64(len(t.Name()))))
}

// A plan is the study of a test.
type plan struct {
	trials int
	steps  int
	pace   float64 // milliseconds a step
	lease  time.Duration
}

// A crew is a study with workers on it.
type crew struct {
	*plan
	t       *testing.T
	dir     string
	url     string
	feed    *feed
	workers []*worker
}

// newCrew makes the study, in the folder dir and the database at url.
func newCrew(t *testing.T, dir, url string, p plan) *crew {
	t.Helper()
	c := &crew{plan: &p, t: t, dir: dir, url: url, feed: newFeed(t, t.TempDir())}
	file := filepath.Join(dir, "s.yaml")
	text := fmt.Sprintf(`version: 1
name: s
objective: {kind: command, command: [simtrain], metric: loss}
train: {steps: %d, pace: %g}
space: [{name: x, type: float, low: 0, high: 1}]
sampler: {kind: random, seed: 7}
budget: {trials: %d}
`, p.steps, p.pace, p.trials)
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	c.hpsearch("study", "create", "-f", file)
	t.Cleanup(c.end)
	return c
}

// command prepares hpsearch in the crew's folder.
func (c *crew) command(args ...string) *exec.Cmd {
	cmd := exec.Command("hpsearch", args...)
	cmd.Dir = c.dir
	cmd.Env = append(os.Environ(), "HPSEARCH_STORAGE="+c.url, eventsEnv+"="+c.feed.path)
	return cmd
}

// hpsearch runs the command to its end.
func (c *crew) hpsearch(args ...string) {
	c.t.Helper()
	if out, err := c.command(append(args, "--data", c.data())...).CombinedOutput(); err != nil {
		c.t.Fatalf("hpsearch %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}

func (c *crew) data() string { return filepath.Join(c.dir, "data") }

// A worker is a process that runs trials.
type worker struct {
	cmd    *exec.Cmd
	log    logBuffer
	killed bool
	// mayFail says that it need not end in good order.
	mayFail bool
	done    chan struct{} // closed at its end
	err     error
}

// logBuffer is what a process says.
type logBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// worker starts `hpsearch worker`.
func (c *crew) worker(args ...string) *worker {
	c.t.Helper()
	return c.start(c.command(append([]string{"worker", "s", "--data", c.data(), "--lease", c.lease.String()}, args...)...))
}

// start starts a command as one of the crew.
func (c *crew) start(cmd *exec.Cmd) *worker {
	c.t.Helper()
	w := &worker{cmd: cmd, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = &w.log, &w.log
	if err := cmd.Start(); err != nil {
		c.t.Fatal(err)
	}
	go func() {
		w.err = cmd.Wait()
		close(w.done)
	}()
	c.workers = append(c.workers, w)
	return w
}

// signal sends a signal to a worker that has not ended; it reports whether
// there was one.
func (w *worker) signal(s syscall.Signal) bool {
	select {
	case <-w.done:
		return false
	default:
	}
	if w.cmd.Process.Signal(s) != nil {
		return false
	}
	w.killed = w.killed || s == syscall.SIGKILL
	return true
}

// alive lists the workers that have not ended.
func (c *crew) alive() []*worker {
	var list []*worker
	for _, w := range c.workers {
		select {
		case <-w.done:
		default:
			if !w.killed {
				list = append(list, w)
			}
		}
	}
	return list
}

// finish waits until all workers have ended by themselves, in good order.
func (c *crew) finish() {
	c.t.Helper()
	timer := time.NewTimer(limit)
	defer timer.Stop()
	for _, w := range c.workers {
		select {
		case <-w.done:
		case <-timer.C:
			c.t.Fatalf("worker %d has not ended within %s:\n%s", w.cmd.Process.Pid, limit, w.log.String())
		}
		if w.err != nil && !w.killed && !w.mayFail {
			c.t.Errorf("worker %d: %v\n%s", w.cmd.Process.Pid, w.err, w.log.String())
		}
	}
}

// end kills what a failed test leaves.
func (c *crew) end() {
	for _, w := range c.workers {
		if w.signal(syscall.SIGKILL) {
			_ = w.cmd.Process.Signal(syscall.SIGCONT)
			<-w.done
		}
	}
	if c.t.Failed() {
		for i, w := range c.workers {
			c.t.Logf("worker %d said:\n%s", i, w.log.String())
		}
	}
}

// store opens the crew's database.
func (c *crew) store() search.Store {
	c.t.Helper()
	store, err := storage.Open(c.t.Context(), c.url)
	if err != nil {
		c.t.Fatal(err)
	}
	return store
}

// trials reads all trials.
func (c *crew) read() []*search.Trial {
	c.t.Helper()
	store := c.store()
	defer store.Close()
	study, err := store.Study(c.t.Context(), "s")
	if err != nil {
		c.t.Fatal(err)
	}
	trials, err := store.Trials(c.t.Context(), study.ID, search.TrialQuery{After: -1})
	if err != nil {
		c.t.Fatal(err)
	}
	return trials
}

var completeLine = regexp.MustCompile(`(?m)^trial (\d+)  COMPLETE `)

// reported returns how often workers have said that a trial is complete.
func (c *crew) reported() map[int]int {
	count := map[int]int{}
	for _, w := range c.workers {
		for _, match := range completeLine.FindAllStringSubmatch(w.log.String(), -1) {
			number, err := strconv.Atoi(match[1])
			if err == nil {
				count[number]++
			}
		}
	}
	return count
}
