package storage

import (
	"path/filepath"
	"testing"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// onEach runs a test on a new database of each kind.
func onEach(t *testing.T, test func(t *testing.T, url string)) {
	t.Run(sqliteName, func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:///"+filepath.Join(t.TempDir(), "study.db"))
	})
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			test(t, dbtest.Database(t, kind))
		})
	}
}

// execute executes statements beside the store's own methods.
func execute(t *testing.T, s *sqlStore, statements ...string) {
	t.Helper()
	for _, statement := range statements {
		if err := s.write.Exec(statement).Error; err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}
