package storage

import (
	"context"
	"embed"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"gorm.io/gorm"
	lib "modernc.org/sqlite/lib"
)

// The versions that this build reads and writes. optunaRevision is the
// alembic revision of Optuna's tables; schemaVersion counts the numbered
// migrations of the tables named hpsearch_.
const (
	optunaRevision = "v3.2.0.a"
	schemaVersion  = 1
)

//go:embed migrations
var migrations embed.FS

// schemaState is what a database holds.
type schemaState struct {
	Revision string // alembic's; "" when there is no such table or row
	Version  int    // of the hpsearch_ tables; 0: none
	tables   int
}

// prepareSchema checks the version of the schema, one query when it is right,
// and creates what is missing.
func (s *sqlStore) prepareSchema(ctx context.Context) error {
	var state schemaState
	err := s.read.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		return tx.Raw("SELECT v.version, a.version_num AS revision FROM hpsearch_version v, alembic_version a").Scan(&state).Error
	})
	if err == nil && state.Version == schemaVersion && state.Revision == optunaRevision {
		return nil
	}
	if err != nil && !isMissingTable(err) {
		return err
	}
	err = s.write.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		state, err := inspectSchema(tx)
		if err != nil {
			return err
		}
		return migrate(tx, state)
	})
	if err != nil {
		return err
	}
	return s.useWAL(ctx)
}

// isMissingTable reports whether err is SQLite's "no such table", which has
// no result code of its own.
func isMissingTable(err error) bool {
	return resultCode(err) == lib.SQLITE_ERROR && strings.Contains(err.Error(), "no such table")
}

// inspectSchema finds out what the database holds, under the write lock.
func inspectSchema(tx *gorm.DB) (schemaState, error) {
	var state schemaState
	var names []string
	if err := tx.Raw("SELECT name FROM sqlite_master WHERE type = 'table'").Scan(&names).Error; err != nil {
		return state, err
	}
	state.tables = len(names)
	for _, name := range names {
		var err error
		switch name {
		case "alembic_version":
			err = tx.Raw("SELECT version_num FROM alembic_version").Scan(&state.Revision).Error
		case "hpsearch_version":
			err = tx.Raw("SELECT version FROM hpsearch_version").Scan(&state.Version).Error
		}
		if err != nil {
			return state, err
		}
	}
	return state, nil
}

// migrate brings the database from state to the current version. The caller
// holds the write lock: of several processes the first one migrates and the
// others find nothing left to do.
func migrate(tx *gorm.DB, state schemaState) error {
	switch {
	case state.tables == 0:
		if err := runScript(tx, "optuna_"+optunaRevision+".sql"); err != nil {
			return err
		}
	case state.Revision == "":
		return refuse("the file is a database of something else than Optuna or hpsearch: choose another --storage")
	case state.Revision > optunaRevision:
		return refuse("the database was made by a newer Optuna (schema %s, this build knows %s): use a newer hpsearch", state.Revision, optunaRevision)
	case state.Revision < optunaRevision:
		return refuse("the database was made by an old Optuna (schema %s): run `optuna storage upgrade` (Optuna 3.2 or later) on it first", state.Revision)
	case state.Version > schemaVersion:
		return refuse("the database was made by a newer hpsearch (schema %d, this build knows %d): use that version", state.Version, schemaVersion)
	}
	for version := state.Version + 1; version <= schemaVersion; version++ {
		names, err := fs.Glob(migrations, fmt.Sprintf("migrations/sqlite/%04d_*.sql", version))
		if err != nil || len(names) != 1 {
			return fmt.Errorf("migration %d: %d scripts in this build", version, len(names))
		}
		if err := runScript(tx, strings.TrimPrefix(names[0], "migrations/sqlite/")); err != nil {
			return err
		}
		if err := tx.Exec("UPDATE hpsearch_version SET version = ?", version).Error; err != nil {
			return err
		}
	}
	return nil
}

// runScript executes an embedded script.
func runScript(tx *gorm.DB, name string) error {
	text, err := migrations.ReadFile("migrations/sqlite/" + name)
	if err == nil {
		err = tx.Statement.ConnPool.(*transaction).script(tx.Statement.Context, string(text))
	}
	if err != nil {
		return fmt.Errorf("migration %s: %w", name, err)
	}
	return nil
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
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
		}
	}
	return nil
}
