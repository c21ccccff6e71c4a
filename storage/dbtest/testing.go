package dbtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"testing"
)

// RequiredEnv makes a missing server a failure when it is set. `make test`
// sets it, because the set-up installs the servers; so does CI in most
// services.
const RequiredEnv = "HPSEARCH_TEST_DATABASES"

// Run runs the tests of a package, closes the servers that they shared, and
// returns the exit code. A package that uses [Database] calls it in TestMain:
//
//	func TestMain(m *testing.M) { os.Exit(dbtest.Run(m)) }
//
// Without it the servers end with the process all the same, and their folders
// are removed by the next process that starts one.
func Run(m *testing.M) int {
	code := m.Run()
	if err := closeShared(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return max(code, 1)
	}
	return code
}

// Database returns the URL of an empty database on the shared server of that
// kind; it is dropped when the test ends. The test is skipped where the server
// is not installed, unless RequiredEnv or CI is set: then it fails.
func Database(t testing.TB, kind Kind) string {
	t.Helper()
	s, err := Shared(kind)
	if err != nil {
		Missing(t, err)
	}
	url, err := s.NewDatabase(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Drop(context.Background(), url); err != nil {
			t.Errorf("dropping the test's database: %v", err)
		}
	})
	return url
}

// Missing ends a test that needs a server which could not be started: it is
// skipped where the server is not installed and nobody said that it must be,
// and fails otherwise.
func Missing(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) && os.Getenv(RequiredEnv) == "" && os.Getenv("CI") == "" {
		t.Skipf("%v (make setup installs it)", err)
	}
	t.Fatal(err)
}
