package storage

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"slices"
	"strings"

	"gorm.io/gorm"
)

// roundTrip is a transaction that is sent at once: what it finds out, and what
// it writes if @hp_done is 1 after that.
type roundTrip struct {
	find, write []conditional
	args        []any // of both, in their order
}

// conditional is a statement of which something else says whether it is
// executed, and the same with the condition in it.
type conditional struct{ plain, guarded string }

// target is where rows are inserted.
type target struct {
	table    string
	columns  []string
	values   []string // of a row: expressions, with places for its arguments
	replaced []string // the columns that a row takes over which is there already
}

// ofTrial is a target for rows of the trial: columns are the others than its
// id, and each has a place for a value.
func ofTrial(table string, columns, replaced []string) target {
	return target{
		table:    table,
		columns:  append([]string{"trial_id"}, columns...),
		values:   append([]string{"@hp_trial"}, slices.Repeat([]string{"?"}, len(columns))...),
		replaced: replaced,
	}
}

// ask adds a statement that finds something out.
func (r *roundTrip) ask(statement string, args ...any) {
	r.find = append(r.find, conditional{statement, statement})
	r.args = append(r.args, args...)
}

// set adds the assignment to a variable in the midst of what is written.
func (r *roundTrip) set(statement string) {
	r.write = append(r.write, conditional{statement, statement})
}

// update adds an update, which ends with a condition.
func (r *roundTrip) update(statement string, args ...any) {
	r.write = append(r.write, conditional{statement, statement + " AND @hp_done = 1"})
	r.args = append(r.args, args...)
}

// insert adds rows of arguments; none for none.
func (r *roundTrip) insert(to target, rows ...[]any) {
	if len(rows) == 0 {
		return
	}
	into := "INSERT INTO " + to.table + " (" + strings.Join(to.columns, ", ") + ") "
	row := strings.Join(to.values, ", ")
	// A table in a FROM needs names for its columns.
	named := make([]string, len(to.values))
	for i, value := range to.values {
		named[i] = value + " AS " + to.columns[i]
	}
	suffix := ""
	for i, column := range to.replaced {
		suffix += []string{" ON DUPLICATE KEY UPDATE ", ", "}[min(i, 1)] + column + " = VALUES(" + column + ")"
	}
	more := len(rows) - 1
	r.write = append(r.write, conditional{
		plain: into + "VALUES (" + row + ")" + strings.Repeat(", ("+row+")", more) + suffix,
		guarded: into + "SELECT * FROM (SELECT " + strings.Join(named, ", ") + strings.Repeat(" UNION ALL SELECT "+row, more) +
			") r WHERE @hp_done = 1" + suffix,
	})
	r.args = append(r.args, slices.Concat(rows...)...)
}

// How every round trip begins and ends. What was not written needs no
// ROLLBACK.
const (
	tripStart = "START TRANSACTION;\nSET @hp_done = 0, @hp_study = NULL, @hp_trial = NULL, @hp_number = NULL;\n"
	tripEnd   = "COMMIT;\nSELECT @hp_done, @hp_trial, @hp_number"
)

// compound is the round trip as MariaDB takes it: one statement.
func (r *roundTrip) compound() string {
	var b strings.Builder
	b.WriteString("BEGIN NOT ATOMIC\nDECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;\n" + tripStart)
	for _, s := range r.find {
		b.WriteString(s.plain + ";\n")
	}
	b.WriteString("IF @hp_done = 1 THEN\n")
	for _, s := range r.write {
		b.WriteString(s.plain + ";\n")
	}
	b.WriteString("END IF;\n" + tripEnd + ";\nEND")
	return b.String()
}

// batch is the round trip as MySQL takes it: statements of which one that
// fails is the last.
func (r *roundTrip) batch() string {
	var b strings.Builder
	b.WriteString(tripStart)
	for _, s := range slices.Concat(r.find, r.write) {
		b.WriteString(s.guarded + ";\n")
	}
	b.WriteString(tripEnd)
	return b.String()
}

// written is the answer to a round trip.
type written struct {
	Done    int
	TrialID int64
	Number  int
}

// answer sends a round trip and reads what it answers.
func answer(db *gorm.DB, text string, args []any) (w written, err error) {
	var trial, number sql.NullInt64
	err = directRow(db, text, args, &w.Done, &trial, &number)
	w.TrialID, w.Number = trial.Int64, int(number.Int64)
	return w, err
}

// undoing runs f on one connection. Where f fails in the middle of a
// transaction, that is undone, or the connection closed, which undoes it too.
func undoing(db *gorm.DB, f func(tx *gorm.DB) error) error {
	return db.Connection(func(tx *gorm.DB) error {
		err := f(tx)
		if err == nil {
			return nil
		}
		conn := tx.Statement.ConnPool.(*sql.Conn)
		if _, undoErr := conn.ExecContext(context.WithoutCancel(tx.Statement.Context), "ROLLBACK"); undoErr != nil {
			_ = conn.Raw(func(any) error { return driver.ErrBadConn }) // the pool closes what is bad
		}
		return err
	})
}
