package faults

import (
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestDatabaseRestarts stops and crashes the database server in the middle of
// a study and starts it again: no worker gives up.
func TestDatabaseRestarts(t *testing.T) {
	t.Parallel()
	for _, kind := range choose([]dbtest.Kind{dbtest.PostgreSQL}, dbtest.Kinds) {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server, url := ownServer(t, kind, "")
			c := newCrew(t, t.TempDir(), url, plan{trials: choose(12, 60), steps: 20, pace: 5, lease: 10 * time.Second})
			for range 3 {
				c.worker()
			}
			random := newRand(t)
			seen := ledger{}
			for round := range choose(2, 6) {
				for range 20 + random.IntN(40) {
					c.feed.await(t, "a step", func(event) bool { return true })
				}
				seen.look(c)
				if round%2 == 0 {
					server.Kill()
				} else {
					server.Stop()
				}
				if err := server.Resume(); err != nil {
					t.Fatal(err)
				}
				seen.look(c)
			}
			c.finish()
			seen.look(c)
			c.verdict(0)
		})
	}
}

// ownServer starts a server of the test's own in a folder, and returns it with the
// URL of a database. A commit that was answered is on the disk, also when the server
// is killed.
func ownServer(t *testing.T, kind dbtest.Kind, folder string) (server *dbtest.Server, url string) {
	t.Helper()
	server, err := dbtest.Start(kind, dbtest.Options{Durable: true, Folder: folder})
	if err != nil {
		dbtest.Missing(t, err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Error(err)
		}
	})
	if url, err = server.NewDatabase(t.Context()); err != nil {
		t.Fatal(err)
	}
	return server, url
}
