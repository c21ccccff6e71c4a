package objective

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// TestCheckpointsOfAttempts follows a trial through its attempts.
func TestCheckpointsOfAttempts(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	last := 0
	begin := func(attempt int) string {
		t.Helper()
		if err := inheritCheckpoint(search.Task{Number: 7, Attempt: attempt, Dir: dir}, attempt == last); err != nil {
			t.Fatal(err)
		}
		last = attempt
		return checkpointPath(dir, attempt)
	}
	none := func(path string) {
		t.Helper()
		if _, err := os.Stat(path); !os.IsNotExist(err) {
			t.Errorf("%s is there: %v", path, err)
		}
	}
	write(t, filepath.Join(dir, CheckpointDir, "deep", "step"), "of a forgotten trial")
	first := begin(1)
	none(first) // the trainer makes it
	write(t, filepath.Join(first, "deep", "step"), "1")
	if got := read(t, filepath.Join(begin(1), "deep", "step")); got != "1" {
		t.Errorf("after a crash of its trainer, the first attempt begins at step %s", got)
	}

	second := begin(2)
	if got := read(t, filepath.Join(second, "deep", "step")); got != "1" {
		t.Errorf("the second attempt begins at step %s", got)
	}
	none(first)
	// The first one goes on, as a suspended process does, and is not heeded.
	write(t, filepath.Join(first, "deep", "step"), "9")
	write(t, filepath.Join(second, "deep", "step"), "2")
	if got := read(t, filepath.Join(begin(2), "deep", "step")); got != "2" {
		t.Errorf("after a crash of its trainer, the second attempt begins at step %s", got)
	}
	// The third one left nothing: it had no time.
	if err := os.RemoveAll(begin(3)); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(second, "deep", "step"), "4")
	fourth := begin(4)
	if got := read(t, filepath.Join(fourth, "deep", "step")); got != "4" {
		t.Errorf("the fourth attempt begins at step %s", got)
	}
	write(t, fourth+".txt", "of the user's")
	paths, err := Checkpoints(dir)
	if err != nil || len(paths) != 2 || paths[0] != first || paths[1] != fourth {
		t.Errorf("checkpoints %v, %v", paths, err)
	}
	if paths, err := Checkpoints(filepath.Join(dir, "none")); err != nil || len(paths) != 0 {
		t.Errorf("no folder: %v, %v", paths, err)
	}
}
