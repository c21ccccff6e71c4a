package storage

import (
	"database/sql"
	"errors"
	"strings"

	"gorm.io/gorm"
)

// The frequent writes pass by gorm, on its connection: it builds a statement
// anew for each call and for a query also the text that a log would show, which
// is a fifth to a half of what such a write costs this process.

// direct executes a statement on a connection or in a transaction of gorm's.
func direct(tx *gorm.DB, statement string, args ...any) (sql.Result, error) {
	return tx.Statement.ConnPool.ExecContext(tx.Statement.Context, statement, args...)
}

// directRow reads the one row that a query gives.
func directRow(tx *gorm.DB, query string, args []any, into ...any) (err error) {
	rows, err := tx.Statement.ConnPool.QueryContext(tx.Statement.Context, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	if !rows.Next() {
		return errors.Join(rows.Err(), sql.ErrNoRows)
	}
	if err := rows.Scan(into...); err != nil {
		return err
	}
	rows.Next() // an error may come after the row
	return rows.Err()
}

// tuples writes rows of values for an insert: first, and places for so many
// others.
func tuples(first string, others, rows int) string {
	row := "(" + first + strings.Repeat(", ?", others) + ")"
	return row + strings.Repeat(", "+row, rows-1)
}
