package objective_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
)

// fakePlain, set to a mode, makes the test binary a plain program.
const fakePlain = "HPSEARCH_FAKE_PLAIN"

// plainProgram prints what a mode says; arguments are printed as the value.
func plainProgram(mode string) int {
	terminated := make(chan os.Signal, 1)
	switch mode {
	case "curve":
		fmt.Println("epoch 1 of 2")
		fmt.Println(`{"step": 1, "val_loss": 0.5, "accuracy": 0.25}`)
		fmt.Fprintln(os.Stderr, "a warning")
		fmt.Println(`{"step": 2, "val_loss": NaN}`)
		fmt.Println(`{"other": 1}`)
		fmt.Println(`{"value": 0.375, "accuracy": 0.5, "name": "x"}`)
		fmt.Println("done")
	case "argument":
		fmt.Println(os.Args[len(os.Args)-1])
	case "environment":
		var params struct{ Value float64 }
		if err := json.Unmarshal([]byte(os.Getenv(objective.ParamsEnv)), &params); err != nil {
			panic(err)
		}
		fmt.Printf("{\"val_loss\": %v, \"trial\": %s, \"attempt\": %s, \"seed\": %s}\n", params.Value,
			os.Getenv(objective.TrialEnv), os.Getenv(objective.AttemptEnv), os.Getenv(objective.SeedEnv))
		fmt.Fprintln(os.Stderr, os.Getenv(objective.MetricEnv), os.Getenv(objective.DirectionEnv), os.Getenv(objective.DirEnv))
	case "resuming":
		return resume(os.Getenv(objective.DirEnv))
	case "exit":
		fmt.Println(0.5)
		fmt.Fprintln(os.Stderr, "no such file: data.csv")
		return 3
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "nothing":
	case "prose":
		fmt.Println("loss: 0.3")
		fmt.Println("  ")
	case "long":
		fmt.Println("\x1b[32mepoch 1:" + strings.Repeat(" ä", 10_000))
	case "another":
		fmt.Println(`{"accuracy": 0.9}`)
	case "input":
		_, _ = io.Copy(io.Discard, os.Stdin)
		fmt.Println(0.25)
	case "gentle", "stubborn":
		signal.Notify(terminated, syscall.SIGTERM)
		fmt.Println(`{"step": 1, "val_loss": 0.5}`)
		<-terminated
		if mode == "stubborn" {
			select {}
		}
	case "finishing":
		signal.Notify(terminated, syscall.SIGTERM)
		fmt.Println(`{"step": 1, "val_loss": 0.5}`)
		<-terminated
		fmt.Println(`{"val_loss": 0.125}`)
	}
	return 0
}

func newCommand(t *testing.T, mode string, change func(*objective.ProcessConfig)) *objective.Command {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	config := objective.ProcessConfig{Command: []string{program}, Env: []string{fakePlain + "=" + mode}}
	if change != nil {
		change(&config)
	}
	c, err := objective.NewCommand(config)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Error(err)
		}
	})
	return c
}

func TestCommandPlain(t *testing.T) {
	t.Parallel()
	c := newCommand(t, "curve", nil)
	for number := range 2 { // the first run decides, the second knows
		s := newSession()
		trial := task(number, "")
		trial.Dir = t.TempDir()
		result, err := c.Run(t.Context(), trial, s)
		if err != nil {
			t.Fatal(err)
		}
		want := search.Result{Value: 0.375, Metrics: map[string]float64{"val_loss": 0.375, "accuracy": 0.5}}
		if diff := cmp.Diff(want, result); diff != "" {
			t.Errorf("result (-want +got):\n%s", diff)
		}
		if want := []string{"report 1 val_loss 0.5", "report 2 val_loss NaN"}; !slices.Equal(s.events, want) {
			t.Errorf("events %q, want %q", s.events, want)
		}
		log, err := os.ReadFile(filepath.Join(trial.Dir, objective.LogFile))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"epoch 1 of 2", "a warning", "done"} {
			if !strings.Contains(string(log), want) {
				t.Errorf("the log lacks %q:\n%s", want, log)
			}
		}
	}
}

func TestCommandEnvironment(t *testing.T) {
	t.Parallel()
	c := newCommand(t, "environment", nil)
	trial := task(7, "")
	trial.Attempt, trial.Dir = 2, t.TempDir()
	result, err := c.Run(t.Context(), trial, newSession())
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"val_loss": 0.25, "trial": 7, "attempt": 2, "seed": 5}
	if diff := cmp.Diff(want, result.Metrics); diff != "" {
		t.Errorf("what the program saw (-want +got):\n%s", diff)
	}
	log, err := os.ReadFile(filepath.Join(trial.Dir, objective.LogFile))
	if want := "val_loss minimize " + filepath.Join(trial.Dir, "files-2"); err != nil || !strings.Contains(string(log), want) {
		t.Errorf("the log lacks %q: %s, %v", want, log, err)
	}
}

