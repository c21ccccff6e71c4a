package storage

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"gorm.io/gorm"
)

// Status is what there is to know about a database's schema.
type Status struct {
	URL    string // without a password
	Kind   string // sqlite, postgresql, mysql or memory
	Optuna string // the revision of Optuna's tables; empty: there are none
	// Schema is the version of hpsearch's own tables, 0 for none; Wanted that
	// of this build.
	Schema, Wanted int
	// Pending are the scripts that an upgrade runs, in order.
	Pending []string
}

// Inspect reads the state of the database that url names and changes nothing.
// It returns an error that wraps [fs.ErrNotExist] when there is no such SQLite
// file, and the refusal of [Open] for a database that this build cannot use.
func Inspect(ctx context.Context, url string) (Status, error) {
	status := Status{URL: Redact(url), Kind: "memory", Optuna: optunaRevision, Schema: schemaVersion, Wanted: schemaVersion}
	if InMemory(url) {
		return status, nil
	}
	s, err := connectExisting(url)
	if err != nil {
		return status, err
	}
	status.Kind = s.dialect.name
	var state schemaState
	err = s.view(ctx, "read the schema", func(tx *gorm.DB) error {
		var err error
		state, err = s.inspectSchema(tx)
		return err
	})
	var scripts []script
	if err == nil {
		status.Optuna, status.Schema = state.Revision, state.Version
		scripts, err = s.pending(state)
	}
	for _, step := range scripts {
		status.Pending = append(status.Pending, step.name)
	}
	return status, errors.Join(err, s.Close())
}

// Upgrade brings the database that url names to the version of this build, and
// returns what it was before. Processes that have it open may go on; older
// versions of hpsearch cannot open it afterwards.
func Upgrade(ctx context.Context, url string) (Status, error) {
	status, err := Inspect(ctx, url)
	if err != nil || len(status.Pending) == 0 {
		return status, err
	}
	s, err := connectExisting(url)
	if err != nil {
		return status, err
	}
	return status, errors.Join(s.migrate(ctx, func(schemaState) error { return nil }), s.Close())
}

// connectExisting opens the connections to a database that exists.
func connectExisting(url string) (*sqlStore, error) {
	path, err := Path(url)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); path != "" && errors.Is(err, fs.ErrNotExist) {
		return nil, noFileError(path)
	}
	return connect(url)
}

// A noFileError is the path of an SQLite database that is not there.
type noFileError string

// Error implements error.
func (path noFileError) Error() string {
	return fmt.Sprintf("there is no database at %s yet: the first study makes one", string(path))
}

// Is makes it an [fs.ErrNotExist].
func (path noFileError) Is(target error) bool { return target == fs.ErrNotExist }

// connect opens the connections and leaves the schema alone.
func connect(url string) (*sqlStore, error) {
	loc, err := parseURL(url)
	if err != nil {
		return nil, err
	}
	if loc.server != nil {
		return connectServer(loc.server)
	}
	path, err := Path(url)
	if err != nil {
		return nil, err
	}
	return connectSQLite(path)
}
