package meta

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// closedAt returns a channel for Options.Stopped, and the hook that closes it
// after a step; step 0 is before the first.
func closedAt(step int) (chan struct{}, func(int)) {
	stopped := make(chan struct{})
	if step == 0 {
		close(stopped)
	}
	return stopped, func(done int) {
		if done == step {
			close(stopped)
		}
	}
}

// trainInPieces stops a training after the given steps, each time in a new
// process as far as the trainer can tell, and lets the last piece end. That one
// reports what the others had reported, too: nobody may have heard them.
func trainInPieces(t *testing.T, b *bench, changes map[string]any, seed int64, stops ...int) *history {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "trial", "checkpoint")
	for _, step := range stops {
		stopped, hook := closedAt(step)
		h, err := b.train(t, changes, seed, dir, stopped, hook)
		if !errors.Is(err, ErrStopped) {
			t.Fatalf("stop at %d: %v", step, err)
		}
		if n := len(h.saved); n == 0 || h.saved[n-1] != step {
			t.Errorf("stop at %d: checkpoints at %v", step, h.saved)
		}
		checkFiles(t, dir, CheckpointFile)
	}
	h, err := b.train(t, changes, seed, dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if last := stops[len(stops)-1]; h.outcome.Resumed != last {
		t.Errorf("resumed at %d, want %d", h.outcome.Resumed, last)
	}
	checkFiles(t, dir, CheckpointFile, BestFile)
	return h
}

// checkFiles wants the named files and, beside them, the best weights at most.
func checkFiles(t *testing.T, dir string, names ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var have []string
	for _, e := range entries {
		have = append(have, e.Name())
		if e.Name() != CheckpointFile && e.Name() != BestFile {
			t.Errorf("%s was left in %s", e.Name(), dir)
		}
	}
	for _, name := range names {
		if !slices.Contains(have, name) {
			t.Errorf("no %s among %v", name, have)
		}
	}
}

func TestResumeIsBitIdentical(t *testing.T) {
	b := newBench(t)
	for _, algorithm := range algorithmNames {
		changes := map[string]any{"algorithm": algorithm, "learning_rate": 0.01, "adaptation_steps": 2, "schedule": "cosine"} // validations at 3, 6 and 8
		want := mustTrain(t, b, changes, 9)
		all := [][]int{{0}, {1}, {3}, {4}, {6}, {7}, {8}, {2, 3, 5, 8}}
		if isSlow(algorithm) {
			all = [][]int{{4}, {2, 3, 5, 8}}
		}
		for _, stops := range all {
			name := fmt.Sprintf("%s stopped at %v", algorithm, stops)
			compareHistories(t, name, trainInPieces(t, b, changes, 9, stops...), want)
		}
	}
}

// TestResumeKeepsPatience: the count of validations without a better value
// goes on.
func TestResumeKeepsPatience(t *testing.T) {
	b := newBench(t)
	changes := map[string]any{"iterations": 12, "eval_every": 1, "learning_rate": 0.3, "warmup_ratio": 0, "early_stopping": 2}
	want := mustTrain(t, b, changes, 3)
	if want.outcome.Steps == 12 {
		t.Fatal("patience never ended: the test shows nothing")
	}
	for stop := 1; stop < want.outcome.Steps; stop++ {
		compareHistories(t, fmt.Sprintf("stopped at %d", stop), trainInPieces(t, b, changes, 3, stop), want)
	}
}