// resume counts, in a file of the folder that it is given, how often it was
// started, and fails the first time.
func resume(dir string) int {
	path := filepath.Join(dir, "count")
	before, err := os.ReadFile(path)
	if err != nil && !os.IsNotExist(err) {
		panic(err)
	}
	if err := os.WriteFile(path, append(before, '1'), 0o666); err != nil {
		panic(err)
	}
	if len(before) == 0 {
		return 3
	}
	fmt.Println(len(before))
	return 0
}

// TestCommandAttempts: each attempt has a folder of its own, in which it finds
// what the one before it left, and what that one still writes is not seen.
func TestCommandAttempts(t *testing.T) {
	t.Parallel()
	c := newCommand(t, "resuming", nil)
	trial := task(7, "")
	trial.Dir = t.TempDir()
	count := func(folder string) string {
		t.Helper()
		data, err := os.ReadFile(filepath.Join(trial.Dir, folder, "count"))
		if err != nil {
			t.Fatal(err)
		}
		return string(data)
	}
	// What is there before the first attempt is of a trial that was forgotten.
	if err := os.MkdirAll(filepath.Join(trial.Dir, "files"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(trial.Dir, "files", "count"), []byte("111"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Run(t.Context(), trial, newSession()); err == nil || count("files") != "1" {
		t.Fatalf("attempt 1: %v, count %s", err, count("files"))
	}
	trial.Attempt = 2
	result, err := c.Run(t.Context(), trial, newSession())
	if err != nil || result.Value != 1 || count("files-2") != "11" {
		t.Fatalf("attempt 2: %+v, %v, count %s", result, err, count("files-2"))
	}
	// The first one goes on after all.
	if err := os.MkdirAll(filepath.Join(trial.Dir, "files"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(trial.Dir, "files", "count"), []byte("11111"), 0o666); err != nil {
		t.Fatal(err)
	}
	trial.Attempt = 3
	if result, err = c.Run(t.Context(), trial, newSession()); err != nil || result.Value != 2 {
		t.Fatalf("attempt 3: %+v, %v", result, err)
	}
}

func TestCommandPlaceholders(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		argument string
		want     float64
	}{
		{"{rate}", 2e-5},
		{"{layers}{layers}", 44},
		{`{"val_loss": {layers}, "kind": "{{layers}} {kind} {missing}"}`, 4},
		{`{"value": {nested}}`, math.NaN()},
	} {
		c := newCommand(t, "argument", func(config *objective.ProcessConfig) { config.Command = append(config.Command, test.argument) })
		trial := task(0, "")
		trial.Config = map[string]any{"rate": 2e-5, "layers": int64(4), "kind": "a b", "nested": nil}
		result, err := c.Run(t.Context(), trial, newSession())
		if err != nil || result.Value != test.want && !(math.IsNaN(result.Value) && math.IsNaN(test.want)) {
			t.Errorf("%s: %v, %v, want %v", test.argument, result.Value, err, test.want)
		}
	}
	got := objective.Placeholders([]string{"x", "--lr={rate}", "{a}{rate}", "{{b}}", "{", "{}", "{1}"})
	if want := []string{"rate", "a"}; !slices.Equal(got, want) {
		t.Errorf("placeholders %q, want %q", got, want)
	}
}

func TestCommandFailures(t *testing.T) {
	t.Parallel()
	for mode, test := range map[string]struct {
		reason string
		retry  bool
		want   string
	}{
		"exit":    {search.ReasonError, false, "left with exit code 3; its standard error ends with: "},
		"killed":  {search.ReasonCrashed, true, "was killed by SIGKILL"},
		"nothing": {search.ReasonError, false, `printed no value: the last line of its standard output must be a number, or a JSON object such as {"val_loss": 0.5}; it wrote nothing to its standard error`},
		"prose":   {search.ReasonError, false, `or a JSON object such as {"val_loss": 0.5}; it is loss: 0.3`},
		"long":    {search.ReasonError, false, `; it is [32mepoch 1:` + strings.Repeat(" ä", 36) + "…"},
		"another": {search.ReasonError, false, `; it is {"accuracy": 0.9}, without a number "val_loss" (the metric of the objective)`},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			_, err := newCommand(t, mode, nil).Run(t.Context(), task(0, ""), newSession())
			var failure *search.TrialError
			if !errors.As(err, &failure) || failure.Reason != test.reason || failure.Retry != test.retry || !strings.Contains(failure.Message, test.want) {
				t.Errorf("Run() = %v, want %s: …%s…", err, test.reason, test.want)
			}
		})
	}
	c := newCommand(t, "", func(config *objective.ProcessConfig) { config.Command = []string{"no-such-program"} })
	if _, err := c.Run(t.Context(), task(0, ""), newSession()); !errors.Is(err, search.ErrUnavailable) {
		t.Errorf("without the program: %v", err)
	}
}

// A program that waits for the end of its input gets it when no hello came.
func TestCommandInput(t *testing.T) {
	t.Parallel()
	c := newCommand(t, "input", func(config *objective.ProcessConfig) { config.HelloTimeout = 10 * time.Millisecond })
	for number := range 2 {
		if result, err := c.Run(t.Context(), task(number, ""), newSession()); err != nil || result.Value != 0.25 {
			t.Errorf("run %d: %v, %v", number, result, err)
		}
	}
}

func TestCommandStops(t *testing.T) {
	t.Parallel()
	for mode, want := range map[string]error{"gentle": search.ErrStopped, "stubborn": search.ErrStopped, "finishing": nil} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			c := newCommand(t, mode, func(config *objective.ProcessConfig) {
				if mode == "stubborn" {
					config.Grace = 10 * time.Millisecond
				}
			})
			s := newSession()
			s.onReport = func(int) error { s.requestStop(search.StopPruned); return search.ErrStopped }
			result, err := c.Run(t.Context(), task(0, ""), s)
			if !errors.Is(err, want) || want == nil && result.Value != 0.125 {
				t.Errorf("Run() = %v, %v, want %v", result, err, want)
			}
		})
	}
	t.Run("context", func(t *testing.T) {
		t.Parallel()
		ctx, cancel := context.WithCancel(t.Context())
		s := newSession()
		s.onReport = func(int) error { cancel(); return nil }
		if _, err := newCommand(t, "stubborn", nil).Run(ctx, task(0, ""), s); !errors.Is(err, context.Canceled) {
			t.Errorf("Run() = %v", err)
		}
	})
	t.Run("lost", func(t *testing.T) {
		t.Parallel()
		s := newSession()
		s.onReport = func(int) error { return search.ErrFenced }
		if _, err := newCommand(t, "stubborn", nil).Run(t.Context(), task(0, ""), s); !errors.Is(err, search.ErrFenced) {
			t.Errorf("Run() = %v", err)
		}
	})
}

