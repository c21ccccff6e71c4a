package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"sync"

	"gorm.io/gorm"
)

// pool is the gorm.ConnPool of a store: a fixed number of sessions, each one
// connection with its prepared statements. A transaction takes a session,
// waiting in turn with its context when all are taken.
//
// gorm's own cache of prepared statements prepares anew in each transaction
// what was first prepared in another, which is a third of the time of a short
// one.
type pool struct {
	db     *sql.DB
	setup  string        // what every connection begins with
	begin  string        // the statement that begins a transaction
	writes bool          // transactions may write
	free   chan struct{} // as many as there are idle sessions

	mu   sync.Mutex
	idle []*session // the last one used is the next one used: it has its statements
}

var (
	_ gorm.ConnPoolBeginner = (*pool)(nil)
	_ gorm.GetDBConnector   = (*pool)(nil)
	_ gorm.TxCommitter      = (*transaction)(nil)
)

// maxStatements bounds the prepared statements of a session; the store has
// some 40, a few of them once for each number of rows.
const maxStatements = 200

func newPool(db *sql.DB, sessions int, setup, begin string) *pool {
	p := &pool{db: db, setup: setup, begin: begin, free: make(chan struct{}, sessions)}
	for range sessions {
		p.put(&session{})
	}
	db.SetMaxIdleConns(0) // what is used outside of a session is used once
	return p
}

// take waits for a session.
func (p *pool) take(ctx context.Context) (*session, error) {
	select {
	case <-p.free:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	last := len(p.idle) - 1
	s := p.idle[last]
	p.idle = p.idle[:last]
	return s, nil
}

// put gives a session to the next that takes one.
func (p *pool) put(s *session) {
	p.mu.Lock()
	p.idle = append(p.idle, s)
	p.mu.Unlock()
	p.free <- struct{}{}
}

// GetDBConn implements [gorm.GetDBConnector].
func (p *pool) GetDBConn() (*sql.DB, error) { return p.db, nil }

// PrepareContext implements [gorm.ConnPool], as the next three do, outside of
// a transaction and on a connection of its own.
func (p *pool) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return p.db.PrepareContext(ctx, query)
}

// ExecContext implements [gorm.ConnPool].
func (p *pool) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return p.db.ExecContext(ctx, query, args...)
}

// QueryContext implements [gorm.ConnPool].
func (p *pool) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	return p.db.QueryContext(ctx, query, args...)
}

// QueryRowContext implements [gorm.ConnPool].
func (p *pool) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return p.db.QueryRowContext(ctx, query, args...)
}

// relaxed are the options of a transaction whose end does not wait for the
// disk. SQLite has no isolation levels; the lowest one stands for it here.
var relaxed = &sql.TxOptions{Isolation: sql.LevelReadUncommitted}

// single are the options of what is no transaction at all, but a session for
// one statement, which is one by itself.
var single = &sql.TxOptions{ReadOnly: true}

// BeginTx implements [gorm.ConnPoolBeginner]; the options are nil, relaxed or
// single.
func (p *pool) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s, err := p.take(ctx)
	if err != nil {
		return nil, err
	}
	durable := p.writes && options == nil
	err = s.connect(ctx, p.db, p.setup)
	if err == nil && p.writes && options != single {
		err = s.synchronize(ctx, durable)
	}
	if err == nil && options != single {
		_, err = s.exec(ctx, p.begin)
	}
	if err != nil {
		// An interrupted BEGIN may have begun: a new connection has not.
		err = errors.Join(err, s.close())
		p.put(s)
		return nil, err
	}
	return &transaction{session: s, pool: p, ctx: context.WithoutCancel(ctx), open: options != single, durable: durable}, nil
}

// close closes the sessions, waiting for the transactions that run.
func (p *pool) close() error {
	var errs []error
	for range cap(p.free) {
		s, err := p.take(context.Background())
		if err == nil {
			err = s.close()
		}
		errs = append(errs, err)
	}
	return errors.Join(append(errs, p.db.Close())...)
}

// session is a connection that one transaction at a time uses. It connects
// when it is first used.
type session struct {
	conn       *sql.Conn
	statements map[string]*sql.Stmt
	relaxed    bool     // commits do not wait for the disk
	log        *os.File // the write-ahead log, to wait for the disk after a commit; nil: not known
}

