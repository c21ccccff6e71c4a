package storage

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/logger"
	_ "modernc.org/sqlite" // the driver "sqlite": pure Go, 2 ms to start
	lib "modernc.org/sqlite/lib"
)

// busyTimeout is how long a transaction waits for another process's before
// that is worth a word. Ours last well under a millisecond; Optuna's tens of
// them.
const busyTimeout = 30 * time.Second

// sqliteRetry waits for a process that was suspended in the middle of a write:
// over night, say. Waiting costs nothing, and what a worker has computed
// meanwhile would be lost without.
var sqliteRetry = retryPolicy{locked: 12 * time.Hour, first: 50 * time.Millisecond, grace: time.Second}

// checkpoint is after how many pages the write-ahead log is copied to the file,
// by whoever writes: 16 MB instead of SQLite's 4, which is a quarter as often,
// and a trial writes 25, mostly the same ones. As many are found in the log by
// one table of its index (4,062).
const checkpoint = "&_pragma=wal_autocheckpoint(4000)"

// readers bounds the connections that read beside the writing one.
const readers = 4

// connectSQLite opens or creates the database file at the absolute path.
// A file that may only be read, of another user perhaps, is opened for that.
func connectSQLite(path string) (*sqlStore, error) { return connectBusy(path, busyTimeout) }

// connectBusy is connectSQLite with another busyTimeout.
func connectBusy(path string, busy time.Duration) (*sqlStore, error) {
	if err := createFile(path); err != nil {
		if s, readErr := connectReadOnly(path); readErr == nil {
			return s, nil
		}
		return nil, err
	}
	s := &sqlStore{dialect: sqliteDialect, name: path, machine: time.Now, relaxed: relaxed, single: single}
	var err error
	// IMMEDIATE takes the write lock when a transaction begins: one that reads
	// first and then finds the lock taken could not wait for it.
	if s.write, err = openPool(path, 1, busy, sqliteTriggers, "BEGIN IMMEDIATE", "&mode=rw&_pragma=temp_store(memory)"+checkpoint); err == nil {
		writer := s.write.ConnPool.(*pool)
		writer.writes = true
		s.closers = append(s.closers, writer.close)
		s.read, err = openPool(path, readers, busy, "", "BEGIN", "&mode=rw&_pragma=query_only(1)")
	}
	if err == nil {
		s.closers = append(s.closers, s.read.ConnPool.(*pool).close)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open storage %s: %w", path, adviseSQLite(err)), s.Close())
	}
	return s, nil
}

// connectReadOnly opens a file that can be read and not be written.
func connectReadOnly(path string) (*sqlStore, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	if info, err := f.Stat(); err != nil || info.IsDir() {
		return nil, errors.Join(err, fs.ErrInvalid, f.Close())
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	// Beside a file in write-ahead mode SQLite makes others, which it may not
	// do here. Without a log nobody writes, and it can do without them.
	options := "&_pragma=query_only(1)&mode=ro"
	if _, err := os.Stat(path + "-wal"); errors.Is(err, fs.ErrNotExist) {
		options += "&immutable=1"
	}
	s := &sqlStore{dialect: sqliteDialect, name: path, machine: time.Now, single: single}
	if s.read, err = openPool(path, readers, busyTimeout, "", "BEGIN", options); err != nil {
		return nil, err
	}
	s.write, err = openPool(path, 1, busyTimeout, "", "BEGIN IMMEDIATE", options)
	s.closers = append(s.closers, s.read.ConnPool.(*pool).close)
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.closers = append(s.closers, s.write.ConnPool.(*pool).close)
	return s, nil
}

// createFile makes sure that path is a file that can be written, and creates
// it for its owner only: a study may name private paths.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	}
	if err == nil {
		return f.Close()
	}
	reason := err
	var pathErr *fs.PathError
	if errors.As(err, &pathErr) {
		reason = pathErr.Err
	}
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return fmt.Errorf("storage %s is a folder: name a file in it", path)
	}
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errNotDir) {
		return fmt.Errorf("storage %s: the folder %s does not exist: create it or choose another --storage", path, filepath.Dir(path))
	}
	return fmt.Errorf("storage %s cannot be written (%w): mend the permissions of the file and its folder, or choose another --storage", path, reason)
}

// openPool returns a pool of sessions. Nothing is opened yet.
func openPool(path string, sessions int, busy time.Duration, setup, begin, options string) (*gorm.DB, error) {
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String() + fmt.Sprintf(
		"?_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)%s", busy.Milliseconds(), options)
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	return gorm.Open(sqliteDialector{conn: newPool(db, sessions, setup, begin)}, &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard,
	})
}

// sqliteDialect needs no locks of rows: a transaction that writes has the
// whole database.
var sqliteDialect = &dialect{
	name: sqliteName,
	// julianday is exact to a millisecond only.
	micros: "CAST(strftime('%%s', %[1]s) AS INTEGER) * 1000000 + CAST(substr(substr(%[1]s, 21) || '000000', 1, 6) AS INTEGER)",
	beat: `INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (?, ?)
		ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat`,
	beatArgument: func(now time.Time, lease time.Duration) any { return utc(now.Add(lease)) },
	lost:         func(error) bool { return false },
	locked:       func(err error) bool { return resultCode(err) == lib.SQLITE_BUSY },
	conflict:     func(error) bool { return false },
	duplicate:    func(error) bool { return false }, // one writer sees what is there
	advise:       adviseSQLite,
	retry:        sqliteRetry,
	fast:         sqliteWrites{},
}

// useWAL switches the file to write-ahead logging, in which readers and the
// writer do not wait for each other. The mode stays with the file. SQLite
// does not wait for a lock here, so that we do; after that the file is used
// in the mode that it has, which is slower and just as safe.
func (s *sqlStore) useWAL(ctx context.Context) error {
	const attempts, pause = 100, 10 * time.Millisecond
	for range attempts {
		var mode string
		err := s.write.WithContext(ctx).Raw("PRAGMA journal_mode = WAL").Scan(&mode).Error
		if err == nil {
			return nil
		}
		if resultCode(err) != lib.SQLITE_BUSY {
			return s.explain(ctx, "switch to write-ahead logging", err)
		}
		if !wait(ctx, pause) {
			return ctx.Err()
		}
	}
	return nil
}
