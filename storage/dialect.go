package storage

import (
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// The names of the dialects, which are also the folders of their migrations
// and the schemes of their URLs.
const (
	sqliteName   = "sqlite"
	postgresName = "postgresql"
	mysqlName    = "mysql"
)

// dialect is what the databases do differently. Everything else is SQL that
// all of them understand.
//
// Locks are taken in one order, study before trial, and a statement that takes
// one reads nothing else: what a later statement of the transaction reads is
// then at least as new as the lock.
type dialect struct {
	name string
	// clock is an expression for the database's time in microseconds since
	// 1970; empty: the clock of the machine is the database's.
	clock string
	// micros is the format of an expression for the microseconds from 1970 to
	// the time in a column, in UTC.
	micros string
	// lockStudy and lockTrial lock a row by its id until the end of the
	// transaction; empty where the transaction as a whole holds a lock.
	lockStudy, lockTrial string
	// tryTrial is lockTrial that finds no row when somebody else has it.
	tryTrial string
	// beat sets Optuna's heartbeat of a trial to the end of its lease. Its
	// arguments are the trial and what beatArgument returns.
	beat         string
	beatArgument func(now time.Time, lease time.Duration) any
	// lost reports whether err means that the connection is gone or could not
	// be made: what was asked for may or may not have been done.
	lost func(err error) bool
	// full reports whether err says that the server has no connection left, in
	// which case it is lost, too; nil: that cannot be.
	full func(err error) bool
	// locked reports whether err says that another process holds the database,
	// so that nothing was done; nil: that cannot be.
	locked func(err error) bool
	// conflict reports whether err means that the transaction was undone
	// because of another one: a deadlock, for example.
	conflict func(err error) bool
	// duplicate reports whether err is the breach of a unique index.
	duplicate func(err error) bool
	// advise adds what to do about a failure that a user can mend.
	advise func(err error) error
	// retry is how an open store repeats what failed without a fault of its
	// own; the zero value does not.
	retry retryPolicy
	// fast does the frequent writes in one round trip each; nil: there is no
	// such thing.
	fast fastWrites
}

// fastWrites are the writes of a trial's life in one round trip each, which is
// also one transaction. A method that returns false has changed nothing: then
// the several statements of the general way find out why, and say so.
type fastWrites interface {
	start(db *gorm.DB, n newRow, claim *search.Claim) (done bool, err error)
	renew(db *gorm.DB, c search.Claim, lease time.Duration) (done bool, err error)
	report(db *gorm.DB, c search.Claim, r search.Report, metrics string) (done bool, err error)
	finish(db *gorm.DB, c search.Claim, o search.Outcome, own ownTrialRow) (done bool, err error)
}

// newRow is a trial to be started, checked and encoded.
type newRow struct {
	claim  search.Claim // without the trial's id, perhaps with NextNumber
	limit  int
	lease  time.Duration
	params []paramRow
	attrs  []userAttrRow
	token  int64
}
