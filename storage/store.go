package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strconv"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// sqlStore is a [search.Store] on a database.
type sqlStore struct {
	*dialect
	// write and read are pools of connections. On SQLite the writing one has
	// one connection: the goroutines of a process queue there in order and
	// honour their contexts, instead of polling for SQLite's lock.
	write, read *gorm.DB
	// machine is the clock where the database has none of its own.
	machine func() time.Time
	// name is the database in messages.
	name string
	// secrets are removed from every message.
	secrets []string
	// relaxed are the options of a transaction that need not wait for the
	// disk, snapshot those of one that only reads, and single those of one that
	// reads by one statement, nil where that needs none.
	relaxed, snapshot, single *sql.TxOptions
	retry                     retryPolicy
	closers                   []func() error
	lock                      lockWatch
}

var _ search.Store = (*sqlStore)(nil)

// Close implements [search.Store].
func (s *sqlStore) Close() error {
	var errs []error
	for _, f := range s.closers {
		errs = append(errs, f())
	}
	return errors.Join(errs...)
}

// update runs f in a write transaction; doing says what for, in messages.
// What it wrote is on the disk when update returns. f may run several times.
func (s *sqlStore) update(ctx context.Context, doing string, f func(tx *gorm.DB) error) error {
	return s.attempt(ctx, doing, func(ctx context.Context) error { return s.write.WithContext(ctx).Transaction(f) })
}

// note is update without waiting for the disk, where the database can do
// that, for what concerns a trial that is not finished. The death of a process
// loses nothing of it. A loss of power may take back the notes since the last
// update, the latest first: trials then go on from where they were shortly
// before.
func (s *sqlStore) note(ctx context.Context, doing string, f func(tx *gorm.DB) error) error {
	return s.attempt(ctx, doing, func(ctx context.Context) error {
		return s.write.WithContext(ctx).Transaction(f, options(s.relaxed)...)
	})
}

// view runs f on one snapshot of the database. f may run several times.
func (s *sqlStore) view(ctx context.Context, doing string, f func(tx *gorm.DB) error) error {
	return s.attempt(ctx, doing, func(ctx context.Context) error {
		return s.read.WithContext(ctx).Transaction(f, options(s.snapshot)...)
	})
}

// glance runs f, which reads by one statement, outside of a transaction: that
// is one round trip. f may run several times.
func (s *sqlStore) glance(ctx context.Context, doing string, f func(db *gorm.DB) error) error {
	return s.attempt(ctx, doing, func(ctx context.Context) error {
		db := s.read.WithContext(ctx)
		if s.single != nil {
			return db.Transaction(f, s.single)
		}
		return f(db)
	})
}

// options are the options of gorm's Transaction: none for nil.
func options(o *sql.TxOptions) []*sql.TxOptions {
	if o == nil {
		return nil
	}
	return []*sql.TxOptions{o}
}

// now is the database's time.
func (s *sqlStore) now(tx *gorm.DB) (time.Time, error) {
	if s.clock == "" {
		return s.machine(), nil
	}
	var us int64
	err := tx.Raw("SELECT " + s.clock).Scan(&us).Error
	return time.UnixMicro(us), err
}

// nowSQL is an expression for the store's time in microseconds since 1970. Where
// that is the machine's, its text is another one each time: a frequent statement
// has it as an argument.
func (s *sqlStore) nowSQL() string {
	if s.clock == "" {
		return strconv.FormatInt(s.machine().UnixMicro(), 10)
	}
	return s.clock
}

// lockFor takes a lock by the dialect's statement. The row need not exist.
func lockFor(tx *gorm.DB, statement string, id int64) error {
	if statement == "" {
		return nil
	}
	var ids []int64
	return tx.Raw(statement, id).Scan(&ids).Error
}

// ownErrors are the errors that a caller distinguishes. They say what is to
// be said by themselves.
var ownErrors = []error{search.ErrNotFound, search.ErrExists, search.ErrFinished, search.ErrFenced,
	search.ErrNumberTaken, search.ErrNothing, errInput}

func isOwnError(err error) bool {
	for _, known := range ownErrors {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// explain says what was being done when err happened and, where the database
// itself is at fault, which one it is and what helps.
func (s *sqlStore) explain(ctx context.Context, doing string, err error) error {
	if err == nil {
		return nil
	}
	if isOwnError(err) {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if cause := ctx.Err(); cause != nil && !errors.Is(err, cause) {
		err = cause // what an interrupted statement gives
	}
	return scrub(fmt.Errorf("%s in storage %s: %w", doing, s.name, s.advise(err)), s.secrets)
}
