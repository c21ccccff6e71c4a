package interop_test

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// onEach runs a test on an empty database of each kind, in parallel.
func onEach(t *testing.T, test func(t *testing.T, s *site)) {
	t.Helper()
	python(t)
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSQLite(t))
	})
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			url := dbtest.Database(t, kind)
			// The drivers that are installed are not those that SQLAlchemy takes
			// unasked.
			drivers := strings.NewReplacer("postgresql:", "postgresql+psycopg2:", "mysql:", "mysql+pymysql:")
			test(t, &site{dir: t.TempDir(), url: url, sql: drivers.Replace(url)})
		})
	}
}

func newSQLite(t *testing.T) *site {
	dir := t.TempDir()
	url := "sqlite:///" + filepath.Join(dir, "study.db")
	return &site{dir: dir, url: url, sql: url}
}
