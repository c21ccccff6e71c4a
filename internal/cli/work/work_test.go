package work

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

func TestParseDevices(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]string{
		"auto":     {"auto"},
		"cpu":      {"cpu"},
		"cuda":     {"cuda"},
		"cuda:1":   {"cuda:1"},
		"cuda:0,2": {"cuda:0", "cuda:2"},
	} {
		got, err := ParseDevices(text)
		if err != nil || !cmp.Equal(got, want) {
			t.Errorf("ParseDevices(%q) = %v, %v, want %v", text, got, err, want)
		}
	}
	for _, text := range []string{"", "gpu", "cuda:", "cuda:a", "cuda:0,0", "cuda:-1", "cuda:0,"} {
		if got, err := ParseDevices(text); err == nil || !strings.Contains(err.Error(), "--device") {
			t.Errorf("ParseDevices(%q) = %v, %v, want an error that names the flag", text, got, err)
		}
	}
}

func TestDeal(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		devices []string
		machine int
		want    []string
	}{
		{[]string{"auto"}, 0, []string{"auto"}},
		{[]string{"auto"}, 1, []string{"auto"}},
		{[]string{"auto"}, 2, []string{"cuda:0", "cuda:1"}},
		{[]string{"cuda"}, 2, []string{"cuda:0", "cuda:1"}},
		{[]string{"cpu"}, 2, []string{"cpu"}},
		{[]string{"cuda:1"}, 2, []string{"cuda:1"}},
	} {
		if got := deal(test.devices, test.machine); !cmp.Equal(got, test.want) {
			t.Errorf("deal(%v, %d) = %v, want %v", test.devices, test.machine, got, test.want)
		}
	}
}

func TestNames(t *testing.T) {
	t.Parallel()
	if diff := cmp.Diff([]string{"cuda:1", "", "cpu"}, names([]string{"cuda:1", "auto", "cpu"})); diff != "" {
		t.Error(diff)
	}
}

func TestPlaced(t *testing.T) {
	t.Parallel()
	study := &search.Study{Definition: search.Definition{
		Objective: search.ObjectiveSpec{Kind: "meta-training"}, Train: map[string]any{"model": "m"},
	}}
	for device, want := range map[string]any{"auto": nil, "cpu": "cpu", "cuda:1": "cuda"} {
		job := &Job{Study: study, Devices: []string{device}}
		if got := job.placed().Definition.Train["device"]; got != want {
			t.Errorf("%s: trials get device %v, want %v", device, got, want)
		}
	}
	if len(study.Definition.Train) != 1 {
		t.Errorf("the study itself was changed: %v", study.Definition.Train)
	}
}

func TestTimeLeft(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		p       search.Progress
		from    int
		elapsed time.Duration
		want    time.Duration
	}{
		{search.Progress{Step: 10, Total: 30}, 0, 10 * time.Second, 20 * time.Second},
		{search.Progress{Step: 20, Total: 30}, 10, 10 * time.Second, 10 * time.Second}, // resumed at 10
		{search.Progress{Step: 10, Total: 30}, 10, time.Second, 0},
		{search.Progress{Step: 10}, 0, time.Second, 0},
		{search.Progress{Step: 30, Total: 30}, 0, time.Second, 0},
	} {
		if got := timeLeft(test.p, test.from, test.elapsed); got != test.want {
			t.Errorf("timeLeft(%+v, %d, %v) = %v, want %v", test.p, test.from, test.elapsed, got, test.want)
		}
	}
}

func TestEndLine(t *testing.T) {
	t.Parallel()
	study := &search.Study{Definition: search.Definition{
		Objective: search.ObjectiveSpec{Metric: "val_loss"},
		Space:     search.Space{{Name: "x", Distribution: search.Float{High: 1}}},
	}}
	trial := &search.Trial{
		Number: 3, Params: map[string]float64{"x": 0.25},
		Distributions: map[string]search.Distribution{"x": search.Float{High: 1}},
	}
	for _, test := range []struct {
		end  search.TrialEnd
		want string
	}{
		{search.TrialEnd{Outcome: &search.Outcome{State: search.Complete, Values: []float64{0.5}}}, "trial 3  COMPLETE  val_loss 0.5  x=0.25"},
		{search.TrialEnd{Outcome: &search.Outcome{State: search.Failed, Reason: "diverged", Message: "a\nb"}}, "trial 3  FAIL  diverged: a b  x=0.25"},
		{search.TrialEnd{Released: true}, "trial 3  given back"},
		{search.TrialEnd{Released: true, NeedsRoom: "8 GiB\n(why)"}, "trial 3  given back  out-of-memory: 8 GiB (why)"},
		{search.TrialEnd{Lost: search.ErrFenced}, "trial 3  left: trial was taken over by another worker"},
	} {
		if got := endLine(study, trial, test.end); got != test.want {
			t.Errorf("endLine = %q, want %q", got, test.want)
		}
	}
}

