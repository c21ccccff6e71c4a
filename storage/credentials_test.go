package storage

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// withoutUser is a database's URL without user and password.
func withoutUser(t *testing.T, kind dbtest.Kind) *url.URL {
	t.Helper()
	u, err := url.Parse(dbtest.Database(t, kind))
	if err != nil {
		t.Fatal(err)
	}
	u.User = nil
	return u
}

func opens(t *testing.T, what, url string) {
	t.Helper()
	s, err := Open(t.Context(), url)
	if err != nil {
		t.Errorf("%s: %v", what, err)
		return
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestPostgresCredentials takes them from where PostgreSQL's own clients do.
func TestPostgresCredentials(t *testing.T) {
	u := withoutUser(t, dbtest.PostgreSQL)
	file := filepath.Join(t.TempDir(), "pgpass")
	password := strings.NewReplacer(`\`, `\\`, ":", `\:`).Replace(dbtest.Password)
	write(t, file, fmt.Sprintf("# hosts\n%s:%s:*:%s:%s\n", u.Hostname(), u.Port(), dbtest.User, password))
	t.Setenv("PGUSER", dbtest.User)
	t.Setenv("PGPASSFILE", file)
	opens(t, "PGPASSFILE", u.String())
	t.Setenv("PGPASSFILE", os.DevNull)
	t.Setenv("PGPASSWORD", dbtest.Password)
	opens(t, "PGPASSWORD", u.String())
	t.Setenv("PGHOST", u.Hostname())
	t.Setenv("PGPORT", u.Port())
	opens(t, "PGHOST and PGPORT", "postgresql+psycopg2://"+u.Path+"?sslmode=prefer&keepalives=1&application_name=test")
	t.Setenv("PGPASSWORD", "hush-hush")
	if _, err := Open(t.Context(), u.String()); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a wrong PGPASSWORD: %v", err)
	}
	t.Setenv("PGSSLMODE", "require")
	t.Setenv("PGPASSWORD", dbtest.Password)
	if _, err := Open(t.Context(), u.String()); err == nil {
		t.Error("a server without TLS was opened although TLS is required")
	}
}

// TestMySQLCredentials takes them from where MySQL's own clients do.
func TestMySQLCredentials(t *testing.T) {
	u := withoutUser(t, dbtest.MariaDB)
	home := t.TempDir()
	t.Setenv("HOME", home)
	file := filepath.Join(home, ".my.cnf")
	write(t, file, fmt.Sprintf("[mysqld]\npassword=no\n\n[client]\nuser = %s\npassword='%s'\nhost=%s\nport=%s\n",
		dbtest.User, dbtest.Password, u.Hostname(), u.Port()))
	opens(t, "~/.my.cnf", "mysql+pymysql://"+u.Path+"?charset=utf8mb4")
	if err := os.Rename(file, filepath.Join(home, "other.cnf")); err != nil {
		t.Fatal(err)
	}
	opens(t, "read_default_file", "mysql://"+u.Path+"?read_default_file="+filepath.Join(home, "other.cnf"))
	t.Setenv("MYSQL_PWD", dbtest.Password)
	u.User = url.User(dbtest.User)
	opens(t, "MYSQL_PWD", u.String())
	if _, err := Open(t.Context(), u.String()+"?ssl_mode=REQUIRED"); err == nil {
		t.Error("a server without TLS was opened although TLS is required")
	}
	t.Setenv("MYSQL_PWD", "hush-hush")
	if _, err := Open(t.Context(), u.String()); err == nil || strings.Contains(err.Error(), "hush") {
		t.Errorf("a wrong MYSQL_PWD: %v", err)
	}
}

func TestMySQLOptionsRefused(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]string{
		"a=b":                      `option "a"`,
		"ssl_mode=perhaps":         "ssl_mode",
		"ssl_ca=/none/ca.pem":      "ssl_ca",
		"ssl_cert=/none/cert.pem":  "ssl_cert",
		"connect_timeout=soon":     "connect_timeout",
		"read_timeout=-1":          "read_timeout",
		"read_default_file=/dev":   "option file",
		"passwd=hush-hush&a=b":     `option "a"`,
		"ssl_mode=required&zz=yes": `option "zz"`,
	} {
		_, err := Open(t.Context(), "mysql://me@127.0.0.1:1/db?"+options)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: error %v, want %q", options, err, want)
		}
	}
}

func TestPostgresOptionsRefused(t *testing.T) {
	t.Parallel()
	for options, want := range map[string]string{
		"sslmode=perhaps":                       "of the URL or the environment: failed to configure TLS (sslmode is invalid)",
		"connect_timeout=soon&password=hush":    "invalid connect_timeout",
		"port=x&password=hush":                  "invalid port",
		"default_query_exec_mode=perhaps":       "invalid default_query_exec_mode",
		"sslmode=verify-full&sslrootcert=/none": "/none",
		"service=none&servicefile=/none":        "service",
	} {
		_, err := Open(t.Context(), "postgresql://me:hush-hush@127.0.0.1/db?"+options)
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s: error %v, want %q", options, err, want)
		}
	}
}

func TestServerURL(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][2]string{
		"postgresql://me:hush@host:5433/db?sslmode=require": {"postgresql://me@host:5433/db", "postgres://me:hush@host:5433/db?sslmode=require"},
		"postgres://host/db":                              {"postgresql://host/db", "postgres://host/db"},
		"postgresql+asyncpg:///db?host=/run/x":            {"postgresql:///db", "postgres:///db?host=%2Frun%2Fx"},
		"postgresql+psycopg://me:a%2Fb%40c@[::1]:5432/db": {"postgresql://me@[::1]:5432/db", "postgres://me:a%2Fb%40c@[::1]:5432/db"},
		"postgresql://me@/db?keepalives=1":                {"postgresql://me@/db", "postgres://me@/db"},
	} {
		loc, err := parseURL(url)
		if err != nil {
			t.Errorf("%s: %v", url, err)
			continue
		}
		same(t, "name", loc.server.name(), want[0])
		same(t, "pgx's URL", loc.server.postgres(), want[1])
	}
}
