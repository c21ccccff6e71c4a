package storage

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	mysqldriver "github.com/go-sql-driver/mysql"
	"gorm.io/gorm"
	lib "modernc.org/sqlite/lib"
)

// The versions that this build reads and writes. optunaRevision is the
// alembic revision of Optuna's tables; schemaVersion counts the numbered
// migrations of the tables named hpsearch_.
const (
	optunaRevision = "v3.2.0.a"
	schemaVersion  = 2
)

// migrations has a folder for each dialect: Optuna's own tables, and numbered
// scripts for ours, each of which leads to the version of its number.
//
//go:embed migrations
var migrations embed.FS

// schemaState is what a database holds.
type schemaState struct {
	Revision string // alembic's; "" when there is no such table or row
	Version  int    // of the hpsearch_ tables; 0: none
	tables   []string
}

// prepareSchema checks the version of the schema, one query when it is right.
// It makes the tables of an empty database, and adds ours to Optuna's; a
// database of an older hpsearch is left for [Upgrade].
func (s *sqlStore) prepareSchema(ctx context.Context) error {
	var state schemaState
	err := s.attempt(ctx, "look at the schema", func(ctx context.Context) error {
		err := s.read.WithContext(ctx).Raw("SELECT v.version, a.version_num AS revision FROM hpsearch_version v, alembic_version a").Scan(&state).Error
		if isMissingTable(err) {
			state = schemaState{}
			return nil
		}
		return err
	})
	if err != nil || state.Version == schemaVersion && state.Revision == optunaRevision {
		return err
	}
	return s.migrate(ctx, func(state schemaState) error {
		if state.Version > 0 && state.Version < schemaVersion {
			return refuse("the database %s has schema %d of hpsearch, this build wants %d: `hpsearch storage upgrade` brings it there; older versions of hpsearch cannot open it afterwards",
				s.name, state.Version, schemaVersion)
		}
		return nil
	})
}

// isMissingTable reports whether err says that a table does not exist. SQLite
// has no result code of its own for that.
func isMissingTable(err error) bool {
	return resultCode(err) == lib.SQLITE_ERROR && strings.Contains(err.Error(), "no such table") ||
		anyState(err, "42P01") || anyNumber(err, 1146)
}

// inspectSchema finds out what the database holds.
func (s *sqlStore) inspectSchema(tx *gorm.DB) (schemaState, error) {
	var state schemaState
	list := map[string]string{
		sqliteName:   "SELECT name FROM sqlite_master WHERE type = 'table'",
		postgresName: "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()",
		mysqlName:    "SELECT table_name FROM information_schema.tables WHERE table_schema = DATABASE()",
	}[s.dialect.name]
	if err := tx.Raw(list).Scan(&state.tables).Error; err != nil {
		return state, err
	}
	var err error
	if slices.Contains(state.tables, "alembic_version") {
		err = tx.Raw("SELECT version_num FROM alembic_version").Scan(&state.Revision).Error
	}
	if err == nil && slices.Contains(state.tables, "hpsearch_version") {
		err = tx.Raw("SELECT version FROM hpsearch_version").Scan(&state.Version).Error
	}
	return state, err
}

