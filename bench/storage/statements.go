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

	_ "github.com/go-sql-driver/mysql" // the driver "mysql", to ask the server
	_ "github.com/jackc/pgx/v5/stdlib" // the driver "pgx", to make the server log

	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// statement finds one in PostgreSQL's log, sent as text or executed after it
// was prepared. What follows is its beginning.
var statement = regexp.MustCompile(`(?:statement|execute [^:]*): +(\w+)`)

// statements counts what a trial sends to the servers.
func (b *bench) statements(ctx context.Context, report *bytes.Buffer) error {
	fmt.Fprint(report, `## Statements a trial

PostgreSQL's are counted in its log, without the beginnings and ends of
transactions, of which there are none; MariaDB's by itself (`+"`Questions`"+`), with
them. Goal: at most 4 without reports.

| database | reports | statements |
|---|---|---|
`)
	for _, kind := range dbtest.Kinds {
		if err := b.statementsOn(ctx, report, kind); err != nil {
			return fmt.Errorf("%s: %w", name(kind), err)
		}
	}
	fmt.Fprintln(report)
	return nil
}

// statementsOn writes the lines of a kind of server.
func (b *bench) statementsOn(ctx context.Context, report *bytes.Buffer, kind dbtest.Kind) (err error) {
	server, err := dbtest.Start(kind, dbtest.Options{Folder: b.folder})
	if errors.Is(err, dbtest.ErrMissing) {
		fmt.Fprintf(report, "| %s | not installed | |\n", name(kind))
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
	if kind == dbtest.PostgreSQL {
		if err := logStatements(ctx, url); err != nil {
			return err
		}
	}
	return use(ctx, url, func(l life) error {
		number := 0
		for _, reports := range []int{0, reports} {
			l.reports = reports
			// The first one prepares its statements.
			if err := l.run(ctx, number); err != nil {
				return err
			}
			const trials = 20
			before, err := sent(ctx, server)
			if err != nil {
				return err
			}
			if err := l.several(ctx, number+1, number+1+trials); err != nil {
				return err
			}
			number += 1 + trials
			after, err := sent(ctx, server)
			if err != nil {
				return err
			}
			if kind == dbtest.MariaDB {
				after-- // the question itself
			}
			fmt.Fprintf(report, "| %s | %d | %.1f |\n", name(kind), reports, float64(after-before)/trials)
		}
		return nil
	})
}

// sent returns how many statements a server has been sent so far.
func sent(ctx context.Context, server *dbtest.Server) (n int, err error) {
	if server.Kind() == dbtest.PostgreSQL {
		log, err := os.ReadFile(server.Log())
		return count(log), err
	}
	db, err := sql.Open("mysql", fmt.Sprintf("%s:%s@tcp(127.0.0.1:%d)/", dbtest.User, dbtest.Password, server.Port()))
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var variable string
	err = db.QueryRowContext(ctx, "SHOW GLOBAL STATUS LIKE 'Questions'").Scan(&variable, &n)
	return n, err
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

// count returns the statements in a log of PostgreSQL's.
func count(log []byte) (n int) {
	for _, match := range statement.FindAllSubmatch(log, -1) {
		switch strings.ToLower(string(match[1])) {
		case "begin", "commit", "rollback", "set":
		default:
			n++
		}
	}
	return n
}
