package trainer

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The tests of this package are not parallel: libtorch's threads and
// generator belong to the process.

func TestTrialThenTrial(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	run := func(trial protocol.Trial) (protocol.Result, []protocol.Report) {
		s.send(trial)
		return until[protocol.Result](s)
	}
	dir := t.TempDir()
	first, reports := run(p.trial(t, 3, dir, nil))
	if len(reports) != 4 || reports[3].Step != 20 {
		t.Errorf("reports %+v, want one every 5 of 20 steps", reports)
	}
	best := reports[0].Metrics
	for _, r := range reports {
		if r.Number != 3 {
			t.Errorf("report of trial %d", r.Number)
		}
		if r.Metrics["val_loss"] < best["val_loss"] {
			best = r.Metrics
		}
	}
	if first.Number != 3 || float64(*first.Value) != best["val_loss"] || first.Metrics["val_accuracy"] != best["val_accuracy"] {
		t.Errorf("result %+v, best report %v", first, best)
	}
	if path := first.Artifacts["best"]; path != filepath.Join(dir, meta.BestFile) {
		t.Errorf("artifacts %v", first.Artifacts)
	}
	if entries, _ := os.ReadDir(dir); len(entries) != 1 || entries[0].Name() != meta.BestFile {
		t.Errorf("%v is left, want the best weights only", entries)
	}

	again, reportsAgain := run(p.trial(t, 4, "", nil))
	if *again.Value != *first.Value || len(reportsAgain) != len(reports) {
		t.Errorf("the same trial again gave %v, before %v", *again.Value, *first.Value)
	}
	for i := range reports {
		if !maps.Equal(reports[i].Metrics, reportsAgain[i].Metrics) {
			t.Errorf("report %d: %v, before %v", i, reportsAgain[i].Metrics, reports[i].Metrics)
		}
	}
	other := p.trial(t, 5, "", nil)
	other.Seed = 12
	if r, _ := run(other); *r.Value == *first.Value {
		t.Error("another seed gave the same value")
	}
	// The settings' own seed wins.
	if r, _ := run(p.trial(t, 6, "", map[string]any{"seed": 12, "metric": "val_loss"})); *r.Value == *first.Value {
		t.Error("the seed of the settings was ignored")
	}
	s.in.Close()
	if err := s.leave(); err != nil {
		t.Errorf("Serve returned %v", err)
	}
}

func TestMetricOfTheStudy(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	trial := p.trial(t, 1, "", nil)
	trial.Metric, trial.Direction = "val_accuracy", "maximize"
	s.send(trial)
	result, reports := until[protocol.Result](s)
	best := 0.0
	for _, r := range reports {
		best = max(best, r.Metrics["val_accuracy"])
	}
	if float64(*result.Value) != best {
		t.Errorf("value %v, best accuracy %g", *result.Value, best)
	}
}

// TestStop: a stop while nothing runs is ignored; one during a trial ends it
// with a checkpoint, from which the same trial goes on to the same result.
func TestStop(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	s.send(protocol.Stop{Reason: protocol.StopPruned})
	s.send(p.trial(t, 1, "", nil))
	want, wantReports := until[protocol.Result](s)
	s.send(protocol.Stop{Reason: protocol.StopCancelled})

	dir := filepath.Join(t.TempDir(), "new", "checkpoint")
	s.send(p.trial(t, 2, dir, nil))
	_, reports := until[protocol.Report](s)
	s.send(protocol.Stop{Reason: protocol.StopPreempted})
	s.send(protocol.Stop{Reason: protocol.StopPreempted}) // twice does no harm
	failed, more := until[protocol.Failed](s)
	if failed.Number != 2 || failed.Reason != protocol.Stopped {
		t.Fatalf("got %+v, want stopped", failed)
	}
	if _, err := os.Stat(filepath.Join(dir, meta.CheckpointFile)); err != nil {
		t.Error(err)
	}
	s.send(p.trial(t, 2, dir, nil))
	got, rest := until[protocol.Result](s)
	if *got.Value != *want.Value {
		t.Errorf("resumed: value %v, uninterrupted %v", *got.Value, *want.Value)
	}
	reports = append(reports, more...)
	for i, r := range rest { // what was reported before the stop comes again
		if i < len(reports) && r.Step == reports[i].Step {
			if !maps.Equal(r.Metrics, reports[i].Metrics) {
				t.Errorf("step %d: reported %v, and again as %v", r.Step, reports[i].Metrics, r.Metrics)
			}
			continue
		}
		reports = append(reports, r)
	}
	if len(reports) != len(wantReports) {
		t.Fatalf("%d reports in all, want %d", len(reports), len(wantReports))
	}
	for i := range reports {
		if !maps.Equal(reports[i].Metrics, wantReports[i].Metrics) {
			t.Errorf("report %d: %v, uninterrupted %v", i, reports[i].Metrics, wantReports[i].Metrics)
		}
	}
}