// TestResumeOfWhatHadEnded: the process died between the last checkpoint and
// the result.
func TestResumeOfWhatHadEnded(t *testing.T) {
	b := newBench(t)
	for name, changes := range map[string]map[string]any{
		"all steps":      {},
		"early stopping": {"iterations": 12, "eval_every": 1, "learning_rate": 0.3, "warmup_ratio": 0, "early_stopping": 2},
	} {
		dir := t.TempDir()
		want, err := b.train(t, changes, 3, dir, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := b.train(t, changes, 3, dir, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got.outcome.Resumed != want.outcome.Steps || len(got.saved) > 0 {
			t.Errorf("%s: trained on from step %d, with checkpoints at %v", name, got.outcome.Resumed, got.saved)
		}
		compareHistories(t, name, got, want)
		// A study may judge trials by what they took.
		if a, b := got.outcome, want.outcome; a.StepTime != b.StepTime || a.Memory < b.Memory || a.Duration < b.StepTime*time.Duration(b.Steps) {
			t.Errorf("%s: it took %+v, before %+v", name, a, b)
		}
		if err := RemoveCheckpoint(dir); err != nil {
			t.Fatal(err)
		}
		if entries, _ := os.ReadDir(dir); len(entries) != 1 || entries[0].Name() != BestFile {
			t.Errorf("%s: %v is left, want only the best weights", name, entries)
		}
		if err := RemoveCheckpoint(dir); err != nil {
			t.Errorf("nothing to remove: %v", err)
		}
	}
}

// TestCheckpointsHaveWeightsOnce: what is the best so far stands in the
// checkpoint alone while it is the newest, too; in the end there are only the
// best weights.
func TestCheckpointsHaveWeightsOnce(t *testing.T) {
	b := newBench(t)
	changes := map[string]any{"iterations": 9, "learning_rate": 1e-2} // validations at 3, 6 and 9
	dir := t.TempDir()
	there := func(name string) int64 {
		info, err := os.Stat(filepath.Join(dir, name))
		if errors.Is(err, fs.ErrNotExist) {
			return 0
		}
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	var whole int64
	h, err := b.train(t, changes, 3, dir, nil, func(step int) {
		switch step {
		case 4, 7:
			whole = there(CheckpointFile)
			if n := there(BestFile); whole == 0 || n != 0 {
				t.Errorf("step %d: %d bytes in the checkpoint, %d beside it", step, whole, n)
			}
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	if h.outcome.Step != 9 {
		t.Fatalf("the best validation was at step %d: the test shows nothing", h.outcome.Step)
	}
	if last, best := there(CheckpointFile), there(BestFile); last > 2048 || best < whole/4 {
		t.Errorf("%d bytes in the last checkpoint and %d in the best one, %d before", last, best, whole)
	}
}

// lateStop closes the learner's channel in a step, so that the validation
// after it is interrupted.
type lateStop struct {
	Algorithm
	learner *Learner
	at      int
}

func (a *lateStop) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	if i+1 == a.at {
		stopped := make(chan struct{})
		close(stopped)
		a.learner.Stopped = stopped
	}
	return a.Algorithm.Step(s, i)
}

func TestStopInsideValidation(t *testing.T) {
	b := newBench(t)
	want := mustTrain(t, b, nil, 9)
	dir := t.TempDir()
	err := b.with(t, nil, 9, func(x *fixture) error {
		_, err := Train(x.s, &lateStop{x.algorithm, x.learner, 6}, x.learner, x.data, Options{Config: x.config, Seed: 9, Dir: dir})
		return err
	})
	if !errors.Is(err, ErrStopped) {
		t.Fatalf("got %v, want ErrStopped", err)
	}
	got, err := b.train(t, nil, 9, dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got.outcome.Resumed != 6 {
		t.Errorf("resumed at %d, want 6", got.outcome.Resumed)
	}
	if _, ok := got.reports[6]; !ok {
		t.Error("the interrupted validation was left out")
	}
	compareHistories(t, "stopped in the validation of step 6", got, want)
}

// TestResumeOnOtherMachine: where files lie and how many threads there are
// does not make another training of it.
func TestResumeOnOtherMachine(t *testing.T) {
	b := newBench(t)
	stopped, hook := closedAt(4)
	dir := t.TempDir()
	if _, err := b.train(t, nil, 9, dir, stopped, hook); !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	moved := filepath.Join(t.TempDir(), "elsewhere")
	if err := os.Rename(b.base["model"].(string), moved); err != nil {
		t.Fatal(err)
	}
	if h, err := b.train(t, map[string]any{"model": moved, "threads": 2}, 9, dir, nil, nil); err != nil || h.outcome.Resumed != 4 {
		t.Errorf("resumed at %+v, %v", h.outcome, err)
	}
}

func TestBadCheckpoints(t *testing.T) {
	b := newBench(t)
	source := t.TempDir()
	stopped, hook := closedAt(5)
	if _, err := b.train(t, nil, 9, source, stopped, hook); !errors.Is(err, ErrStopped) {
		t.Fatal(err)
	}
	cut := func(name string, keep int64) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, name), keep); err != nil {
				t.Fatal(err)
			}
		}
	}
	rewrite := func(name string, change func([]hf.Blob, map[string]string) []hf.Blob) func(*testing.T, string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			blobs, metadata, err := hf.ReadSafetensors(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := hf.WriteSafetensors(path, change(blobs, metadata), metadata); err != nil {
				t.Fatal(err)
			}
		}
	}
	nothing := func(*testing.T, string) {}
	for name, c := range map[string]struct {
		breakIt func(*testing.T, string)
		changes map[string]any
		seed    int64
		file    string
		want    string
	}{
		"cut short":      {cut(CheckpointFile, 9000), nil, 9, CheckpointFile, "cut short"},
		"empty":          {cut(CheckpointFile, 0), nil, 9, CheckpointFile, "not a safetensors file"},
		"best cut short": {cut(BestFile, 5000), nil, 9, BestFile, "cut short"},
		"no best": {func(t *testing.T, dir string) {
			if err := os.Remove(filepath.Join(dir, BestFile)); err != nil {
				t.Fatal(err)
			}
		}, nil, 9, BestFile, "no such file"},
		"no position": {rewrite(CheckpointFile, func(b []hf.Blob, m map[string]string) []hf.Blob {
			delete(m, positionKey)
			return b
		}), nil, 9, CheckpointFile, "no position"},
		"impossible position": {rewrite(CheckpointFile, func(b []hf.Blob, m map[string]string) []hf.Blob {
			m[positionKey] = strings.Replace(m[positionKey], `"step":5`, `"step":500`, 1)
			return b
		}), nil, 9, CheckpointFile, "impossible position"},
		"a tensor less": {rewrite(CheckpointFile, func(b []hf.Blob, _ map[string]string) []hf.Blob {
			return slices.DeleteFunc(b, func(b hf.Blob) bool { return b.Name == "optimizer.3" })
		}), nil, 9, CheckpointFile, "optimizer.3 is missing"},
		"best of before": {rewrite(BestFile, func(b []hf.Blob, m map[string]string) []hf.Blob {
			m[positionKey] = strings.Replace(m[positionKey], `"best_step":3`, `"best_step":2`, 1)
			return b
		}), nil, 9, BestFile, "is of step 2"},
		"other seed":     {nothing, nil, 10, CheckpointFile, "seed 9"},
		"other length":   {nothing, map[string]any{"iterations": 9}, 9, CheckpointFile, "8 steps"},
		"other settings": {nothing, map[string]any{"learning_rate": 2e-3}, 9, CheckpointFile, "other settings"},
		"other freezing": {nothing, map[string]any{"freeze": "embeddings"}, 9, CheckpointFile, "other settings"},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.CopyFS(dir, os.DirFS(source)); err != nil {
				t.Fatal(err)
			}
			c.breakIt(t, dir)
			before := contents(t, dir)
			_, err := b.train(t, c.changes, c.seed, dir, nil, nil)
			if err == nil {
				t.Fatal("no error")
			}
			for _, want := range []string{filepath.Join(dir, c.file), c.want} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "\n") {
				t.Errorf("error %q has several lines", err)
			}
			if !maps.Equal(contents(t, dir), before) {
				t.Error("the files were changed")
			}
		})
	}
}

