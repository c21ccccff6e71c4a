package objective_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/search"
)

// session records what a trial tells and stops it as told.
type session struct {
	stop     chan struct{}
	onReport func(step int) error // may be nil

	mu     sync.Mutex
	reason search.StopReason
	events []string
}

func newSession() *session { return &session{stop: make(chan struct{})} }

func (s *session) note(format string, args ...any) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.events = append(s.events, fmt.Sprintf(format, args...))
}

func (s *session) Report(_ context.Context, step int, metrics map[string]float64) error {
	s.note("report %d val_loss %g", step, metrics["val_loss"])
	if s.onReport != nil {
		return s.onReport(step)
	}
	return nil
}

func (s *session) Checkpoint(step int, path string) { s.note("checkpoint %d %s", step, path) }
func (s *session) Progress(p search.Progress)       { s.note("progress %d/%d %s", p.Step, p.Total, p.Phase) }
func (s *session) Stopping() <-chan struct{}        { return s.stop }
func (s *session) StopReason() search.StopReason    { s.mu.Lock(); defer s.mu.Unlock(); return s.reason }
func (s *session) requestStop(r search.StopReason) {
	s.mu.Lock()
	s.reason = r
	s.mu.Unlock()
	close(s.stop)
}

func newProcess(t *testing.T, config objective.ProcessConfig) *objective.Process {
	t.Helper()
	p, err := objective.NewProcess(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func task(number int, mode string) search.Task {
	return search.Task{
		Number: number, Attempt: 1, Seed: 5, Metric: "val_loss", Direction: search.Minimize,
		Config: map[string]any{"mode": mode, "value": 0.25},
	}
}

// run runs one trial and fails the test if it is stuck.
func run(t *testing.T, p *objective.Process, task search.Task, s *session) (search.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	result, err := p.Run(ctx, task, s)
	if ctx.Err() != nil {
		t.Fatalf("trial %d is stuck", task.Number)
	}
	return result, err
}

func TestProcessRunsTrials(t *testing.T) {
	t.Parallel()
	p := newProcess(t, fake(t, "ok"))
	data := t.TempDir()
	for number := range 3 {
		if number == 2 {
			if err := p.Close(); err != nil {
				t.Fatal(err)
			}
		}
		task := task(number, "ok")
		task.DataDir, task.Dir = data, search.TrialDir(data, number)
		s := newSession()
		got, err := run(t, p, task, s)
		if err != nil {
			t.Fatal(err)
		}
		want := search.Result{
			Value: 0.25, Metrics: map[string]float64{"seed": 5},
			Artifacts: map[string]string{"model": filepath.Join("trials", fmt.Sprint(number), "model")},
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		events := []string{
			"progress 1/2 train", "report 1 val_loss 0.5",
			"checkpoint 1 " + filepath.Join(task.Dir, "checkpoint", "step-1"), "report 2 val_loss 0.25",
		}
		if diff := cmp.Diff(events, s.events); diff != "" {
			t.Errorf("events (-want +got):\n%s", diff)
		}
	}
}

func TestProcessKeepsALog(t *testing.T) {
	t.Parallel()
	data := t.TempDir()
	var want string
	for attempt := 1; attempt <= 2; attempt++ {
		p := newProcess(t, fake(t, "ok"))
		task := task(7, "ok")
		task.Attempt, task.DataDir, task.Dir = attempt, data, search.TrialDir(data, 7)
		if _, err := run(t, p, task, newSession()); err != nil {
			t.Fatal(err)
		}
		if err := p.Close(); err != nil { // now the log is complete
			t.Fatal(err)
		}
		want += fmt.Sprintf("=== trial 7, attempt %d, TIME\nworking on trial 7\n", attempt)
	}
	log, err := os.ReadFile(filepath.Join(search.TrialDir(data, 7), "log"))
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`, \d{4}-.*`).ReplaceAllString(string(log), ", TIME")
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("log (-want +got):\n%s", diff)
	}
}

// What a trainer writes before its result is in the trial's own log when the
// trial has ended, however much it is and however soon the next trial comes.
func TestProcessKeepsLogsApart(t *testing.T) {
	t.Parallel()
	p := newProcess(t, fake(t, "ok"))
	data := t.TempDir()
	for number := range 30 {
		trial := task(number, "noisy")
		trial.DataDir, trial.Dir = data, search.TrialDir(data, number)
		if _, err := p.Run(t.Context(), trial, newSession()); err != nil {
			t.Fatal(err)
		}
		log, err := os.ReadFile(filepath.Join(trial.Dir, objective.LogFile))
		if err != nil {
			t.Fatal(err)
		}
		own := strings.Count(string(log), fmt.Sprintf("\ntrial %d line ", number))
		if all := strings.Count(string(log), " line "); own != noisyLines || all != noisyLines {
			t.Fatalf("the log of trial %d has %d lines, %d of them its own, want %d", number, all, own, noisyLines)
		}
	}
}

func TestProcessFailures(t *testing.T) {
	t.Parallel()
	p := newProcess(t, fake(t, "ok"))
	for _, c := range []struct {
		mode, reason, message string
		retry                 bool
	}{
		{"diverged", search.ReasonDiverged, "as told", false},
		{"out-of-memory", search.ReasonOutOfMemory, "as told", false},
		{"bad-config", search.ReasonBadConfig, "as told", false},
		{"error", search.ReasonError, "as told", false},
		{"exit", search.ReasonCrashed, "about to leave", true},
		{"kill", search.ReasonCrashed, "killed by SIGKILL", true},
		{"garbage", search.ReasonError, `"Epoch 1: loss 0.3" (standard output is for messages only: print anything else to standard error instead)`, false},
		{"number", search.ReasonError, "number 1 instead of 0", false},
		{"hello", search.ReasonError, "it said hello in the middle", false},
		{"valueless", search.ReasonError, "no value", false},
		{"escape", search.ReasonError, "not in the study's data directory", false},
	} {
		_, err := run(t, p, task(0, c.mode), newSession())
		var failure *search.TrialError
		if !errors.As(err, &failure) {
			t.Errorf("%s: error %v, want a TrialError", c.mode, err)
			continue
		}
		if failure.Reason != c.reason || failure.Retry != c.retry || !strings.Contains(failure.Message, c.message) {
			t.Errorf("%s: reason %s, retry %v, message %q, want %s, %v, …%q…", c.mode,
				failure.Reason, failure.Retry, failure.Message, c.reason, c.retry, c.message)
		}
		var died *objective.DiedError
		if errors.As(err, &died) != c.retry {
			t.Errorf("%s: the cause is %v", c.mode, failure.Cause)
		}
		if got, err := run(t, p, task(1, "ok"), newSession()); err != nil || got.Value != 0.25 {
			t.Errorf("the trial after %s: %v, %v", c.mode, got, err)
		}
	}
}

func TestProcessAndNonFiniteValues(t *testing.T) {
	t.Parallel()
	p := newProcess(t, fake(t, "ok"))
	s := newSession()
	if got, err := run(t, p, task(0, "nan"), s); err != nil || !math.IsNaN(got.Value) {
		t.Errorf("a NaN result: %v, %v", got, err)
	}
	if want := []string{"report 1 val_loss NaN"}; !cmp.Equal(s.events, want) {
		t.Errorf("events %q, want %q", s.events, want)
	}
	nan := task(0, "ok")
	nan.Config["value"] = math.NaN()
	var failure *search.TrialError
	if _, err := run(t, p, nan, newSession()); !errors.As(err, &failure) || failure.Reason != search.ReasonBadConfig {
		t.Errorf("a NaN setting: %v, want bad-config", err)
	}
}

func TestProcessStops(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode string
		want error
	}{
		{"slow", search.ErrStopped},
		{"slow-exit", search.ErrStopped},
		{"slow-result", nil},
	} {
		t.Run(c.mode, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t, fake(t, "ok"))
			s := newSession()
			s.onReport = func(int) error { s.requestStop(search.StopPruned); return search.ErrStopped }
			if _, err := run(t, p, task(0, c.mode), s); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			if _, err := run(t, p, task(1, "ok"), newSession()); err != nil {
				t.Errorf("the trial after: %v", err)
			}
		})
	}
}