func TestEndOfInputInMidTrial(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	dir := t.TempDir()
	s.send(p.trial(t, 1, dir, map[string]any{"iterations": 1000000, "eval_every": 5}))
	until[protocol.Report](s)
	s.in.Close()
	if failed, _ := until[protocol.Failed](s); failed.Reason != protocol.Stopped {
		t.Errorf("got %+v, want stopped", failed)
	}
	if err := s.leave(); err != nil {
		t.Errorf("Serve returned %v", err)
	}
	if _, err := os.Stat(filepath.Join(dir, meta.CheckpointFile)); err != nil {
		t.Error(err)
	}
}

func TestGarbage(t *testing.T) {
	p := newPlace(t)
	for name, during := range map[string]bool{"idle": false, "in mid-trial": true} {
		t.Run(name, func(t *testing.T) {
			s := open(t)
			line := "protocol line 1: "
			if during {
				s.send(p.trial(t, 1, "", map[string]any{"iterations": 1000000, "eval_every": 5}))
				until[protocol.Report](s)
				line = "protocol line 2: "
			}
			if _, err := io.WriteString(s.in, "{\"type\":\"tri\n"); err != nil {
				t.Fatal(err)
			}
			if during {
				if failed, _ := until[protocol.Failed](s); failed.Reason != protocol.Stopped {
					t.Errorf("got %+v, want stopped", failed)
				}
			}
			err := s.leave()
			var bad *protocol.LineError
			if !errors.As(err, &bad) || !strings.Contains(err.Error(), line) {
				t.Errorf("Serve returned %v, want an error of %s", err, line)
			}
		})
	}
}

// brokenWriter fails after some messages.
type brokenWriter struct{ left int }

func (w *brokenWriter) Write(p []byte) (int, error) {
	if w.left--; w.left < 0 {
		return 0, io.ErrClosedPipe
	}
	return len(p), nil
}

func TestWorkerThatIsGone(t *testing.T) {
	if err := Serve(strings.NewReader(""), &brokenWriter{}, ""); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("hello: %v", err)
	}
	line, err := protocol.Encode(protocol.Job{Kind: protocol.JobCheck, Config: []byte("{}")})
	if err != nil {
		t.Fatal(err)
	}
	if err := Serve(strings.NewReader(string(line)), &brokenWriter{left: 1}, ""); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("result: %v", err)
	}
}

// TestPanic: a mistake in a trial or job ends that one alone.
func TestPanic(t *testing.T) {
	before := tensor.Live()
	s := &server{out: protocol.NewWriter(io.Discard)} // without a workshop
	for _, m := range []protocol.Message{
		protocol.Trial{Number: 7, Attempt: 1, Config: object(t, newPlace(t).settings(nil))},
		protocol.Job{Kind: protocol.JobExport, Config: object(t, map[string]any{"settings": newPlace(t).settings(nil)})},
	} {
		failed, ok := s.answer(request{message: m}).(protocol.Failed)
		if !ok || failed.Reason != protocol.OtherError || !strings.Contains(failed.Message, "mistake") || strings.Contains(failed.Message, "\n") {
			t.Errorf("answer %+v", failed)
		}
		if _, isTrial := m.(protocol.Trial); isTrial && failed.Number != 7 {
			t.Errorf("number %d, want 7", failed.Number)
		}
	}
	if got := tensor.Live(); got != before {
		t.Errorf("%d tensors are left over", got-before)
	}
}

