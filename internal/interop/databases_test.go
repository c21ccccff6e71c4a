package interop_test

import (
	"path/filepath"
	"testing"
)

// onEach runs a test on an empty database of each kind, in parallel.
func onEach(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	python(t)
	for name, open := range map[string]func(t *testing.T) *site{
		"sqlite": newSQLite,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, open(t))
		})
	}
}

func newSQLite(t *testing.T) *site {
	dir := t.TempDir()
	url := "sqlite:///" + filepath.Join(dir, "study.db")
	return &site{dir: dir, url: url, sql: url}
}