func TestProcessKillsWhatDoesNotStop(t *testing.T) {
	t.Parallel()
	lost := errors.New("lost")
	for _, c := range []struct {
		name   string
		report func(s *session, kill context.CancelCauseFunc) error
		want   error
	}{
		{"stop", func(s *session, _ context.CancelCauseFunc) error { s.requestStop(search.StopCancelled); return nil }, search.ErrStopped},
		{"context", func(_ *session, kill context.CancelCauseFunc) error { kill(lost); return nil }, lost},
		{"report", func(*session, context.CancelCauseFunc) error { return lost }, lost},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			config := fake(t, "ok")
			config.Grace = 20 * time.Millisecond
			p := newProcess(t, config)
			ctx, kill := context.WithCancelCause(t.Context())
			defer kill(nil)
			s := newSession()
			hang := task(0, "hang")
			fifo := filepath.Join(t.TempDir(), "fifo")
			hang.Config["fifo"] = fifo
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			var held *os.File
			s.onReport = func(int) (err error) {
				if held, err = os.Open(fifo); err != nil {
					return err
				}
				return c.report(s, kill)
			}
			if _, err := p.Run(ctx, hang, s); !errors.Is(err, c.want) {
				t.Errorf("error %v, want %v", err, c.want)
			}
			// The other end is held by the trainer and its own child, so the
			// end of file means that both are gone.
			if _, err := io.ReadAll(held); err != nil {
				t.Error(err)
			}
			if _, err := run(t, p, task(1, "ok"), newSession()); err != nil {
				t.Errorf("the trial after: %v", err)
			}
		})
	}
}

