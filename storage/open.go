package storage

import (
	"context"
	"errors"

	"github.com/hpsearch/hpsearch/search"
)

// Open opens the store that url names: sqlite:///relative.db,
// sqlite:////absolute.db, postgresql://user@host/database,
// mysql://user@host/database, or memory: for one that ends with the process. A
// driver suffix (sqlite+pysqlite://) is accepted and ignored.
//
// What a server's URL leaves out is taken from where the database's own
// clients look for it: PGHOST, PGUSER, PGPASSWORD, PGPASSFILE or ~/.pgpass and
// their kin; ~/.my.cnf, MYSQL_HOST, MYSQL_PWD. The database must exist.
//
// A write that finds an SQLite database locked waits for up to 12 hours, see
// [Notify]; ctx ends that as everything else.
//
// A missing SQLite file is created with mode 0600; the folder must exist. A
// database that Optuna made is opened as it is and gets tables of ours beside
// its own. Opening is safe in many processes at once.
func Open(ctx context.Context, url string, options ...Option) (search.Store, error) {
	if InMemory(url) {
		return newMemory(), nil
	}
	s, err := connect(url)
	if err != nil {
		return nil, err
	}
	for _, set := range options {
		set(s)
	}
	if err := s.prepareSchema(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.retry = s.dialect.retry
	return s, nil
}

// An Option changes how a store behaves.
type Option func(*sqlStore)

// Notify names a function that is told, in a line for people, when the store
// waits for long for something that a person may mend: a database that another
// process has locked. It is called from any goroutine, and holds up what waits.
func Notify(tell func(line string)) Option { return func(s *sqlStore) { s.lock.tell = tell } }
