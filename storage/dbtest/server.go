package dbtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	_ "github.com/go-sql-driver/mysql" // the driver "mysql"
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx"
)

// A Kind is a kind of database server.
type Kind string

// The kinds.
const (
	PostgreSQL Kind = "postgresql"
	MariaDB    Kind = "mariadb"
)

// Kinds lists all kinds, for tests that run on each.
var Kinds = []Kind{PostgreSQL, MariaDB}

// ErrMissing is wrapped by the error of [Start] on a machine without the
// server's programs.
var ErrMissing = errors.New("the database server is not installed")

// User and Password are what every server's databases are opened with. The
// password has characters that a URL must escape.
const (
	User     = "hpsearch"
	Password = "s3cret/@:%"
)

// Options are how a server runs.
type Options struct {
	// Durable makes a commit wait for the disk, as a server does by default.
	// Without it the server is quicker and what it committed survives its own
	// end, but not the machine's.
	Durable bool
	// Connections bounds the number of clients; 0 means 200.
	Connections int
	// Folder is where the server's folder is made; empty means the system's
	// folder for temporary files. The server's user must be able to enter it.
	Folder string
}

// A Server is a database server on a port of 127.0.0.1. Its methods are not
// safe for concurrent use, except NewDatabase, URL and Port.
type Server struct {
	kind    Kind
	options Options
	engine  engine
	dir     string
	port    int
	process *process // nil: stopped
	count   atomic.Int64
}

// engine is what differs between the kinds of server.
type engine interface {
	// install makes the data folder below dir.
	install(dir string, user *syscall.Credential) error
	// command returns the command that serves dir at port.
	command(dir string, port int, o Options) []string
	// driver and admin name the database in which others are created.
	driver() string
	admin(port int) string
	// url is how hpsearch and Optuna name a database.
	url(port int, database string) string
	create(database string) string
	drop(database string) string
	// stop is the signal for an orderly end, abandon that for a quick one
	// which leaves no process behind.
	stop() syscall.Signal
	abandon() syscall.Signal
	// account is the user that the server runs as when the process is root.
	account() string
}

// startLimit is far more than a start takes, also on a busy machine.
const startLimit = 2 * time.Minute

// Start installs and starts a server, which takes about 2 s (PostgreSQL) or
// 4 s (MariaDB). The caller closes it.
func Start(kind Kind, o Options) (*Server, error) {
	engine, err := newEngine(kind)
	if err != nil {
		return nil, err
	}
	if o.Connections == 0 {
		o.Connections = 200
	}
	removeStale(o.Folder)
	dir, err := os.MkdirTemp(o.Folder, folderPrefix+strconv.Itoa(os.Getpid())+"-")
	if err != nil {
		return nil, err
	}
	s := &Server{kind: kind, options: o, engine: engine, dir: dir}
	user, err := ownUser(engine.account(), dir)
	if err == nil {
		err = engine.install(dir, user)
	}
	if err == nil {
		err = s.start(user)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("starting %s: %w", kind, err), s.Close())
	}
	return s, nil
}

// start runs the server, at its port if it has one already.
func (s *Server) start(user *syscall.Credential) error {
	// A free port may be taken before the server takes it. After a crash,
	// PostgreSQL refuses to start until the last process of the old server has
	// noticed.
	const tries, pause = 100, 100 * time.Millisecond
	var err error
	for range tries {
		port := s.port
		if port == 0 {
			if port, err = freePort(); err != nil {
				return err
			}
		}
		var p *process
		p, err = run(s.engine.command(s.dir, port, s.options), filepath.Join(s.dir, "log"), user)
		if err != nil {
			return err
		}
		err = s.await(p, port)
		if err == nil {
			s.port, s.process = port, p
			return nil
		}
		p.end(syscall.SIGKILL)
		if !errors.Is(err, errEnded) {
			break
		}
		<-time.After(pause)
	}
	return err
}

// errEnded is a server's that ends instead of serving.
var errEnded = errors.New("the server ended at once")