func TestRetentionKeepsTheBestAndTheLast(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store, err := storage.Open(ctx, storage.MemoryURL)
	if err != nil {
		t.Fatal(err)
	}
	study, err := store.CreateStudy(ctx, search.Definition{Name: "s", Objective: search.ObjectiveSpec{Direction: search.Minimize}})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	finish := func(d display, number int, value float64) {
		t.Helper()
		claim, err := store.Start(ctx, study.ID, search.NewTrial{Number: number}, "w", time.Minute, 0)
		if err != nil {
			t.Fatal(err)
		}
		outcome := search.Outcome{State: search.Complete, Values: []float64{value}}
		if err := store.Finish(ctx, claim, outcome); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(search.TrialDir(dir, number), objective.CheckpointDir)
		if number%2 == 1 {
			path += "-2" // it was resumed
		}
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		d.TrialEnded(&search.Trial{Number: number}, search.TrialEnd{Outcome: &outcome})
	}
	left := func() string {
		paths, err := filepath.Glob(filepath.Join(dir, "trials", "*", objective.CheckpointDir+"*"))
		if err != nil {
			t.Fatal(err)
		}
		var numbers []string
		for _, p := range paths {
			numbers = append(numbers, filepath.Base(filepath.Dir(p)))
		}
		return strings.Join(numbers, " ")
	}
	job := &Job{Factory: &app.Factory{}, Store: store, Study: study}
	retain := func() display {
		d, err := job.retain(ctx, quiet{}, dir)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	first := retain()
	for number, value := range []float64{5, 1, 4, 3} {
		finish(first, number, value)
	}
	if got := left(); got != "1 2 3" {
		t.Errorf("checkpoints of trials %s are left, want those of the best (1) and the last two (2 3)", got)
	}
	second := retain() // a later run, in which another trial becomes the best
	finish(second, 4, 0.5)
	finish(second, 5, 9)
	if got := left(); got != "4 5" {
		t.Errorf("checkpoints of trials %s are left, want 4 5", got)
	}
}

func TestTrialsOfDeadWorkersAreFree(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	store, err := storage.Open(ctx, storage.MemoryURL)
	if err != nil {
		t.Fatal(err)
	}
	study, err := store.CreateStudy(ctx, search.Definition{Name: "s", Objective: search.ObjectiveSpec{Direction: search.Minimize}})
	if err != nil {
		t.Fatal(err)
	}
	ended := exec.Command(os.Args[0], "-test.run=^$")
	if err := ended.Run(); err != nil {
		t.Fatal(err)
	}
	host, err := os.Hostname()
	if err != nil {
		t.Fatal(err)
	}
	dead := fmt.Sprintf("%s:%d", host, ended.Process.Pid)
	for number, worker := range []string{dead, lost.WorkerName(), "elsewhere:1", "odd"} {
		if _, err := store.Start(ctx, study.ID, search.NewTrial{Number: number}, worker, time.Hour, 0); err != nil {
			t.Fatal(err)
		}
	}
	job := &Job{Factory: &app.Factory{}, Store: store, Study: study}
	if err := job.recover(ctx, quiet{}); err != nil {
		t.Fatal(err)
	}
	taken, _, err := store.Claim(ctx, study.ID, "new", time.Hour, 2)
	if err != nil || taken.Number != 0 || taken.Attempt != 2 {
		t.Fatalf("took over %+v, %v; want the second attempt at trial 0", taken, err)
	}
	if other, _, err := store.Claim(ctx, study.ID, "new", time.Hour, 2); !errors.Is(err, search.ErrNothing) {
		t.Errorf("took over %+v, %v: the other workers may be alive", other, err)
	}
}
