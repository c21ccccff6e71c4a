package storage

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"sync/atomic"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/storagetest"
)

// mySQLEnv names a MySQL server for the tests of it, as the URL of a user who may
// make databases: mysql://root@127.0.0.1:3306/. Debian 12 has no package of
// MySQL, so that no test starts one.
const mySQLEnv = "HPSEARCH_TEST_MYSQL"

// TestMySQL runs the suite on MySQL itself, where there is one.
func TestMySQL(t *testing.T) {
	t.Parallel()
	newDatabase := onMySQL(t)
	storagetest.Run(t, func(t *testing.T) search.Store {
		s := openURL(t, newDatabase(t))
		t.Cleanup(func() {
			if s.fast.(*mysqlWrites).way.Load() == inGeneral {
				t.Error("the server does not understand several statements at once")
			}
		})
		return s
	})
}

// onMySQL returns what makes an empty database on the MySQL server at hand. It
// skips the test where there is none.
func onMySQL(t *testing.T) func(t *testing.T) (url string) {
	server, err := url.Parse(os.Getenv(mySQLEnv))
	if err != nil {
		t.Fatal(err)
	}
	if server.Host == "" {
		t.Skip(mySQLEnv + " names no MySQL server")
	}
	password, _ := server.User.Password()
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(%s)/", server.User.Username(), password, server.Host))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return func(t *testing.T) string {
		name := fmt.Sprintf("hpsearch_test_%d_%d", os.Getpid(), mySQLDatabases.Add(1))
		if _, err := db.ExecContext(t.Context(), "CREATE DATABASE "+name); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() {
			if _, err := db.ExecContext(context.Background(), "DROP DATABASE "+name); err != nil {
				t.Error(err)
			}
		})
		own := *server
		own.Path = "/" + name
		return own.String()
	}
}

// mySQLDatabases counts those that were made.
var mySQLDatabases atomic.Int32
