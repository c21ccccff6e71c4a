package cli_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

// fakeTrainer speaks the protocol of hpsearch-trainer. What a trial gives is
// a function of its parameters alone; FAKE_TRAINER changes how it behaves:
//
//	hang     after the first report of an attempt 1, say so through the named
//	         pipe FAKE_STARTED and wait for a stop
//	crash    end without a word
//	diverge  fail every trial
//	memory   trial 0 runs out of memory beside another trainer, see share
//	full     the same, and alone too
//	apart    trial 0 runs out of memory once while trial 1 runs elsewhere
//	broken   fail as the dynamic loader does
func fakeTrainer(args []string) int {
	mode := os.Getenv("FAKE_TRAINER")
	if mode == "broken" {
		fmt.Fprintln(os.Stderr, "hpsearch-trainer: error while loading shared libraries: libtorch_cpu.so: cannot open shared object file")
		return 127
	}
	if len(args) == 1 && args[0] == "doctor" {
		fmt.Println(`{"libtorch":{"path":"/opt/libtorch","source":"LIBTORCH","version":"1.13.1","cuda":false,"cuda_devices":[],"blas":"openblas","threads":2,"quantized_engines":["fbgemm"]},"findings":[]}`)
		return 0
	}
	t := &fake{mode: mode, in: protocol.NewReader(os.Stdin), out: protocol.NewWriter(os.Stdout)}
	err := t.serve()
	if t.shown != "" {
		err = errors.Join(err, os.Remove(t.shown))
	}
	if err != nil && !errors.Is(err, io.EOF) {
		fmt.Fprintln(os.Stderr, "fake-trainer:", err)
		return 1
	}
	return 0
}

type fake struct {
	mode  string
	in    *protocol.Reader
	out   *protocol.Writer
	shown string // a file that is there while the trainer is up; empty for none
}

func (t *fake) serve() error {
	if err := t.out.Write(protocol.Hello{Protocol: protocol.Version, Name: "fake-trainer"}); err != nil {
		return err
	}
	for {
		m, err := t.in.Read()
		if err != nil {
			return err
		}
		switch m := m.(type) {
		case protocol.Trial:
			err = t.trial(m)
		case protocol.Job:
			err = t.job(m)
		}
		if err != nil {
			return err
		}
	}
}

// loss is the fake's objective: best at a learning rate of 1e-4.
func loss(config map[string]any) float64 {
	rate, _ := config["learning_rate"].(float64)
	penalty := 0.0
	if config["freeze"] == "embeddings" {
		penalty = 0.25
	}
	v := math.Pow(math.Log10(rate)+4, 2) + penalty
	return math.Round(v*1e6) / 1e6 // round numbers for the scripts
}

func (t *fake) trial(m protocol.Trial) error {
	var config map[string]any
	if err := json.Unmarshal(m.Config, &config); err != nil {
		return err
	}
	fmt.Fprintf(os.Stderr, "learning rate %v\n", config["learning_rate"])
	switch t.mode {
	case "crash":
		os.Exit(9)
	case "diverge":
		return t.out.Write(protocol.Failed{Number: m.Number, Reason: protocol.Diverged, Message: "loss is NaN at step 1"})
	}
	share := map[string]func(protocol.Trial) (bool, error){"memory": t.share, "full": t.share, "apart": t.shareApart}[t.mode]
	if share != nil {
		enough, err := share(m)
		if err != nil {
			return err
		}
		if !enough {
			return t.out.Write(protocol.Failed{Number: m.Number, Reason: protocol.OutOfMemory, Message: "8 GiB wanted"})
		}
	}
	value := loss(config)
	checkpoint := filepath.Join(m.CheckpointDir, "position")
	_, err := os.Stat(checkpoint)
	resumed := err == nil
	for step := 1; step <= 2; step++ {
		report := protocol.Report{Number: m.Number, Step: step, Metrics: protocol.Metrics{
			"val_loss": value + 1 - float64(step)/2, "val_accuracy": 0.5,
		}}
		if err := t.out.Write(report); err != nil {
			return err
		}
		if t.mode == "hang" && !resumed {
			return t.hang(m)
		}
	}
	return t.out.Write(protocol.Result{
		Number: m.Number, Value: protocol.Value(value), Metrics: protocol.Metrics{"val_loss": value, "val_accuracy": 0.5},
	})
}

// share reports whether there is memory for a trial. Each trainer that has run
// one shows it, while it is up, by a file in the folder FAKE_MEMORY. In attempt
// 1 trials 0 and 1 wait for each other at the named pipe FAKE_STARTED, and trial
// 0 writes a checkpoint, which attempt 2 must find.
func (t *fake) share(m protocol.Trial) (bool, error) {
	folder, pipe := os.Getenv("FAKE_MEMORY"), os.Getenv("FAKE_STARTED")
	t.shown = filepath.Join(folder, fmt.Sprint(os.Getpid()))
	if err := os.WriteFile(t.shown, nil, 0o666); err != nil {
		return false, err
	}
	var err error
	switch {
	case m.Number == 1 && m.Attempt == 1:
		err = os.WriteFile(pipe, []byte("here"), 0)
	case m.Number == 0 && m.Attempt == 1:
		_, err = os.ReadFile(pipe)
	}
	if err != nil || m.Number != 0 {
		return true, err
	}
	if err := keepPosition(m); err != nil {
		return false, err
	}
	up, err := os.ReadDir(folder)
	return len(up) == 1 && t.mode == "memory", err
}

