package storage

import (
	"context"
	"database/sql"

	"gorm.io/gorm"
)

// countStatements counts what a store sends to its database from now on.
func countStatements(s *sqlStore) *int {
	sent := new(int)
	s.write.Statement.ConnPool = &counted{s.write.Statement.ConnPool, sent}
	if s.read != s.write {
		s.read.Statement.ConnPool = &counted{s.read.Statement.ConnPool, sent}
	}
	return sent
}

// counted counts the statements that go to a database.
type counted struct {
	gorm.ConnPool
	n *int
}

func (c *counted) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	*c.n++
	return c.ConnPool.ExecContext(ctx, query, args...)
}

func (c *counted) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	*c.n++
	return c.ConnPool.QueryContext(ctx, query, args...)
}

func (c *counted) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	*c.n++
	return c.ConnPool.QueryRowContext(ctx, query, args...)
}

// countedTx is the same in a transaction.
type countedTx struct {
	*counted
	gorm.TxCommitter
}

func (c *counted) BeginTx(ctx context.Context, options *sql.TxOptions) (gorm.ConnPool, error) {
	var tx gorm.ConnPool
	var err error
	if pool, ok := c.ConnPool.(gorm.TxBeginner); ok {
		tx, err = pool.BeginTx(ctx, options)
	} else {
		tx, err = c.ConnPool.(gorm.ConnPoolBeginner).BeginTx(ctx, options)
	}
	if err != nil {
		return nil, err
	}
	return &countedTx{&counted{tx, c.n}, tx.(gorm.TxCommitter)}, nil
}