func TestFailures(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	broken := t.TempDir()
	if err := os.CopyFS(broken, os.DirFS(p.model)); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(filepath.Join(broken, "model.safetensors"), 1000); err != nil {
		t.Fatal(err)
	}
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, meta.CheckpointFile), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	tasks := func(path string) map[string]any { return map[string]any{"kind": "jsonl", "path": path} }
	for name, c := range map[string]struct {
		changes map[string]any
		dir     string
		reason  protocol.FailReason
		want    string
	}{
		"diverged": {map[string]any{"learning_rate": 10, "gradient_clip": 0, "warmup_ratio": 0, "iterations": 60}, "",
			protocol.Diverged, "lower learning_rate"},
		"unknown setting":    {map[string]any{"learningrate": 1}, "", protocol.BadConfig, "did you mean learning_rate?"},
		"two problems":       {map[string]any{"learning_rate": -1, "shots": 0}, "", protocol.BadConfig, "; "},
		"too many layers":    {map[string]any{"freeze": "bottom-9"}, "", protocol.BadConfig, "the model has 2 layers"},
		"too long":           {map[string]any{"max_length": 600}, "", protocol.BadConfig, "512 positions"},
		"too many ways":      {map[string]any{"ways": 20}, "", protocol.BadConfig, "lower"},
		"no such tasks":      {map[string]any{"tasks": tasks("/nowhere.jsonl")}, "", "", "/nowhere.jsonl"},
		"no such model":      {map[string]any{"model": "/nowhere"}, "", "", "/nowhere"},
		"model cut short":    {map[string]any{"model": broken}, "", protocol.Unavailable, filepath.Join(broken, "model.safetensors")},
		"damaged checkpoint": {nil, damaged, "", filepath.Join(damaged, meta.CheckpointFile)},
		"folder is a file":   {nil, filepath.Join(damaged, meta.CheckpointFile), "", meta.CheckpointFile},
		// The data have changed under the study: no trial of it can be run.
		"split of other data": {map[string]any{"split": map[string]any{"train": []string{"x"}, "validation": []string{"y"}, "test": []string{"z"}}}, "",
			protocol.Unavailable, `it names the class "x", which ` + p.tasks + " does not have"},
	} {
		t.Run(name, func(t *testing.T) {
			s.t = t
			s.send(p.trial(t, 8, c.dir, c.changes))
			failed, _ := until[protocol.Failed](s)
			if failed.Number != 8 || c.reason != "" && failed.Reason != c.reason || !strings.Contains(failed.Message, c.want) || strings.Contains(failed.Message, "\n") {
				t.Errorf("got %+v, want %s and one line with %q", failed, c.reason, c.want)
			}
			t.Log(failed.Reason, failed.Message)
		})
	}
	s.t = t
	s.send(p.trial(t, 9, "", nil)) // the trainer is as good as new
	until[protocol.Result](s)
	if got := s.refused(protocol.JobCheck, map[string]any{}); got.Reason != protocol.BadConfig || got.Number != protocol.JobNumber {
		t.Errorf("unknown job: %+v", got)
	}
}

// TestBrokenDevice: a trainer whose GPU does not answer after a trial that
// failed says so and leaves, for the next trial would fail in it, too. One that
// was stopped, or whose device is full or well, stays.
func TestBrokenDevice(t *testing.T) {
	p := newPlace(t)
	damaged := t.TempDir()
	if err := os.WriteFile(filepath.Join(damaged, meta.CheckpointFile), []byte("damaged"), 0o644); err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		answer error
		leaves bool
	}{
		"well":   {nil, false},
		"full":   {fmt.Errorf("zeros: %w", tensor.ErrOutOfMemory), false},
		"broken": {errors.New("CUDA error: device-side assert triggered"), true},
	} {
		t.Run(name, func(t *testing.T) {
			w := NewWorkshop()
			var asked []tensor.Device
			w.answers = func(device tensor.Device) error {
				asked = append(asked, device)
				return c.answer
			}
			s := openIn(t, w)
			s.send(p.trial(t, 1, "", nil))
			until[protocol.Result](s)
			s.send(p.trial(t, 2, damaged, nil))
			if failed, _ := until[protocol.Failed](s); failed.Number != 2 || failed.Reason != protocol.OtherError {
				t.Errorf("got %+v", failed)
			}
			if c.leaves {
				if err := s.leave(); err != nil {
					t.Errorf("Serve returned %v", err)
				}
			} else {
				s.send(p.trial(t, 3, "", nil))
				until[protocol.Result](s)
			}
			if len(asked) != 1 || asked[0] != tensor.CPU {
				t.Errorf("asked %v, want the device of the trial that failed", asked)
			}
		})
	}
}

// TestThreadsOfTheSettings: a trial that fixes the number of threads does not
// decide for the next one.
func TestThreadsOfTheSettings(t *testing.T) {
	p := newPlace(t)
	s := open(t)
	threads := func(changes map[string]any) float64 {
		settings := p.settings(changes)
		if changes == nil {
			delete(settings, "threads")
		}
		s.send(protocol.Trial{Number: 1, Attempt: 1, Config: object(t, settings)})
		result, _ := until[protocol.Result](s)
		return result.Metrics["threads"]
	}
	before := threads(nil)
	if got := threads(map[string]any{"threads": 3}); got != 3 {
		t.Errorf("%g threads, want 3", got)
	}
	if got := threads(nil); got != before {
		t.Errorf("%g threads afterwards, before %g", got, before)
	}
}