// keepPosition writes a checkpoint in attempt 1 and looks for it later.
func keepPosition(m protocol.Trial) error {
	checkpoint := filepath.Join(m.CheckpointDir, "position")
	if m.Attempt > 1 {
		_, err := os.Stat(checkpoint)
		return err
	}
	if err := os.MkdirAll(m.CheckpointDir, 0o777); err != nil {
		return err
	}
	return os.WriteFile(checkpoint, []byte("1"), 0o666)
}

// shareApart reports whether there is memory for a trial. Trial 1 tells trial 0
// by the named pipe FAKE_STARTED that it runs, and is told by FAKE_DONE that
// trial 0 runs again.
func (t *fake) shareApart(m protocol.Trial) (bool, error) {
	started, done := os.Getenv("FAKE_STARTED"), os.Getenv("FAKE_DONE")
	switch {
	case m.Number == 1:
		if err := os.WriteFile(started, []byte("here"), 0); err != nil {
			return false, err
		}
		_, err := os.ReadFile(done)
		return true, err
	case m.Number == 0 && m.Attempt == 1:
		_, err := os.ReadFile(started)
		return false, err
	case m.Number == 0:
		return true, os.WriteFile(done, []byte("again"), 0)
	}
	return true, nil
}

// hang tells the script that the trial runs, waits for a stop and writes a
// checkpoint.
func (t *fake) hang(m protocol.Trial) error {
	if err := os.WriteFile(os.Getenv("FAKE_STARTED"), []byte("started"), 0); err != nil {
		return err
	}
	stop, err := t.in.Read()
	if err != nil {
		return err
	}
	if _, ok := stop.(protocol.Stop); !ok {
		return fmt.Errorf("got %s, want stop", stop.Type())
	}
	if err := keepPosition(m); err != nil {
		return err
	}
	return t.out.Write(protocol.Failed{Number: m.Number, Reason: protocol.Stopped})
}

func (t *fake) job(m protocol.Job) error {
	var config map[string]any
	if err := json.Unmarshal(m.Config, &config); err != nil {
		return err
	}
	if t.mode == "crash" {
		os.Exit(9)
	}
	var output any
	switch m.Kind {
	case protocol.JobExport:
		to, _ := config["to"].(string)
		if err := os.MkdirAll(to, 0o777); err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(to, "job.json"), m.Config, 0o666); err != nil {
			return err
		}
		output = exportReport(config)
	case protocol.JobAdapt:
		output = map[string]any{"classes": []string{"a", "b"}, "accuracy": 1.0}
	case protocol.JobPredict:
		output = predictions(config)
	default:
		return t.out.Write(protocol.Failed{Number: protocol.JobNumber, Reason: protocol.BadConfig, Message: "unknown job"})
	}
	if err := t.out.Write(protocol.Progress{Number: protocol.JobNumber, Step: 1, Total: 2, Phase: "retrain"}); err != nil {
		return err
	}
	raw, err := json.Marshal(output)
	if err != nil {
		return err
	}
	return t.out.Write(protocol.Result{Number: protocol.JobNumber, Output: raw})
}

func exportReport(config map[string]any) any {
	test := map[string]any{
		"before_meta_training": map[string]any{"loss": 1.5, "accuracy": 0.2, "n": 100, "ci95": 0.01},
		"fp32":                 map[string]any{"loss": 0.5, "accuracy": 0.8, "n": 100, "ci95": 0.02},
	}
	if config["prune"] != nil || config["quantize"] != nil {
		test["compressed"] = map[string]any{"loss": 0.6, "accuracy": 0.79, "n": 100, "ci95": 0.02}
	}
	return map[string]any{"study": config["study"], "trial": config["trial"], "test": test,
		"size_bytes": map[string]any{"fp32": 90e6, "compressed": 45e6}}
}

func predictions(config map[string]any) any {
	var all []map[string]any
	texts, _ := config["texts"].([]any)
	model, _ := config["model"].(string)
	for _, text := range texts {
		if filepath.Base(model) == "writer" {
			all = append(all, map[string]any{"continuation": fmt.Sprint(text, ", and on")})
			continue
		}
		label := "short"
		if s, _ := text.(string); len(strings.Fields(s)) > 2 {
			label = "long"
		}
		all = append(all, map[string]any{"label": label, "probability": 0.75})
	}
	return map[string]any{"predictions": all}
}
