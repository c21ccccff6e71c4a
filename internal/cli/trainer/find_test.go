package trainer

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestFind: what the environment names comes first, and is an error where it is
// no program, whatever lies beside hpsearch.
func TestFind(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := func(path string) string {
		if err := os.WriteFile(path, []byte("#!/bin/sh\n"), 0o755); err != nil {
			t.Fatal(err)
		}
		return path
	}
	beside := program(filepath.Join(filepath.Dir(self), Program))
	defer os.Remove(beside)
	named := program(filepath.Join(t.TempDir(), "mine"))
	for _, test := range []struct{ env, want string }{{"", beside}, {named, named}} {
		t.Setenv(Env, test.env)
		if got, err := Find(); err != nil || got != test.want {
			t.Errorf("%s=%q: %q, %v, want %q", Env, test.env, got, err, test.want)
		}
	}
	t.Setenv(Env, named+"x")
	if _, err := Find(); !errors.Is(err, ErrNotFound) || !strings.Contains(err.Error(), "minex is no program") {
		t.Errorf("a program that is not there: %v", err)
	}
}
