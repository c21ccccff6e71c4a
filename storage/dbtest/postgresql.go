package dbtest

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"syscall"
)

// postgres is PostgreSQL; tested with 15.
type postgres struct{ server, initdb string }

func findPostgreSQL() (engine, error) {
	server, ok := program("postgres", "/usr/lib/postgresql/*/bin")
	initdb, ok2 := program("initdb", filepath.Dir(server))
	if !ok || !ok2 {
		return nil, fmt.Errorf("PostgreSQL: %w", ErrMissing)
	}
	return postgres{server, initdb}, nil
}

func (p postgres) install(dir string, user *syscall.Credential) error {
	password := filepath.Join(dir, "password")
	if err := os.WriteFile(password, []byte(Password+"\n"), 0o644); err != nil {
		return err
	}
	return complete([]string{p.initdb, "--pgdata", filepath.Join(dir, "data"), "--username", User, "--pwfile", password,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--no-locale", "--no-sync"}, user)
}

func (p postgres) command(dir string, port int, o Options) []string {
	args := []string{p.server, "-D", filepath.Join(dir, "data"), "-p", strconv.Itoa(port), "-h", "127.0.0.1", "-k", dir,
		"-c", "max_connections=" + strconv.Itoa(o.Connections), "-c", "shared_buffers=64MB"}
	if !o.Durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off")
	}
	return args
}

func (postgres) driver() string          { return "pgx" }
func (p postgres) admin(port int) string { return p.url(port, "postgres") }
func (postgres) url(port int, database string) string {
	u := url.URL{Scheme: "postgresql", User: url.UserPassword(User, Password), Host: fmt.Sprintf("127.0.0.1:%d", port), Path: "/" + database}
	return u.String()
}
func (postgres) create(database string) string { return "CREATE DATABASE " + database }
func (postgres) drop(database string) string {
	return "DROP DATABASE IF EXISTS " + database + " WITH (FORCE)"
}
func (postgres) stop() syscall.Signal    { return syscall.SIGINT }  // the fast shutdown
func (postgres) abandon() syscall.Signal { return syscall.SIGQUIT } // the immediate one
func (postgres) account() string         { return "postgres" }
