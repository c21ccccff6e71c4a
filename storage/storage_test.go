package storage

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
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

func TestServers(t *testing.T) {
	t.Parallel()
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t *testing.T) search.Store { return openURL(t, dbtest.Database(t, kind)) })
		})
	}
}

// TestOtherWays runs the suite with the writes that MySQL takes, and with those
// that any server takes: MariaDB understands them, too.
func TestOtherWays(t *testing.T) {
	t.Parallel()
	for name, way := range map[string]int32{"batch": asBatch, "general": inGeneral} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storagetest.Run(t, func(t *testing.T) search.Store {
				s := openURL(t, dbtest.Database(t, dbtest.MariaDB))
				s.fast.(*mysqlWrites).way.Store(way)
				return s
			})
		})
	}
}

// openURL opens a store that the caller closes.
func openURL(t *testing.T, url string) *sqlStore {
	t.Helper()
	store, err := Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	return store.(*sqlStore)
}

// openSQLite opens the database at a path as Open does.
func openSQLite(ctx context.Context, path string) (*sqlStore, error) {
	store, err := connectSQLite(path)
	if err != nil {
		return nil, err
	}
	return store, store.prepareSchema(ctx)
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
