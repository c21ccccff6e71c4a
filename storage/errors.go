package storage

import (
	"errors"
	"fmt"
	"syscall"

	"modernc.org/sqlite"
	lib "modernc.org/sqlite/lib"
)

// errNotDir is what opening a path below a file gives.
const errNotDir = syscall.ENOTDIR

// adviseSQLite adds what to do about the failures of SQLite that a user can mend.
func adviseSQLite(err error) error {
	hint := ""
	code := resultCode(err)
	var failure *sqlite.Error
	if errors.As(err, &failure) && failure.Code() == lib.SQLITE_IOERR_SHMSIZE {
		code = lib.SQLITE_FULL // no room for the memory that processes share
	}
	switch code {
	case lib.SQLITE_NOTADB:
		hint = "the file is not an SQLite database: restore it from a copy or choose another --storage"
	case lib.SQLITE_CORRUPT:
		hint = "the database is damaged: restore it from a copy, or try sqlite3's .recover"
	case lib.SQLITE_FULL:
		hint = "the disk is full: nothing was written; free space and run again"
	case lib.SQLITE_READONLY, lib.SQLITE_CANTOPEN, lib.SQLITE_PERM:
		hint = "the file and its folder must be writable"
	case lib.SQLITE_BUSY:
		hint = "another process has held the database for over " + busyTimeout.String() + ": " + lockedAdvice
	case lib.SQLITE_IOERR:
		hint = "reading or writing the file failed: look at the disk and the space left on it"
	}
	if hint == "" {
		return err
	}
	return fmt.Errorf("%s (%w)", hint, err)
}

// resultCode returns SQLite's primary result code, the low byte of the code,
// and 0 when err is not SQLite's.
func resultCode(err error) int {
	var failure *sqlite.Error
	if !errors.As(err, &failure) {
		return 0
	}
	return failure.Code() & 0xff
}

// errInput marks what a caller passed and the store refuses.
var errInput = errors.New("refused")

// inputError is a refusal in the words of the refusal alone.
type inputError struct{ error }

func (inputError) Is(target error) bool { return target == errInput }
func (e inputError) Unwrap() error      { return e.error }

// refuse returns an error about what the caller passed.
func refuse(format string, args ...any) error {
	return inputError{fmt.Errorf(format, args...)}
}
