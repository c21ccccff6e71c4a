package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path"
	"testing"
)

func TestMain(m *testing.M) { os.Exit(Run(m)) }

// TestServer takes a server through its life: two databases that do not see
// each other, a stop, a crash, a restart, and nothing left at the end.
func TestServer(t *testing.T) {
	t.Parallel()
	for _, kind := range Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			s, err := Start(kind, Options{Durable: true, Connections: 20})
			if err != nil {
				Missing(t, err)
			}
			defer s.Close()
			db := func(url string) *sql.DB { return open(t, s, url) }
			first, err := s.NewDatabase(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			second, err := s.NewDatabase(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			for _, url := range []string{first, second} {
				if _, err := db(url).Exec("CREATE TABLE t (i INTEGER)"); err != nil {
					t.Fatal(err)
				}
			}
			if _, err := db(first).Exec("INSERT INTO t VALUES (1)"); err != nil {
				t.Fatal(err)
			}
			port := s.Port()
			for _, end := range []func(){s.Stop, s.Kill} {
				end()
				if err := db(first).PingContext(t.Context()); err == nil {
					t.Fatal("a stopped server answers")
				}
				if err := s.Resume(); err != nil {
					t.Fatal(err)
				}
				var n int
				if err := db(first).QueryRow("SELECT COUNT(*) FROM t").Scan(&n); err != nil || n != 1 || s.Port() != port {
					t.Fatalf("%d rows at port %d, %v", n, s.Port(), err)
				}
			}
			if err := s.Drop(context.Background(), second); err != nil {
				t.Fatal(err)
			}
			if err := db(second).Ping(); err == nil {
				t.Error("a dropped database can be opened")
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := os.Stat(s.dir); !errors.Is(err, os.ErrNotExist) {
				t.Errorf("%s is left: %v", s.dir, err)
			}
		})
	}
}

// open opens a database by its URL.
func open(t *testing.T, s *Server, url string) *sql.DB {
	t.Helper()
	db, err := sql.Open(s.engine.driver(), dsn(t, s, url))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// dsn is what the driver wants instead of the URL.
func dsn(t *testing.T, s *Server, databaseURL string) string {
	t.Helper()
	if s.Kind() == PostgreSQL {
		return databaseURL
	}
	return s.engine.admin(s.port) + path.Base(databaseURL)
}