// migrate brings the database to the current version, unless check refuses.
// Of several processes the first one migrates, and the others wait and find
// nothing left to do.
func (s *sqlStore) migrate(ctx context.Context, check func(schemaState) error) error {
	err := s.update(ctx, "prepare the schema", func(tx *gorm.DB) error {
		release, err := s.lockSchema(tx)
		if err != nil {
			return err
		}
		defer release()
		state, err := s.inspectSchema(tx)
		if err != nil {
			return err
		}
		scripts, err := s.pending(state)
		if err == nil {
			err = check(state)
		}
		if err != nil {
			return err
		}
		for _, script := range scripts {
			if err := s.runScript(tx, script); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || s.dialect != sqliteDialect {
		return err
	}
	return s.useWAL(ctx)
}

// lockSchema makes one process at a time migrate. On SQLite the transaction
// itself does, on PostgreSQL its end releases the lock.
func (s *sqlStore) lockSchema(tx *gorm.DB) (release func(), err error) {
	const key = 0x6870736561726368 // "hpsearch"
	var got []int
	switch s.dialect.name {
	case postgresName:
		return func() {}, tx.Exec("SELECT pg_advisory_xact_lock(?)", int64(key)).Error
	case mysqlName:
		// At most 64 characters, which a database's name may have already. MySQL
		// has no MD5 any more.
		const name = "LEFT(CONCAT('hpsearch ', SHA2(DATABASE(), 256)), 64)"
		err := tx.Raw("SELECT GET_LOCK(" + name + ", 60)").Scan(&got).Error
		if err == nil && (len(got) == 0 || got[0] != 1) {
			err = errors.New("another process has been preparing the schema for a minute")
		}
		return func() { tx.Exec("DO RELEASE_LOCK(" + name + ")") }, err // the end of the connection releases it too
	}
	return func() {}, nil
}

// script is a step of a migration.
type script struct {
	name    string
	version int // of hpsearch's tables after it; 0: they are not concerned
}

// pending lists what is to be done from a state on, and refuses what this
// build cannot work with.
func (s *sqlStore) pending(state schemaState) ([]script, error) {
	var scripts []script
	// MySQL cannot undo the making of tables: some may be there already.
	begun := s.dialect.name == mysqlName && slices.Contains(state.tables, "studies")
	switch {
	case len(state.tables) == 0 || state.Revision == "" && begun:
		scripts = append(scripts, script{name: "optuna_" + optunaRevision + ".sql"})
	case state.Revision == "":
		return nil, refuse("the database %s is of something else than Optuna or hpsearch: choose another --storage", s.name)
	case state.Revision > optunaRevision:
		return nil, refuse("the database %s was made by a newer Optuna (schema %s, this build knows %s): use a newer hpsearch", s.name, state.Revision, optunaRevision)
	case state.Revision < optunaRevision:
		return nil, refuse("the database %s was made by an old Optuna (schema %s): run `optuna storage upgrade` (Optuna 3.2 or later) on it first", s.name, state.Revision)
	case state.Version > schemaVersion:
		return nil, refuse("the database %s was made by a newer hpsearch (schema %d, this build knows %d): use that version", s.name, state.Version, schemaVersion)
	}
	entries, err := migrations.ReadDir(path.Join("migrations", s.dialect.name))
	if err != nil {
		return nil, err
	}
	for _, e := range entries { // in the order of their names
		version := 0
		if _, err := fmt.Sscanf(e.Name(), "%04d_", &version); err == nil && version > state.Version && version <= schemaVersion {
			scripts = append(scripts, script{e.Name(), version})
		}
	}
	return scripts, nil
}

// runScript executes an embedded script and notes the version it leads to.
func (s *sqlStore) runScript(tx *gorm.DB, step script) error {
	text, err := migrations.ReadFile(path.Join("migrations", s.dialect.name, step.name))
	if err != nil {
		return err
	}
	statements := []string{string(text)}
	if s.dialect.name == mysqlName { // it takes one at a time
		statements = strings.SplitAfter(string(text), ";\n")
	}
	for _, statement := range statements {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		if t, ok := tx.Statement.ConnPool.(*transaction); ok {
			err = t.script(tx.Statement.Context, statement)
		} else {
			_, err = tx.Statement.ConnPool.ExecContext(tx.Statement.Context, statement)
		}
		if err != nil && !isDone(err) {
			return fmt.Errorf("migration %s: %w", step.name, s.adviseMigration(err))
		}
	}
	if step.version == 0 {
		return nil
	}
	return tx.Exec("UPDATE hpsearch_version SET version = ?", step.version).Error
}

// isDone reports whether err is MySQL's refusal to do again what an
// interrupted migration did.
func isDone(err error) bool {
	var failure *mysqldriver.MySQLError
	return errors.As(err, &failure) && (failure.Number == 1061 || failure.Number == 1060) // such a key, such a column
}

// adviseMigration explains the one failure that comes from the data.
func (s *sqlStore) adviseMigration(err error) error {
	if s.duplicate(err) || resultCode(err) == lib.SQLITE_CONSTRAINT {
		return refuse("two trials of a study have the same number, which Optuna lets happen on some databases: give one of them the next free number, then run this again (%w)", err)
	}
	return err
}