func (s *session) connect(ctx context.Context, db *sql.DB, setup string) error {
	if s.conn != nil {
		return nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	if _, err := conn.ExecContext(ctx, setup); err != nil {
		return errors.Join(err, conn.Close())
	}
	s.conn, s.statements, s.relaxed = conn, map[string]*sql.Stmt{}, false
	return nil
}

// synchronize prepares for a transaction whose end waits for the disk, or does
// not. Where there is a write-ahead log, commits of the connection never wait:
// who has to waits for the log, after the commit and so without the lock.
// That covers what was not waited for before, too, and others write meanwhile.
func (s *session) synchronize(ctx context.Context, durable bool) error {
	if s.log != nil {
		return nil
	}
	if durable {
		if err := s.openLog(ctx); err != nil {
			return err
		}
	}
	relax := !durable || s.log != nil
	if s.relaxed == relax {
		return nil
	}
	mode := "FULL"
	if relax {
		mode = "NORMAL"
	}
	if _, err := s.conn.ExecContext(ctx, "PRAGMA synchronous = "+mode); err != nil {
		return err
	}
	s.relaxed = relax
	return nil
}

// openLog opens the write-ahead log if the connection has one. That stays the
// same file while the connection is open: nobody else can leave the mode.
func (s *session) openLog(ctx context.Context) error {
	var mode, file string
	err := s.conn.QueryRowContext(ctx, "SELECT journal_mode, file FROM pragma_journal_mode, pragma_database_list WHERE name = 'main'").Scan(&mode, &file)
	if err != nil || mode != "wal" {
		return err
	}
	log, err := os.OpenFile(file+"-wal", os.O_RDWR, 0)
	if err == nil {
		s.log = log
	}
	return nil // without it SQLite waits for the disk itself
}

// close gives the connection up; the session may connect again.
func (s *session) close() error {
	if s.conn == nil {
		return nil
	}
	err := s.forget()
	if s.log != nil {
		err = errors.Join(err, s.log.Close())
		s.log = nil
	}
	conn := s.conn
	s.conn = nil
	return errors.Join(err, conn.Close())
}

// forget closes the prepared statements.
func (s *session) forget() error {
	var errs []error
	for _, stmt := range s.statements {
		errs = append(errs, stmt.Close())
	}
	clear(s.statements)
	return errors.Join(errs...)
}

func (s *session) prepare(ctx context.Context, query string) (*sql.Stmt, error) {
	if stmt, ok := s.statements[query]; ok {
		return stmt, nil
	}
	if len(s.statements) >= maxStatements {
		if err := s.forget(); err != nil {
			return nil, err
		}
	}
	stmt, err := s.conn.PrepareContext(ctx, query)
	if err == nil {
		s.statements[query] = stmt
	}
	return stmt, err
}

func (s *session) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	stmt, err := s.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.ExecContext(ctx, args...)
}

// transaction is a session between BEGIN and COMMIT or ROLLBACK. One
// goroutine uses it.
type transaction struct {
	*session
	pool    *pool
	ctx     context.Context // without the caller's deadline: for the end
	open    bool            // it has begun
	durable bool            // its end waits for the disk
}

// PrepareContext implements [gorm.ConnPool]. The caller closes the statement.
func (t *transaction) PrepareContext(ctx context.Context, query string) (*sql.Stmt, error) {
	return t.conn.PrepareContext(ctx, query)
}

// ExecContext implements [gorm.ConnPool].
func (t *transaction) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	return t.exec(ctx, query, args...)
}

// QueryContext implements [gorm.ConnPool].
func (t *transaction) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	stmt, err := t.prepare(ctx, query)
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, args...)
}

// QueryRowContext implements [gorm.ConnPool].
func (t *transaction) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	return t.conn.QueryRowContext(ctx, query, args...)
}

// script executes several statements.
func (t *transaction) script(ctx context.Context, text string) error {
	_, err := t.conn.ExecContext(ctx, text)
	return err
}

// errEnded is the second end of a transaction.
var errEnded = fmt.Errorf("transaction: %w", sql.ErrTxDone)

// Commit implements [gorm.TxCommitter]. Nothing is left of a transaction that
// could not be committed; one that was, but for which the disk failed, may be
// lost with the machine's power.
func (t *transaction) Commit() error {
	if t.session == nil {
		return errEnded
	}
	if !t.open {
		t.release()
		return nil
	}
	if _, err := t.exec(t.ctx, "COMMIT"); err != nil {
		return errors.Join(err, t.Rollback())
	}
	defer t.release()
	if t.durable && t.log != nil {
		return syncData(t.log)
	}
	return nil
}

// Rollback implements [gorm.TxCommitter]. SQLite itself rolls back on some
// errors, a full disk for one: then there is nothing to do.
func (t *transaction) Rollback() error {
	if t.session == nil {
		return errEnded
	}
	defer t.release()
	if !t.open {
		return nil
	}
	if _, err := t.exec(t.ctx, "ROLLBACK"); err != nil {
		return t.close() // a connection in doubt is given up, and rolls back
	}
	return nil
}

// release gives the session to the next transaction.
func (t *transaction) release() {
	s := t.session
	t.session = nil
	t.pool.put(s)
}
