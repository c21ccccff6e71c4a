package objective_test

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/objective/protocol"
)

// fakeTrainer, set to a way to start, makes the test binary a trainer.
const fakeTrainer = "HPSEARCH_FAKE_TRAINER"

func TestMain(m *testing.M) {
	if start := os.Getenv(fakeTrainer); start != "" {
		os.Exit(trainer{in: protocol.NewReader(os.Stdin), out: protocol.NewWriter(os.Stdout)}.main(start))
	}
	if mode := os.Getenv(fakePlain); mode != "" {
		os.Exit(plainProgram(mode))
	}
	os.Exit(m.Run())
}

// fake returns the configuration of a trainer that starts in a way: "ok",
// or one of those that trainer.main knows.
func fake(t *testing.T, start string) objective.ProcessConfig {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return objective.ProcessConfig{Command: []string{program}, Env: []string{fakeTrainer + "=" + start}}
}

// noisyLines is how many lines of a kilobyte the fake writes in mode "noisy".
const noisyLines = 100

// trainer is the fake; what it does in a trial is the trial's setting "mode".
type trainer struct {
	in  *protocol.Reader
	out *protocol.Writer
}

func (f trainer) main(start string) int {
	hello := protocol.Hello{Protocol: protocol.Version, Name: "fake", Capabilities: []string{start}}
	switch start {
	case "version":
		hello.Protocol = 99
	case "library":
		fmt.Fprintln(os.Stderr, "trainer: error while loading shared libraries: libtorch.so: cannot open shared object file")
		return 127
	case "chatty":
		fmt.Println("Welcome to PyTorch")
	case "mute":
		_, _ = io.Copy(io.Discard, os.Stdin)
		return 0
	case "killed":
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	case "early":
		f.say(protocol.Result{})
	}
	f.say(hello)
	for {
		m, err := f.in.Read()
		if err != nil {
			return 0
		}
		switch m := m.(type) {
		case protocol.Trial:
			if code := f.trial(m); code >= 0 {
				return code
			}
		case protocol.Job:
			f.job(m)
		}
	}
}

func (f trainer) say(m protocol.Message) {
	if err := f.out.Write(m); err != nil {
		panic(err)
	}
}

// trial returns the exit code when the trainer is to leave, else -1.
func (f trainer) trial(m protocol.Trial) int {
	var config struct {
		Mode  string
		Value float64
		Fifo  string
	}
	if err := json.Unmarshal(m.Config, &config); err != nil {
		panic(err)
	}
	fmt.Fprintf(os.Stderr, "working on trial %d\n", m.Number)
	report := func(step int, value float64) {
		f.say(protocol.Report{Number: m.Number, Step: step, Metrics: protocol.Metrics{"val_loss": value, "step": float64(step)}})
	}
	result := protocol.Result{Number: m.Number, Value: protocol.Value(config.Value), Metrics: protocol.Metrics{"seed": float64(m.Seed)}}
	switch config.Mode {
	case "ok":
		f.say(protocol.Progress{Number: m.Number, Step: 1, Total: 2, Phase: "train"})
		report(1, 2*config.Value)
		f.say(protocol.Checkpoint{Number: m.Number, Step: 1, Path: filepath.Join(m.CheckpointDir, "step-1")})
		report(2, config.Value)
		if m.CheckpointDir != "" {
			result.Artifacts = map[string]string{"model": filepath.Join(filepath.Dir(m.CheckpointDir), "model")}
		}
		f.say(result)
	case "noisy": // more than a pipe holds, up to the very result
		for line := range noisyLines {
			fmt.Fprintf(os.Stderr, "trial %d line %d %1000s\n", m.Number, line, "")
		}
		f.say(result)
	case "nan": // as Python's json module writes it
		fmt.Printf(`{"type":"report","number":%d,"step":1,"metrics":{"val_loss":NaN}}`+"\n", m.Number)
		fmt.Printf(`{"type":"result","number":%d,"value":NaN}`+"\n", m.Number)
	case "slow": // until it is stopped
		report(1, 1)
		f.awaitStop()
		f.say(protocol.Checkpoint{Number: m.Number, Step: 1, Path: filepath.Join(m.CheckpointDir, "step-1")})
		f.say(protocol.Failed{Number: m.Number, Reason: protocol.Stopped})
	case "slow-result": // it was about to end when it was stopped
		report(1, 1)
		f.awaitStop()
		f.say(result)
	case "slow-exit":
		report(1, 1)
		f.awaitStop()
		return 0
	case "hang": // whatever it is told, and with a child that holds its output
		sleeper := exec.Command("sleep", "600")
		sleeper.Stdout, sleeper.Stderr = os.Stdout, os.Stderr
		fifo, err := os.OpenFile(config.Fifo, os.O_RDWR, 0)
		if err != nil {
			panic(err)
		}
		sleeper.ExtraFiles = []*os.File{fifo}
		if err := sleeper.Start(); err != nil {
			panic(err)
		}
		report(1, 1)
		select {}
	case "exit":
		fmt.Fprintln(os.Stderr, "about to leave")
		return 3
	case "kill":
		report(1, 1)
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	case "crash-once":
		marker := filepath.Join(filepath.Dir(m.CheckpointDir), "marker")
		if _, err := os.Stat(marker); err != nil {
			if err := os.WriteFile(marker, nil, 0o600); err != nil {
				panic(err)
			}
			return 1
		}
		f.say(result)
	case "garbage":
		fmt.Println("Epoch 1: loss 0.3")
	case "number":
		f.say(protocol.Report{Number: m.Number + 1, Metrics: protocol.Metrics{"val_loss": 1}})
	case "hello":
		f.say(protocol.Hello{Protocol: 1})
	case "valueless":
		f.say(protocol.Result{Number: m.Number})
	case "escape":
		result.Artifacts = map[string]string{"model": "../../../etc/passwd"}
		f.say(result)
	default: // a reason to fail
		f.say(protocol.Failed{Number: m.Number, Reason: protocol.FailReason(config.Mode), Message: "as told"})
	}
	return -1
}

func (f trainer) awaitStop() {
	for {
		m, err := f.in.Read()
		if err != nil {
			os.Exit(0)
		}
		if _, ok := m.(protocol.Stop); ok {
			return
		}
	}
}

// job answers "check" with the environment that it is asked for; others fail.
func (f trainer) job(m protocol.Job) {
	if m.Kind != protocol.JobCheck {
		f.say(protocol.Failed{Number: protocol.JobNumber, Reason: protocol.BadConfig, Message: "no such job"})
		return
	}
	var names []string
	var config struct{ Env []string }
	if err := json.Unmarshal(m.Config, &config); err != nil {
		panic(err)
	}
	for _, name := range config.Env {
		names = append(names, name+"="+os.Getenv(name))
	}
	output, err := json.Marshal(names)
	if err != nil {
		panic(err)
	}
	f.say(protocol.Progress{Number: protocol.JobNumber, Step: 1, Phase: "looking"})
	f.say(protocol.Result{Number: protocol.JobNumber, Output: output})
}
