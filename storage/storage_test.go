package storage

import (
	"path/filepath"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/storagetest"
)

func TestSQLite(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, openTemp)
}

func TestMemory(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, func(t *testing.T) search.Store {
		store, err := Open(t.Context(), MemoryURL)
		if err != nil {
			t.Fatal(err)
		}
		return store
	})
}

// openTemp opens a new database in a folder of the test's.
func openTemp(t *testing.T) search.Store {
	t.Helper()
	return openPath(t, filepath.Join(t.TempDir(), "study.db"))
}

func openPath(t *testing.T, path string) search.Store {
	t.Helper()
	store, err := Open(t.Context(), "sqlite:///"+path)
	if err != nil {
		t.Fatal(err)
	}
	return store
}