func TestProcessThatCannotStart(t *testing.T) {
	t.Parallel()
	missing := objective.ProcessConfig{Command: []string{filepath.Join(t.TempDir(), "hpsearch-trainer")}}
	mute := fake(t, "mute")
	mute.HelloTimeout = 20 * time.Millisecond
	notExecutable := objective.ProcessConfig{Command: []string{filepath.Join(t.TempDir(), "trainer")}}
	if err := os.WriteFile(notExecutable.Command[0], nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		config objective.ProcessConfig
		want   string
	}{
		"missing":        {missing, "there is no such program"},
		"not in PATH":    {objective.ProcessConfig{Command: []string{"no-such-trainer-anywhere"}}, `run "hpsearch doctor"`},
		"not executable": {notExecutable, "may not be executed"},
		"libraries":      {fake(t, "library"), `libtorch.so: cannot open shared object file; run "hpsearch doctor"`},
		"version":        {fake(t, "version"), "speaks protocol 99, this program speaks 1"},
		"chatty":         {fake(t, "chatty"), `"Welcome to PyTorch"`},
		"early":          {fake(t, "early"), "it said result instead of hello"},
		"mute":           {mute, "did not say hello within 20ms"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := newProcess(t, c.config)
			_, err := run(t, p, task(0, "ok"), newSession())
			if !errors.Is(err, search.ErrUnavailable) || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v, want ErrUnavailable with %q", err, c.want)
			}
		})
	}
}

// A trainer that is killed at its start is started once more.
func TestProcessKilledBeforeHello(t *testing.T) {
	t.Parallel()
	p := newProcess(t, fake(t, "killed"))
	var failed *search.TrialError
	if _, err := run(t, p, task(0, "ok"), newSession()); !errors.As(err, &failed) || !failed.Retry || failed.Reason != search.ReasonCrashed {
		t.Errorf("the first time: %v, want a crash worth a retry", err)
	}
	if _, err := run(t, p, task(0, "ok"), newSession()); !errors.Is(err, search.ErrUnavailable) {
		t.Errorf("the second time: %v, want ErrUnavailable", err)
	}
}

func TestProcessStoppedBeforeHello(t *testing.T) {
	t.Parallel()
	p := newProcess(t, fake(t, "mute"))
	s := newSession()
	s.requestStop(search.StopCancelled)
	if _, err := run(t, p, task(0, "ok"), s); !errors.Is(err, search.ErrStopped) {
		t.Errorf("error %v, want ErrStopped", err)
	}
}

func TestProcessWithoutALog(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	task := task(0, "ok")
	task.DataDir, task.Dir = file, search.TrialDir(file, 0)
	_, err := run(t, newProcess(t, fake(t, "ok")), task, newSession())
	if !errors.Is(err, search.ErrUnavailable) || !strings.Contains(err.Error(), file) {
		t.Errorf("error %v, want ErrUnavailable that names %s", err, file)
	}
}

func TestProcessJob(t *testing.T) {
	t.Parallel()
	config := fake(t, "ok")
	config.Threads, config.Device = 3, "cpu"
	p := newProcess(t, config)
	hello, err := p.Hello(t.Context())
	if err != nil || hello.Name != "fake" {
		t.Fatalf("hello %v, %v", hello, err)
	}
	var heard []protocol.Message
	result, err := p.Job(t.Context(), protocol.JobCheck,
		map[string]any{"env": []string{"OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "CUDA_VISIBLE_DEVICES"}},
		func(m protocol.Message) { heard = append(heard, m) })
	if err != nil {
		t.Fatal(err)
	}
	want := `["OMP_NUM_THREADS=3","OPENBLAS_NUM_THREADS=3","MKL_NUM_THREADS=3","CUDA_VISIBLE_DEVICES=-1"]`
	if string(result.Output) != want {
		t.Errorf("output %s, want %s", result.Output, want)
	}
	if diff := cmp.Diff([]protocol.Message{protocol.Progress{Number: -1, Step: 1, Phase: "looking"}}, heard); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
	var failure *search.TrialError
	if _, err := p.Job(t.Context(), protocol.JobExport, struct{}{}, nil); !errors.As(err, &failure) || failure.Message != "no such job" {
		t.Errorf("a job that fails: %v", err)
	}
}
