package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// The tests run this test program as the trainer: with asTrainer set it does
// what hpsearch-trainer does.
const (
	asTrainer = "HPSEARCH_TEST_TRAINER"
	// memoryLimit is the number of MB that the process may take beyond what
	// it has when it starts.
	memoryLimit = "HPSEARCH_TEST_MEMORY"
	// fileLimit is the number of KB that a file may have: writing on fails,
	// as on a full disk.
	fileLimit = "HPSEARCH_TEST_FILE"
)

func TestMain(m *testing.M) {
	if os.Getenv(asTrainer) == "" {
		os.Exit(m.Run())
	}
	if mb := os.Getenv(memoryLimit); mb != "" {
		if err := limitMemory(mb); err != nil {
			panic(err)
		}
	}
	if kb := os.Getenv(fileLimit); kb != "" {
		if err := limitFiles(kb); err != nil {
			panic(err)
		}
	}
	main()
}

func limitFiles(kb string) error {
	size, err := strconv.ParseUint(kb, 10, 32)
	if err != nil {
		return err
	}
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size << 10, Max: size << 10})
}

func limitMemory(mb string) error {
	more, err := strconv.ParseUint(mb, 10, 32)
	if err != nil {
		return err
	}
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return err
	}
	pages, err := strconv.ParseUint(strings.Fields(string(data))[0], 10, 64)
	if err != nil {
		return err
	}
	limit := pages*uint64(os.Getpagesize()) + more<<20
	return syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit})
}

// patience is how long a test waits for something that should come at once.
const patience = time.Minute

// A child is a trainer in a process of its own.
type child struct {
	t      *testing.T
	cmd    *exec.Cmd
	to     *protocol.Writer
	in     io.WriteCloser
	out    io.ReadCloser
	from   *protocol.Reader
	stderr bytes.Buffer
}

func start(t *testing.T, env ...string) *child {
	t.Helper()
	c := &child{t: t, cmd: exec.Command(os.Args[0], "serve")}
	c.cmd.Env = append(append(os.Environ(), asTrainer+"=1", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1"), env...)
	c.cmd.Stderr = &c.stderr
	var err error
	if c.in, err = c.cmd.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if c.out, err = c.cmd.StdoutPipe(); err != nil {
		t.Fatal(err)
	}
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	timer := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	t.Cleanup(func() {
		timer.Stop()
		_ = c.cmd.Process.Kill()
		_ = c.cmd.Wait()
	})
	c.to, c.from = protocol.NewWriter(c.in), protocol.NewReader(c.out)
	if _, ok := c.read().(protocol.Hello); !ok {
		t.Fatal("the first message is no hello")
	}
	return c
}

func (c *child) send(m protocol.Message) {
	c.t.Helper()
	if err := c.to.Write(m); err != nil {
		c.t.Fatal(err)
	}
}

func (c *child) read() protocol.Message {
	c.t.Helper()
	m, err := c.from.Read()
	if err != nil {
		c.t.Fatalf("%v; stderr:\n%s", err, c.stderr.String())
	}
	return m
}

// end reads up to the Result or Failed; reports are collected.
func (c *child) end() (m protocol.Message, reports []protocol.Metrics) {
	c.t.Helper()
	for {
		switch m := c.read().(type) {
		case protocol.Report:
			reports = append(reports, m.Metrics)
		case protocol.Result, protocol.Failed:
			return m, reports
		}
	}
}

func trial(t *testing.T, model, tasks, dir string, changes map[string]any) protocol.Trial {
	t.Helper()
	values := map[string]any{
		"model": model, "tasks": map[string]any{"kind": "jsonl", "path": tasks},
		"algorithm": "protonet", "ways": 3, "shots": 2, "query_shots": 4, "max_length": 16,
		"iterations": 10, "eval_every": 5, "eval_episodes": 6, "device": "cpu", "learning_rate": 1e-3,
	}
	maps.Copy(values, changes)
	config, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	return protocol.Trial{Number: 1, Attempt: 1, Seed: 5, Config: config, CheckpointDir: dir}
}

// TestTwoProcesses: the same trial in two processes gives the same bits.
func TestTwoProcesses(t *testing.T) {
	t.Parallel()
	model, tasks := tinymodel.Folder(t), tinymodel.JSONL(t, tinymodel.Rows(24, 12, 0))
	for _, algorithm := range []string{"protonet", "joint"} {
		var values []float64
		var reports [][]protocol.Metrics
		for range 2 {
			c := start(t)
			c.send(trial(t, model, tasks, "", map[string]any{"algorithm": algorithm}))
			m, r := c.end()
			result, ok := m.(protocol.Result)
			if !ok {
				t.Fatalf("ended with %+v", m)
			}
			values, reports = append(values, float64(*result.Value)), append(reports, r)
			c.in.Close()
			if err := c.cmd.Wait(); err != nil {
				t.Errorf("exit: %v", err)
			}
		}
		if values[0] != values[1] {
			t.Errorf("%s: values %v", algorithm, values)
		}
		for i := range reports[0] {
			if !maps.Equal(reports[0][i], reports[1][i]) {
				t.Errorf("%s: report %d is %v and %v", algorithm, i, reports[0][i], reports[1][i])
			}
		}
	}
}

// TestOutOfMemory limits the address space and asks for more: the trial
// fails with the right reason, the process lives on.
func TestOutOfMemory(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/statm"); err != nil {
		t.Skip("no /proc/self/statm here")
	}
	rows := tinymodel.Rows(24, 30, 0)
	for i := range rows { // long texts: attention takes length squared
		rows[i].Text = strings.Repeat(rows[i].Text+" ", 56)
	}
	model, tasks := tinymodel.Folder(t), tinymodel.JSONL(t, rows)
	c := start(t, memoryLimit+"=600")
	// An episode has 3 x 25 texts of 512 tokens: with 2 heads, the attention
	// scores of one layer are 157 MB, and several such tensors live at once
	// where they are differentiated twice.
	c.send(trial(t, model, tasks, "", map[string]any{"algorithm": "maml", "max_length": 512, "shots": 5, "query_shots": 20, "iterations": 2, "eval_every": 1, "eval_episodes": 1}))
	m, _ := c.end()
	failed, ok := m.(protocol.Failed)
	if !ok || failed.Reason != protocol.OutOfMemory || strings.Contains(failed.Message, "\n") {
		t.Fatalf("ended with %+v; want out-of-memory", m)
	}
	c.send(trial(t, model, tasks, "", map[string]any{"shots": 1, "query_shots": 1, "max_length": 8}))
	if m, _ := c.end(); m.Type() != (protocol.Result{}).Type() {
		t.Errorf("a smaller trial afterwards ended with %+v", m)
	}
}

// TestFullDisk: checkpoints and exports that cannot be written are errors
// that name the file, and no part of one is left.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	model, tasks := tinymodel.Folder(t), tinymodel.JSONL(t, tinymodel.Rows(24, 12, 0))
	c := start(t, fileLimit+"=8")
	dir := t.TempDir()
	c.send(trial(t, model, tasks, dir, nil))
	m, _ := c.end()
	if failed, ok := m.(protocol.Failed); !ok || !strings.Contains(failed.Message, filepath.Join(dir, meta.CheckpointFile)) || strings.Contains(failed.Message, "\n") {
		t.Errorf("trial ended with %+v, want one line that names %s", m, meta.CheckpointFile)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("%v is left in the checkpoint folder (%v)", entries, err)
	}
	parent := t.TempDir()
	config, err := json.Marshal(map[string]any{
		"study": "s", "settings": trial(t, model, tasks, "", nil).Config, "seed": 5, "value": 1, "to": filepath.Join(parent, "a", "b"),
	})
	if err != nil {
		t.Fatal(err)
	}
	c.send(protocol.Job{Kind: protocol.JobExport, Config: config})
	m, _ = c.end()
	if failed, ok := m.(protocol.Failed); !ok || !strings.Contains(failed.Message, "model.safetensors") || strings.Contains(failed.Message, "\n") {
		t.Errorf("export ended with %+v, want one line that names model.safetensors", m)
	}
	if entries, err := os.ReadDir(parent); err != nil || len(entries) > 0 {
		t.Errorf("%v is left beside the export (%v)", entries, err)
	}
}

