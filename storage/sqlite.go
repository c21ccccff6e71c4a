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
)

// busyTimeout is how long a transaction waits for another process's. Ours
// last well under a millisecond; Optuna's tens of them.
const busyTimeout = 30 * time.Second

// readers bounds the connections that read beside the writing one.
const readers = 4

// sqlStore is a [search.Store] on a database. Writes go through a pool of one
// connection: the goroutines of a process queue there in order and honour
// their contexts, instead of polling for SQLite's lock.
type sqlStore struct {
	write, read *gorm.DB
	// now is the database's clock. SQLite has none of its own: it is the
	// clock of the machine, which all processes on the file share.
	now func() time.Time
	// name is the database in messages.
	name string
}

// openSQLite opens or creates the database file at the absolute path.
func openSQLite(ctx context.Context, path string) (*sqlStore, error) {
	if err := createFile(path); err != nil {
		return nil, err
	}
	s := &sqlStore{name: path, now: time.Now}
	var err error
	// IMMEDIATE takes the write lock when a transaction begins: one that reads
	// first and then finds the lock taken could not wait for it.
	if s.write, err = openPool(path, 1, busyTimeout, "BEGIN IMMEDIATE", ""); err == nil {
		s.read, err = openPool(path, readers, busyTimeout, "BEGIN", "&_pragma=query_only(1)")
	}
	if err == nil {
		err = s.prepareSchema(ctx)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open storage %s: %w", path, advise(err)), s.Close())
	}
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
func openPool(path string, sessions int, busy time.Duration, begin, options string) (*gorm.DB, error) {
	dsn := (&url.URL{Scheme: "file", Path: filepath.ToSlash(path)}).String() + fmt.Sprintf(
		"?mode=rw&_pragma=busy_timeout(%d)&_pragma=foreign_keys(1)%s", busy.Milliseconds(), options)
	db, err := sql.Open("sqlite", dsn)
	if err != nil {
		return nil, err
	}
	return gorm.Open(sqliteDialector{conn: newPool(db, sessions, begin)}, &gorm.Config{
		SkipDefaultTransaction: true,
		DisableAutomaticPing:   true,
		Logger:                 logger.Discard,
	})
}

// Close implements [search.Store].
func (s *sqlStore) Close() error {
	var errs []error
	for _, db := range []*gorm.DB{s.read, s.write} {
		if db != nil {
			errs = append(errs, db.ConnPool.(*pool).close())
		}
	}
	return errors.Join(errs...)
}

// update runs f in a write transaction; doing says what for, in messages.
// What it wrote is on the disk when update returns.
func (s *sqlStore) update(ctx context.Context, doing string, f func(tx *gorm.DB) error) error {
	return s.explain(ctx, doing, s.write.WithContext(ctx).Transaction(f))
}

// note is update without waiting for the disk, for what concerns a trial that
// is not finished. The death of a process loses nothing of it. A loss of power
// may take back the notes since the last update, the latest first: trials
// then go on from where they were shortly before.
func (s *sqlStore) note(ctx context.Context, doing string, f func(tx *gorm.DB) error) error {
	return s.explain(ctx, doing, s.write.WithContext(ctx).Transaction(f, relaxed))
}

// view runs f on one snapshot of the database.
func (s *sqlStore) view(ctx context.Context, doing string, f func(tx *gorm.DB) error) error {
	return s.explain(ctx, doing, s.read.WithContext(ctx).Transaction(f))
}
