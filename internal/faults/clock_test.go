package faults

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// clockEnv is how many seconds the clock of the changed program is off.
const clockEnv = "FAULTS_CLOCK"

// clockOffset is added to the standard library.
const clockOffset = `
var faultsOffset = func() (seconds int64) {
	text, _ := syscall.Getenv("` + clockEnv + `")
	for _, c := range text {
		if c != '-' {
			seconds = 10*seconds + int64(c-'0')
		}
	}
	if text != "" && text[0] == '-' {
		return -seconds
	}
	return seconds
}()
`

// buildWithClock builds hpsearch with a standard library whose clock is off by
// what the environment says. The program under test needs no hook for it, and
// no library that is loaded before it would reach a program that is linked
// statically.
func buildWithClock(t *testing.T) string {
	t.Helper()
	root, err := exec.Command("go", "env", "GOROOT").Output()
	if err != nil {
		t.Skipf("building a program with another clock takes Go: %v", err)
	}
	original := filepath.Join(strings.TrimSpace(string(root)), "src", "time", "time.go")
	source, err := os.ReadFile(original)
	if err != nil {
		t.Fatal(err)
	}
	const reading = "func Now() Time {\n\tsec, nsec, mono := runtimeNow()\n"
	if strings.Count(string(source), reading) != 1 {
		t.Fatalf("time.Now in %s is not as this test knows it", original)
	}
	dir := t.TempDir()
	changed := filepath.Join(dir, "time.go")
	shifted := strings.Replace(string(source), reading, reading+"\tsec += faultsOffset\n", 1)
	shifted = strings.Replace(shifted, "import (\n", "import (\n\t\"syscall\"\n", 1) + clockOffset
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {original: changed}})
	if err != nil {
		t.Fatal(err)
	}
	for path, data := range map[string][]byte{changed: []byte(shifted), filepath.Join(dir, "overlay.json"): overlay} {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	program := filepath.Join(dir, "hpsearch")
	build := exec.Command("go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", program, "../../cmd/hpsearch")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("building: %v\n%s", err, out)
	}
	return program
}

// TestClockOff has a worker whose clock is an hour fast or slow beside others:
// the database's time counts, so that nobody loses a trial, and times are
// right.
func TestClockOff(t *testing.T) {
	t.Parallel()
	if !full {
		t.Skip("it builds hpsearch and the standard library anew; make test-faults runs it")
	}
	program := buildWithClock(t)
	for name, seconds := range map[string]string{"fast": "3600", "slow": "-3600"} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range dbtest.Kinds {
				t.Run(string(kind), func(t *testing.T) {
					c := newCrew(t, t.TempDir(), dbtest.Database(t, kind), plan{trials: 30, steps: 30, pace: 5, lease: 5 * time.Second})
					began := time.Now()
					off := c.command("worker", "s", "--data", c.data(), "--lease", c.lease.String())
					off.Path = program
					off.Env = append(off.Env, clockEnv+"="+seconds)
					c.start(off)
					c.worker()
					c.finish()
					for _, trial := range c.verdict(0) {
						if trial.Attempt != 1 {
							t.Errorf("trial %d had %d attempts", trial.Number, trial.Attempt)
						}
						if trial.Started.Before(began.Add(-time.Minute)) || trial.Finished.After(time.Now().Add(time.Minute)) || trial.Duration() < 0 { // MariaDB counts in seconds
							t.Errorf("trial %d is said to have run from %s to %s", trial.Number, trial.Started, trial.Finished)
						}
					}
					if wrong := c.loggedAnHourOff(began); wrong == 0 || wrong == c.trials {
						t.Errorf("the clock was off for %d of %d trials", wrong, c.trials)
					}
					ran := len(completeLine.FindAllString(c.workers[0].log.String(), -1))
					if ran == 0 || ran == c.trials {
						t.Errorf("the worker with the other clock ran %d of %d trials", ran, c.trials)
					}
				})
			}
		})
	}
}

// loggedAnHourOff counts the trials whose worker's clock was off: a worker
// begins a trial's log with the time.
func (c *crew) loggedAnHourOff(began time.Time) int {
	c.t.Helper()
	wrong := 0
	for number := range c.trials {
		log, err := os.ReadFile(filepath.Join(search.TrialDir(filepath.Join(c.data(), "s"), number), objective.LogFile))
		if err != nil {
			c.t.Fatal(err)
		}
		line, _, _ := strings.Cut(string(log), "\n")
		at, err := time.Parse(time.RFC3339, line[strings.LastIndexByte(line, ' ')+1:])
		if err != nil {
			c.t.Fatalf("trial %d: %v", number, err)
		}
		if at.Sub(began).Abs() > 30*time.Minute {
			wrong++
		}
	}
	return wrong
}