// A program that says hello speaks the protocol, and stays up.
func TestCommandSpeaksTheProtocol(t *testing.T) {
	t.Parallel()
	c := newCommand(t, "", func(config *objective.ProcessConfig) { config.Env = []string{fakeTrainer + "=ok"} })
	for number := range 2 {
		s := newSession()
		trial := task(number, "ok")
		trial.DataDir = t.TempDir()
		trial.Dir = filepath.Join(trial.DataDir, "trial")
		result, err := c.Run(t.Context(), trial, s)
		if err != nil || result.Value != 0.25 || len(s.events) == 0 {
			t.Errorf("trial %d: %v, %v, %q", number, result, err, s.events)
		}
	}
}

// The example of the documentation.
func TestCommandPython(t *testing.T) {
	t.Parallel()
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("there is no python3")
	}
	c := newCommand(t, "", func(config *objective.ProcessConfig) {
		config.Command = []string{python, filepath.Join("testdata", "train.py")}
		config.Env = nil
	})
	s := newSession()
	trial := task(0, "")
	trial.Config = map[string]any{"learning_rate": 0.5, "epochs": int64(3)}
	result, err := c.Run(t.Context(), trial, s)
	if err != nil || math.Abs(result.Value-0.125) > 1e-12 || len(s.events) != 3 {
		t.Errorf("the example: %v, %v, %q", result, err, s.events)
	}
}

func TestCheckProgram(t *testing.T) {
	t.Parallel()
	text := filepath.Join(t.TempDir(), "text")
	if err := os.WriteFile(text, []byte("1"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ program, want string }{
		{os.Args[0], ""},
		{"{python}", ""},
		{"no-such-program", `cannot start "no-such-program": there is no such program`},
		{"./no/such", "there is no such program"},
		{text, "it may not be executed"},
	} {
		err := objective.CheckProgram([]string{c.program, "{x}"})
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.program, err, c.want)
		}
	}
}
