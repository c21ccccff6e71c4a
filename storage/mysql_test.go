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

// mySQLEnv names a MySQL server for TestMySQL, as the URL of a user who may make
// databases: mysql://root@127.0.0.1:3306/. Debian has no package of MySQL, so
// that no test starts one.
const mySQLEnv = "HPSEARCH_TEST_MYSQL"

// TestMySQL runs the suite on MySQL itself, where there is one.
func TestMySQL(t *testing.T) {
	t.Parallel()
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
	var made atomic.Int32
	storagetest.Run(t, func(t *testing.T) search.Store {
		name := fmt.Sprintf("hpsearch_test_%d_%d", os.Getpid(), made.Add(1))
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
		return openURL(t, own.String())
	})
}
