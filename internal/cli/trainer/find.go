// Package trainer finds the program hpsearch-trainer and has it do one-off
// jobs for verbs.
package trainer

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Program is the name of the trainer's program.
const Program = "hpsearch-trainer"

// Env is the environment variable that names the trainer.
const Env = "HPSEARCH_TRAINER"

// ErrNotFound is wrapped by the error of [Find].
var ErrNotFound = errors.New(Program + " was not found")

// Find returns the path of the trainer: what [Env] names, else the one beside
// this program, else in PATH.
func Find() (string, error) {
	if named := os.Getenv(Env); named != "" {
		path, err := exec.LookPath(named)
		if err != nil {
			return "", fmt.Errorf("%w: %s=%s is no program", ErrNotFound, Env, named)
		}
		return path, nil
	}
	if self, err := os.Executable(); err == nil {
		for _, path := range []string{self, resolved(self)} {
			beside := filepath.Join(filepath.Dir(path), Program)
			if isProgram(beside) {
				return beside, nil
			}
		}
	}
	path, err := exec.LookPath(Program)
	if err != nil {
		return "", fmt.Errorf("%w beside hpsearch, in %s or in PATH: build it with \"make build\"", ErrNotFound, Env)
	}
	return path, nil
}

// resolved follows the links of a path, if it can.
func resolved(path string) string {
	if target, err := filepath.EvalSymlinks(path); err == nil {
		return target
	}
	return path
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}
