package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"regexp"
	"strings"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", to make the server log

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// statement finds one in PostgreSQL's log, sent as text or executed after it
// was prepared. What follows is its beginning.
var statement = regexp.MustCompile(`(?:statement|execute [^:]*): +(\w+)`)

// statements counts what a trial sends to PostgreSQL, by the server's log.
func (b *bench) statements(ctx context.Context, report *bytes.Buffer) (err error) {
	fmt.Fprint(report, "## Statements a trial\n\nCounted in PostgreSQL's log, begin and commit apart. Goal: at most 4 without reports.\n\n")
	server, err := dbtest.Start(dbtest.PostgreSQL, dbtest.Options{Folder: b.folder})
	if errors.Is(err, dbtest.ErrMissing) {
		fmt.Fprint(report, "PostgreSQL is not installed.\n\n")
		return nil
	}
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, server.Close()) }()
	url, err := server.NewDatabase(ctx)
	if err != nil {
		return err
	}
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer db.Close()
	for _, s := range []string{"ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	l, err := open(ctx, url)
	if err != nil {
		return err
	}
	defer l.store.Close()
	fmt.Fprint(report, "| trial | statements | transactions |\n|---|---|---|\n")
	number := 0
	for _, c := range []struct {
		name    string
		reports int
	}{
		{name: "without reports"}, {name: "with 3 reports", reports: 3},
	} {
		const trials = 20
		l.reports = c.reports
		// The first of each kind prepares its statements.
		if err := l.run(ctx, number); err != nil {
			return err
		}
		number++
		before, err := os.ReadFile(server.Log())
		if err != nil {
			return err
		}
		for range trials {
			if err := l.run(ctx, number); err != nil {
				return err
			}
			number++
		}
		after, err := os.ReadFile(server.Log())
		if err != nil {
			return err
		}
		n, begins := 0, 0
		for _, match := range statement.FindAllSubmatch(after[len(before):], -1) {
			switch strings.ToLower(string(match[1])) {
			case "begin":
				begins++
			case "commit", "rollback", "set":
			default:
				n++
			}
		}
		fmt.Fprintf(report, "| %s | %.1f | %.1f |\n", c.name, float64(n)/trials, float64(begins)/trials)
	}
	fmt.Fprintln(report)
	return nil
}
