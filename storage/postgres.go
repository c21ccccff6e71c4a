package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"gorm.io/driver/postgres" // PostgreSQL for gorm, on pgx, which is pure Go
	"gorm.io/gorm"
)

const postgresClock = "(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000)::bigint"

// postgresDialect is PostgreSQL; tested with 15.
var postgresDialect = &dialect{
	name:      postgresName,
	clock:     postgresClock,
	micros:    "EXTRACT(EPOCH FROM %s) * 1000000",
	lockStudy: "SELECT study_id FROM studies WHERE study_id = ? FOR UPDATE",
	lockTrial: "SELECT trial_id FROM trials WHERE trial_id = ? FOR UPDATE",
	tryTrial:  "SELECT trial_id FROM trials WHERE trial_id = ? FOR UPDATE SKIP LOCKED",
	// Optuna's heartbeats are in the time zone of the session.
	beat: `INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?, LOCALTIMESTAMP + ? * INTERVAL '1 microsecond')
		ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat`,
	beatArgument: func(_ time.Time, lease time.Duration) any { return lease.Microseconds() },
	lost:         lostPostgres,
	full:         func(err error) bool { return anyState(err, "53300") },
	conflict: func(err error) bool {
		return anyState(err, "40001", "40P01", "55P03") // serialization failure, deadlock, lock timeout
	},
	duplicate: func(err error) bool { return anyState(err, "23505") },
	advise:    advisePostgres,
	retry:     serverRetry,
	fast:      postgresWrites{},
}

// openPostgres makes the pool of connections; it connects to nothing.
func openPostgres(u *serverURL, s *sqlStore) (*sql.DB, gorm.Dialector, error) {
	config, err := pgx.ParseConfig(u.postgres())
	if err != nil {
		return nil, nil, errors.New("what cannot be understood of the URL or the environment: " + pgxURL.ReplaceAllString(err.Error(), ""))
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = connectTimeout
	}
	if _, named := config.RuntimeParams["application_name"]; !named {
		config.RuntimeParams["application_name"] = "hpsearch"
	}
	s.secrets = append(s.secrets, config.Password)
	db := stdlib.OpenDB(*config, stdlib.OptionAfterConnect(func(ctx context.Context, conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, postgresSettings)
		return err
	}))
	return db, postgres.New(postgres.Config{Conn: db}), nil
}

// pgxURL is how pgx says in an error what it could not parse: the whole URL,
// in which no backtick can be.
var pgxURL = regexp.MustCompile("cannot parse `[^`]*`: ")

// postgresSettings begin every connection. A worker that was suspended in the
// middle of a transaction, as batch systems do, must not keep its locks: the
// transaction is undone, and the worker tries it again. Queries that are
// compiled take longer to compile than to run. A table of which the server
// knows that it has few rows is read as a whole, also by the checks of foreign
// keys, and the plan is kept while the table grows: for a minute at least, to
// thousands of rows, each of which every write then looks at.
const postgresSettings = "SET idle_in_transaction_session_timeout = '30s'; SET jit = off; SET enable_seqscan = off"

// clientOnly are options of libpq that concern the client alone; pgx would
// send them to the server, which does not know them.
var clientOnly = []string{"keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count", "tcp_user_timeout",
	"gssencmode", "krbsrvname", "gsslib", "requirepeer", "sslcompression", "sslcrl", "sslcrldir", "load_balance_hosts",
	"client_encoding", "async_fallback", "prepared_statement_cache_size"}

// postgres is the URL as pgx reads it. It looks at the environment and the
// files of PostgreSQL's own clients for what is left out.
func (s *serverURL) postgres() string {
	options := url.Values{}
	for name, values := range s.options {
		options[name] = values
	}
	for _, name := range clientOnly {
		options.Del(name)
	}
	if name := options.Get("dbname"); name != "" && s.database == "" {
		options.Set("database", name)
	}
	options.Del("dbname")
	u := url.URL{Scheme: "postgres", Path: "/" + s.database, RawQuery: options.Encode()}
	switch {
	case s.port != "":
		u.Host = hostForURL(s.host) + ":" + s.port
	default:
		u.Host = hostForURL(s.host)
	}
	switch {
	case s.password != "":
		u.User = url.UserPassword(s.user, s.password)
	case s.user != "":
		u.User = url.User(s.user)
	}
	return u.String()
}

// hostForURL writes an IPv6 address in brackets.
func hostForURL(host string) string {
	if strings.Contains(host, ":") {
		return "[" + host + "]"
	}
	return host
}

// anyState reports whether err is the server's, with one of the SQLSTATEs.
func anyState(err error, states ...string) bool {
	var failure *pgconn.PgError
	if !errors.As(err, &failure) {
		return false
	}
	for _, state := range states {
		if failure.Code == state {
			return true
		}
	}
	return false
}

// lostPostgres reports whether the connection is gone. The server itself says
// so while it starts and stops, and when it has no connection to give.
func lostPostgres(err error) bool {
	var failure *pgconn.PgError
	if errors.As(err, &failure) {
		return strings.HasPrefix(failure.Code, "08") || anyState(err, "57P01", "57P02", "57P03", "53300", "25P03", "57P05")
	}
	var connect *pgconn.ConnectError
	return errors.As(err, &connect) || pgconn.SafeToRetry(err) || lostConnection(err)
}

// advisePostgres adds what to do about the failures that a user can mend.
func advisePostgres(err error) error {
	hint := ""
	switch {
	case anyState(err, "28P01", "28000"):
		hint = "the server refuses the user or password: write them into ~/.pgpass or PGPASSWORD, or into the URL"
	case anyState(err, "3D000"):
		hint = "there is no such database: createdb makes one"
	case anyState(err, "42501"):
		hint = "the user lacks a right: GRANT it, or make the user the owner of the database"
	case anyState(err, "53100"):
		hint = "the server's disk is full: nothing was written; free space and run again"
	case anyState(err, "25006"):
		hint = "the database is read-only, a standby perhaps: name its primary server"
	case anyState(err, "53300"):
		hint = "the server has no connection left: raise its max_connections or run fewer workers"
	case lostPostgres(err):
		hint = "the server does not answer: look whether it runs and whether host and port are right"
	}
	return hinted(hint, err)
}

// hinted puts a hint before an error.
func hinted(hint string, err error) error {
	if hint == "" {
		return err
	}
	return fmt.Errorf("%s (%w)", hint, err)
}
