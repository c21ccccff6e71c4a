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
// A missing SQLite file is created with mode 0600; the folder must exist. A
// database that Optuna made is opened as it is and gets tables of ours beside
// its own. Opening is safe in many processes at once.
func Open(ctx context.Context, url string) (search.Store, error) {
	if InMemory(url) {
		return newMemory(), nil
	}
	s, err := connect(url)
	if err != nil {
		return nil, err
	}
	if err := s.prepareSchema(ctx); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.retry = s.dialect.retry
	return s, nil
}
