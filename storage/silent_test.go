package storage

import (
	"net"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestSilentServer opens what takes connections and says nothing, as
// PostgreSQL does to a client of MySQL's.
func TestSilentServer(t *testing.T) {
	t.Parallel()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close() // it takes what comes and never answers
	for scheme, want := range map[string]string{"mysql": "says nothing", "postgresql": "does not answer"} {
		t.Run(scheme, func(t *testing.T) {
			began := time.Now()
			_, err := Open(t.Context(), scheme+"://u@"+listener.Addr().String()+"/db?connect_timeout=1")
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("error %v, want %q", err, want)
			}
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}

// TestWrongServer opens each server by the other's URL.
func TestWrongServer(t *testing.T) {
	t.Parallel()
	for kind, scheme := range map[dbtest.Kind]string{dbtest.PostgreSQL: "mysql", dbtest.MariaDB: "postgresql"} {
		t.Run(scheme, func(t *testing.T) {
			t.Parallel()
			u, err := url.Parse(dbtest.Database(t, kind))
			if err != nil {
				t.Fatal(err)
			}
			u.Scheme, u.RawQuery = scheme, "connect_timeout=1"
			began := time.Now()
			_, err = Open(t.Context(), u.String())
			if err == nil || strings.Contains(err.Error(), "\n") {
				t.Errorf("error %v, want a line", err)
			}
			t.Logf("after %s: %v", time.Since(began), err)
			if took := time.Since(began); took > 30*time.Second {
				t.Errorf("it took %s", took)
			}
		})
	}
}
