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
	if err := logStatements(ctx, url); err != nil {
		return err
	}
	fmt.Fprint(report, "| trial | statements | transactions |\n|---|---|---|\n")
	err = use(ctx, url, func(l life) error {
		number := 0
		for _, reports := range []int{0, 3} {
			l.reports = reports
			// The first one prepares its statements.
			if err := l.run(ctx, number); err != nil {
				return err
			}
			before, err := os.ReadFile(server.Log())
			if err != nil {
				return err
			}
			const trials = 20
			if err := l.several(ctx, number+1, number+1+trials); err != nil {
				return err
			}
			number += 1 + trials
			after, err := os.ReadFile(server.Log())
			if err != nil {
				return err
			}
			sent, begins := count(after[len(before):])
			fmt.Fprintf(report, "| with %d reports | %.1f | %.1f |\n", reports, float64(sent)/trials, float64(begins)/trials)
		}
		return nil
	})
	fmt.Fprintln(report)
	return err
}

// logStatements makes the server at url log each statement.
func logStatements(ctx context.Context, url string) (err error) {
	db, err := sql.Open("pgx", url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for _, s := range []string{"ALTER SYSTEM SET log_statement = 'all'", "SELECT pg_reload_conf()"} {
		if _, err := db.ExecContext(ctx, s); err != nil {
			return err
		}
	}
	return nil
}

// count returns the statements and the beginnings of transactions in a log.
func count(log []byte) (sent, begins int) {
	for _, match := range statement.FindAllSubmatch(log, -1) {
		switch strings.ToLower(string(match[1])) {
		case "begin":
			begins++
		case "commit", "rollback", "set":
		default:
			sent++
		}
	}
	return sent, begins
}