// await waits until the server answers.
func (s *Server) await(p *process, port int) error {
	ctx, cancel := context.WithTimeout(context.Background(), startLimit)
	defer cancel()
	db, err := sql.Open(s.engine.driver(), s.engine.admin(port))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		if err = db.PingContext(ctx); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return fmt.Errorf("%w: %s", errEnded, lastLines(filepath.Join(s.dir, "log")))
		case <-ctx.Done():
			return fmt.Errorf("no answer after %s: %w", startLimit, err)
		case <-tick.C:
		}
	}
}

// Kind returns what the server is.
func (s *Server) Kind() Kind { return s.kind }

// Port returns the server's port, which a restart keeps.
func (s *Server) Port() int { return s.port }

// Log returns the path of the server's log.
func (s *Server) Log() string { return filepath.Join(s.dir, "log") }

// NewDatabase creates an empty database and returns its URL, with user and
// password.
func (s *Server) NewDatabase(ctx context.Context) (string, error) {
	name := fmt.Sprintf("test%d", s.count.Add(1))
	if err := s.admin(ctx, s.engine.create(name)); err != nil {
		return "", fmt.Errorf("creating database %s: %w", name, err)
	}
	return s.URL(name), nil
}

// URL returns the URL of a database, whether it exists or not.
func (s *Server) URL(database string) string { return s.engine.url(s.port, database) }

// Drop removes a database that NewDatabase made, with whatever uses it.
func (s *Server) Drop(ctx context.Context, databaseURL string) error {
	u, err := url.Parse(databaseURL)
	if err != nil {
		return err
	}
	return s.admin(ctx, s.engine.drop(filepath.Base(u.Path)))
}

// admin executes a statement as the owner of all databases.
func (s *Server) admin(ctx context.Context, statement string) error {
	db, err := sql.Open(s.engine.driver(), s.engine.admin(s.port))
	if err != nil {
		return err
	}
	defer func() { _ = db.Close() }()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// Stop ends the server in good order; clients are cut off.
func (s *Server) Stop() { s.end(s.engine.stop()) }

// Kill ends the server at once, as a crash does.
func (s *Server) Kill() { s.end(syscall.SIGKILL) }

func (s *Server) end(signal syscall.Signal) {
	if s.process != nil {
		s.process.end(signal)
		s.process = nil
	}
}

// Resume starts a server that was stopped or killed, on the same port and
// with the same databases.
func (s *Server) Resume() error {
	if s.process != nil {
		return errors.New("the server runs")
	}
	user, err := ownUser(s.engine.account(), s.dir)
	if err == nil {
		err = s.start(user)
	}
	if err != nil {
		return fmt.Errorf("starting %s again: %w", s.kind, err)
	}
	return nil
}

// Close ends the server and removes all that it stored.
func (s *Server) Close() error {
	s.end(s.engine.abandon())
	return os.RemoveAll(s.dir)
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// newEngine finds the programs of a kind.
func newEngine(kind Kind) (engine, error) {
	switch kind {
	case PostgreSQL:
		return findPostgreSQL()
	case MariaDB:
		return findMariaDB()
	}
	return nil, fmt.Errorf("no kind of server %q", kind)
}

// shared are the servers that [Database] uses.
var shared struct {
	sync.Mutex
	servers map[Kind]*Server
	errs    map[Kind]error
}

// Shared returns the server that all tests of the process share; do not stop
// it. [Run] closes it.
func Shared(kind Kind) (*Server, error) {
	shared.Lock()
	defer shared.Unlock()
	if s, ok := shared.servers[kind]; ok {
		return s, nil
	}
	if err, ok := shared.errs[kind]; ok {
		return nil, err
	}
	s, err := Start(kind, Options{})
	if err != nil {
		if shared.errs == nil {
			shared.errs = map[Kind]error{}
		}
		shared.errs[kind] = err
		return nil, err
	}
	if shared.servers == nil {
		shared.servers = map[Kind]*Server{}
	}
	shared.servers[kind] = s
	return s, nil
}

// closeShared closes the shared servers.
func closeShared() error {
	shared.Lock()
	defer shared.Unlock()
	var errs []error
	for kind, s := range shared.servers {
		errs = append(errs, s.Close())
		delete(shared.servers, kind)
	}
	return errors.Join(errs...)
}
