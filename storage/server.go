package storage

import (
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// connections bounds the connections of a process to a server: one for writes
// and one for long reads are enough, as every transaction is short, and
// servers allow a hundred or so in all.
const connections = 2

// How long a connection is kept that nobody uses, and how long one is used:
// then it is made anew, so that a server that was replaced is found.
const (
	idleTime = 30 * time.Second
	lifeTime = time.Hour
)

// connectTimeout bounds one attempt to connect, unless the URL says otherwise.
const connectTimeout = 10 * time.Second

// openRetry is shorter than serverRetry: who starts a program waits for it.
var openRetry = retryPolicy{limit: 3 * time.Second, full: 30 * time.Second, first: 50 * time.Millisecond, longest: time.Second, conflicts: serverRetry.conflicts}

// connectServer makes the pool of connections to a database on a server.
func connectServer(u *serverURL) (*sqlStore, error) {
	s := &sqlStore{name: u.name(), machine: time.Now, retry: openRetry, secrets: u.secrets(), snapshot: &sql.TxOptions{
		Isolation: sql.LevelRepeatableRead, ReadOnly: true,
	}}
	var db *sql.DB
	var dialector gorm.Dialector
	var err error
	if u.dialect == postgresName {
		s.dialect = postgresDialect
		db, dialector, err = openPostgres(u, s)
	} else {
		own := *mysqlDialect // what the server understands is found out
		own.fast = &mysqlWrites{}
		s.dialect = &own
		db, dialector, err = openMySQL(u, s)
	}
	if err != nil {
		return nil, scrub(fmt.Errorf("open storage %s: %w", s.name, err), s.secrets)
	}
	db.SetMaxOpenConns(connections)
	db.SetMaxIdleConns(1)
	db.SetConnMaxIdleTime(idleTime)
	db.SetConnMaxLifetime(lifeTime)
	s.closers = append(s.closers, db.Close)
	s.write, err = gorm.Open(dialector, &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard,
	})
	s.read = s.write
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// lostConnection reports whether err is of the network: the connection broke
// or could not be made. What a server says about that is up to its dialect.
func lostConnection(err error) bool {
	var network net.Error
	for _, target := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNREFUSED, syscall.ECONNRESET,
		syscall.EPIPE, syscall.ETIMEDOUT, syscall.EHOSTUNREACH, syscall.ENETUNREACH, syscall.ENOENT, sql.ErrConnDone,
		driver.ErrBadConn} {
		if errors.Is(err, target) {
			return true
		}
	}
	return errors.As(err, &network)
}
