package main

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/trainer/hf"
)

// TestPretrain_interrupted: Ctrl-C ends pretraining with 130 and a checkpoint,
// from which the same command goes on; wrong usage ends with 2.
func TestPretrain_interrupted(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.txt")
	var lines strings.Builder
	for i := range 200 {
		fmt.Fprintf(&lines, "the %d quick brown foxes jump over %d lazy dogs\n", i%17, i)
	}
	if err := os.WriteFile(text, []byte(lines.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(dir, "out")
	command := func(more ...string) *exec.Cmd {
		args := []string{"pretrain", "--text", text, "--to", to, "--layers", "1", "--hidden", "8", "--heads", "2", "--vocabulary", "64", "--max-length", "16", "--held-out", "0.4"}
		cmd := exec.Command(os.Args[0], append(args, more...)...)
		cmd.Env = append(os.Environ(), asTrainer+"=1", "OMP_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
		return cmd
	}
	long := []string{"--steps", "1000000", "--eval-every", "5"}
	for _, want := range []string{"step 5: ", "going on from step "} {
		cmd := command(long...)
		errOut, err := cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		timer := time.AfterFunc(patience, func() { _ = cmd.Process.Kill() })
		defer timer.Stop()
		found := false
		for lines := bufio.NewScanner(errOut); lines.Scan(); {
			if strings.Contains(lines.Text(), want) && !found {
				found = true
				if err := cmd.Process.Signal(os.Interrupt); err != nil {
					t.Fatal(err)
				}
			}
		}
		var exit *exec.ExitError
		if err := cmd.Wait(); !found || !errors.As(err, &exit) || exit.ExitCode() != 130 {
			t.Fatalf("%q was seen: %v, exit %v", want, found, err)
		}
	}
	if err := os.RemoveAll(to + ".checkpoint"); err != nil {
		t.Fatal(err)
	}
	if out, err := command("--steps", "4").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if err := hf.CheckFolder(to); err != nil {
		t.Error(err)
	}
	var exit *exec.ExitError
	if out, err := command("--layers", "none").CombinedOutput(); !errors.As(err, &exit) || exit.ExitCode() != exitUsage || !strings.Contains(string(out), "layers") {
		t.Errorf("%v: %s", err, out)
	}
}
