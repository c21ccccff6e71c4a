package storage

import (
	"cmp"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// partRow is a row of any of the tables that belong to trials.
type partRow struct {
	part    part
	trialID int64
	place   int             // objective or step, 0 where there is none
	name    string          // of a parameter or an attribute
	number  sql.NullFloat64 // null: of no finite value
	kind    string          // of the number
	text    string
}

// value is the number, also when it is not finite.
func (r *partRow) value() float64 {
	if r.number.Valid {
		return floatFromColumns(&r.number.Float64, r.kind)
	}
	return floatFromColumns(nil, r.kind)
}

// part says which table a row is of.
type part int

// The parts of a trial. Reports are the last: what is brief goes without.
const (
	paramPart part = iota
	valuePart
	userPart
	fixedPart
	reportPart
	metricsPart
)

// parted are the tables of the parts: what is selected as place, name, number,
// kind and text. The first decides about the types of all.
var parted = [...]struct{ table, place, name, number, kind, text, condition string }{
	paramPart:   {table: "trial_params", name: "param_name", number: "param_value", text: "distribution_json"},
	valuePart:   {table: "trial_values", place: "objective", number: "value", kind: "value_type"},
	userPart:    {table: "trial_user_attributes", name: `"key"`, text: "value_json"},
	fixedPart:   {table: "trial_system_attributes", text: "value_json", condition: ` AND "key" = '` + fixedParams + `'`},
	reportPart:  {table: "trial_intermediate_values", place: "step", number: "intermediate_value", kind: "intermediate_value_type"},
	metricsPart: {table: "hpsearch_reports", place: "step", text: "metrics_json"},
}

// partsQuery selects the parts of the trials for whose ids a condition holds,
// in one query: each is a round trip to a server, and with a trial or two, as
// when a study is asked for its next trial, costs more than its rows do. Texts
// are made to have one type, which databases do not do by themselves for their
// enumerations (PostgreSQL) and texts in several collations (MySQL).
func partsQuery(dialect, condition string, brief bool) string {
	text := func(column string) string {
		switch {
		case column == "":
			return "''"
		case dialect == "postgres":
			return column + "::text"
		case dialect == "mysql":
			return "CONVERT(" + column + " USING utf8mb4)"
		}
		return column
	}
	tables := parted[:]
	if brief {
		tables = parted[:reportPart]
	}
	var b strings.Builder
	for i, p := range tables {
		if i > 0 {
			b.WriteString(" UNION ALL ")
		}
		fmt.Fprintf(&b, "SELECT %d, trial_id, %s, %s, %s, %s, %s FROM %s WHERE %s%s", i, cmp.Or(p.place, "0"), text(p.name),
			cmp.Or(p.number, "NULL"), text(p.kind), text(p.text), p.table, condition, p.condition)
	}
	return b.String()
}

// parts reads what belongs to the trials. Few trials are named one by one, so
// that no database takes it for a reason to read whole tables.
func (l *loader) parts(brief bool) (err error) {
	var query string
	var args []any
	if len(l.trials) <= batch {
		few := anyOf(l.tx, "trial_id", l.ids())
		query, args = partsQuery(l.tx.Name(), few.SQL, brief), few.Vars
	} else {
		// The inner query is named because MySQL takes a LIMIT only there.
		query = partsQuery(l.tx.Name(), "trial_id IN (SELECT trial_id FROM (?) AS selected)", brief)
		args = []any{l.selected.Session(&gorm.Session{}).Select("trials.trial_id")}
	}
	rows, err := l.tx.Raw(query, slices.Repeat(args, strings.Count(query, "?")/len(args))...).Rows()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	l.distributions = map[string]search.Distribution{}
	var row partRow
	fields := []any{&row.part, &row.trialID, &row.place, &row.name, &row.number, &row.kind, &row.text}
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return fmt.Errorf("a row of %s: %w", parted[row.part].table, err)
		}
		if err := l.put(&row); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	return l.putLate()
}

func (l *loader) ids() []int64 {
	ids := make([]int64, len(l.trials))
	for i, t := range l.trials {
		ids[i] = t.ID
	}
	return ids
}

// put puts a row into its trial, or among the late ones if others must be
// there before.
func (l *loader) put(row *partRow) error {
	t := l.byID[row.trialID]
	switch row.part {
	case paramPart:
		d, err := l.distribution(row.text)
		if err == nil && !row.number.Valid {
			err = errors.New("it has no value")
		}
		if err != nil {
			return fmt.Errorf("trial %d: parameter %q: %w", t.Number, row.name, err)
		}
		t.Params[row.name], t.Distributions[row.name] = row.number.Float64, d
	case valuePart:
		if row.place != len(t.Values) {
			l.late = append(l.late, *row)
			return nil
		}
		t.Values = append(t.Values, row.value())
	case userPart:
		if strings.HasPrefix(row.name, ownPrefix) {
			return nil
		}
		if t.UserAttrs == nil {
			t.UserAttrs = map[string]any{}
		}
		t.UserAttrs[row.name] = decodeAttr(row.text)
	case fixedPart:
		values, err := decodeObject(row.text)
		if err != nil {
			return fmt.Errorf("trial %d: enqueued values: %w", t.Number, err)
		}
		t.Fixed = values
	case reportPart:
		i := len(t.Intermediate) // mostly they come in the order of their steps
		if i > 0 && t.Intermediate[i-1].Step > row.place {
			i, _ = slices.BinarySearchFunc(t.Intermediate, row.place, byStep)
		}
		t.Intermediate = slices.Insert(t.Intermediate, i, search.Report{Step: row.place, Value: row.value()})
	case metricsPart:
		if row.text != "" {
			l.late = append(l.late, *row)
		}
	}
	return nil
}

func byStep(r search.Report, step int) int { return r.Step - step }

func (l *loader) distribution(text string) (search.Distribution, error) {
	d, ok := l.distributions[text]
	if ok {
		return d, nil
	}
	d, err := search.UnmarshalDistribution([]byte(text))
	if err == nil {
		l.distributions[text] = d
	}
	return d, err
}

// putLate puts the late rows into their trials: values that did not come in
// the order of their objectives, and the metrics of reports.
func (l *loader) putLate() error {
	slices.SortFunc(l.late, func(a, b partRow) int {
		return cmp.Or(cmp.Compare(a.trialID, b.trialID), cmp.Compare(a.place, b.place))
	})
	for i := range l.late {
		row := &l.late[i]
		t := l.byID[row.trialID]
		if row.part == valuePart {
			t.Values = append(t.Values, row.value())
			continue
		}
		at, ok := slices.BinarySearchFunc(t.Intermediate, row.place, byStep)
		if !ok {
			continue
		}
		var err error
		if t.Intermediate[at].Metrics, err = decodeMetrics(row.text); err != nil {
			return fmt.Errorf("trial %d: step %d: %w", t.Number, row.place, err)
		}
	}
	return nil
}