func contents(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := make(map[string]string)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		files[e.Name()] = string(data)
	}
	return files
}

// TestUnwritableCheckpoint: a training whose checkpoints cannot be written
// ends at once and says where.
func TestUnwritableCheckpoint(t *testing.T) {
	b := newBench(t)
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o644); err != nil {
		t.Fatal(err)
	}
	_, err := b.train(t, nil, 1, filepath.Join(file, "dir"), nil, nil)
	if err == nil || !strings.Contains(err.Error(), file) || strings.Contains(err.Error(), "\n") {
		t.Errorf("got %v, want one line that names %s", err, file)
	}
}

// TestBatchesByLengthResume: batches of texts of like length are the same after
// a stop.
func TestBatchesByLengthResume(t *testing.T) {
	b := newBench(t)
	changes := map[string]any{"algorithm": "joint", "batch_size": 2, "iterations": 12, "eval_every": 12} // 18 batches a task
	whole := mustTrain(t, b, changes, 3)
	dir, stop := t.TempDir(), make(chan struct{})
	_, err := b.train(t, changes, 3, dir, stop, func(step int) {
		if step == 7 {
			close(stop)
		}
	})
	if !errors.Is(err, ErrStopped) {
		t.Fatalf("stopped training: %v", err)
	}
	h, err := b.train(t, changes, 3, dir, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if h.outcome.Resumed != 7 {
		t.Errorf("resumed at %d", h.outcome.Resumed)
	}
	for name, values := range h.weights {
		if !sameBits(values, whole.weights[name]) {
			t.Errorf("%s differs", name)
		}
	}
}
