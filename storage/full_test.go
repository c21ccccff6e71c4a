package storage

import (
	"database/sql"
	"fmt"
	"net/url"
	"path"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestFullServer writes to a server that has no connection left, for longer
// than a lost one would be tried for: it gets one when others give theirs back.
func TestFullServer(t *testing.T) {
	t.Parallel()
	for _, kind := range dbtest.Kinds {
		t.Run(string(kind), func(t *testing.T) {
			t.Parallel()
			server, err := dbtest.Start(kind, dbtest.Options{Connections: 10})
			if err != nil {
				dbtest.Missing(t, err)
			}
			defer server.Close()
			address, err := server.NewDatabase(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			s := openURL(t, address)
			defer s.Close()
			study, err := s.CreateStudy(t.Context(), search.Definition{Name: "s"})
			if err != nil {
				t.Fatal(err)
			}
			pool, err := s.write.DB()
			if err != nil {
				t.Fatal(err)
			}
			pool.SetMaxIdleConns(0) // the store's own is given back, too

			release := occupy(t, server, address)
			seen := 0
			watched := *s.dialect
			watched.full = func(err error) bool {
				if !s.lost(err) {
					t.Errorf("not taken for a lost connection: %v", err)
				}
				if seen++; seen == 1 {
					release()
				}
				return mysqlDialect.full(err) || postgresDialect.full(err)
			}
			s.dialect = &watched
			s.retry.limit, s.retry.first = time.Nanosecond, time.Millisecond
			if err := oneTrial(t.Context(), s, study.ID, 0); err != nil {
				t.Fatal(err)
			}
			if seen == 0 {
				t.Error("the server had a connection left")
			}
		})
	}
}

// occupy takes all connections of a server, until it is told to release them.
func occupy(t *testing.T, server *dbtest.Server, address string) (release func()) {
	t.Helper()
	driver, source := "pgx", address
	if server.Kind() == dbtest.MariaDB {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		driver, source = "mysql", fmt.Sprintf("%s:%s@tcp(%s)/%s", dbtest.User, dbtest.Password, u.Host, path.Base(u.Path))
	}
	db, err := sql.Open(driver, source)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var held []*sql.Conn
	for {
		conn, err := db.Conn(t.Context())
		if err != nil {
			break
		}
		held = append(held, conn)
	}
	if len(held) == 0 {
		t.Fatal("no connection was to be had")
	}
	db.SetMaxIdleConns(0)
	return func() {
		for _, conn := range held {
			_ = conn.Close()
		}
	}
}
