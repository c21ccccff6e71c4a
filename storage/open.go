package storage

import (
	"context"

	"github.com/hpsearch/hpsearch/search"
)

// Open opens the store that url names: sqlite:///relative.db,
// sqlite:////absolute.db, or memory: for one that ends with the process. A
// driver suffix (sqlite+pysqlite://) is accepted and ignored.
//
// A missing SQLite file is created with mode 0600; the folder must exist. A
// database that Optuna made is opened as it is and gets tables of ours beside
// its own. Opening is safe in many processes at once.
func Open(ctx context.Context, url string) (search.Store, error) {
	loc, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if loc.memory {
		return newMemory(), nil
	}
	path, err := Path(url)
	if err != nil {
		return nil, err
	}
	return openSQLite(ctx, path)
}
