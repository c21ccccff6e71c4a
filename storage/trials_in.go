package storage

import (
	"slices"
	"strconv"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// anyOf is the condition that a column has one of the numbers. PostgreSQL gets
// them as one argument: with many it would plan the statement anew each time,
// which takes longer than to execute it.
func anyOf(tx *gorm.DB, column string, numbers []int64) clause.Expr {
	if tx.Name() == "postgres" {
		return clause.Expr{SQL: column + " = ANY(?::bigint[])", Vars: []any{arrayText(numbers)}}
	}
	return clause.Expr{SQL: column + " IN ?", Vars: []any{padded(numbers)}}
}

// arrayText writes an array as PostgreSQL reads it.
func arrayText(numbers []int64) string {
	var b strings.Builder
	b.WriteByte('{')
	for i, n := range numbers {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(n, 10))
	}
	b.WriteByte('}')
	return b.String()
}

// padded repeats the last number up to a power of two of them: statements are
// prepared for each length of a list.
func padded(numbers []int64) []int64 {
	n := 1
	for n < len(numbers) {
		n *= 2
	}
	full := slices.Grow(slices.Clone(numbers), n-len(numbers))
	for len(full) < n {
		full = append(full, numbers[len(numbers)-1])
	}
	return full
}