// TestWorkerDies: the trainer of a worker that was killed writes a checkpoint
// and leaves, although nobody reads what it says.
func TestWorkerDies(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := start(t)
	c.send(trial(t, tinymodel.Folder(t), tinymodel.JSONL(t, tinymodel.Rows(24, 12, 0)), dir,
		map[string]any{"iterations": 1000000, "eval_every": 100000}))
	if _, ok := c.read().(protocol.Progress); !ok {
		t.Fatal("no progress")
	}
	c.out.Close()
	c.in.Close()
	err := c.cmd.Wait()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != exitFailed || !strings.Contains(c.stderr.String(), "send a result") {
		t.Errorf("exit: %v, stderr %q", err, c.stderr.String())
	}
	if _, err := os.Stat(filepath.Join(dir, meta.CheckpointFile)); err != nil {
		t.Error(err)
	}
}

// TestInterrupt: Ctrl-C reaches the whole group of processes; the trainer
// leaves it to the worker.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	c := start(t)
	if err := c.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	c.send(trial(t, tinymodel.Folder(t), tinymodel.JSONL(t, tinymodel.Rows(24, 12, 0)), "", nil))
	if m, _ := c.end(); m.Type() != (protocol.Result{}).Type() {
		t.Errorf("ended with %+v", m)
	}
}

func TestCommands(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		args        string
		code        int
		out, errOut string
	}{
		{"", exitUsage, "", "Usage:"},
		{"dance", exitUsage, "", "Usage:"},
		{"serve now", exitUsage, "", "Usage:"},
		{"help", exitOK, "Usage:", ""},
		{"version", exitOK, "dev\n", ""},
		{"doctor", exitOK, `"libtorch": {`, ""},
		{"serve", exitFailed, `"type":"hello"`, "hpsearch-trainer: read a request: protocol line 1"},
	} {
		var out, errOut bytes.Buffer
		code := run(strings.Fields(c.args), strings.NewReader("garbage\n"), &out, &errOut)
		if code != c.code || !strings.Contains(out.String(), c.out) || !strings.Contains(errOut.String(), c.errOut) {
			t.Errorf("%q: exit %d, out %q, stderr %q", c.args, code, out.String(), errOut.String())
		}
	}
}
