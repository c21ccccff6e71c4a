package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// Trial implements [search.Store].
func (s *sqlStore) Trial(ctx context.Context, studyID int64, number int) (*search.Trial, error) {
	var trial *search.Trial
	err := s.view(ctx, trialRef{studyID, number}.String(), func(tx *gorm.DB) error {
		trials, err := loadTrials(tx, tx.Table("trials").Where("trials.study_id = ? AND trials.number = ?", studyID, number), false)
		if err != nil {
			return err
		}
		if len(trials) == 0 {
			return search.ErrNotFound
		}
		trial = trials[0]
		return nil
	})
	return trial, err
}

// Trials implements [search.Store].
func (s *sqlStore) Trials(ctx context.Context, studyID int64, q search.TrialQuery) ([]*search.Trial, error) {
	var trials []*search.Trial
	err := s.view(ctx, fmt.Sprintf("trials of study %d", studyID), func(tx *gorm.DB) error {
		order := orderFor(q.States)
		newest := q.Newest && q.Limit > 0
		if newest {
			order += " DESC"
		}
		selected := selectTrials(tx, studyID, q)
		if len(q.States) > 0 {
			selected = selected.Where("trials.state IN ?", q.States)
		}
		if q.Limit > 0 {
			selected = selected.Order(order).Limit(q.Limit)
		}
		var err error
		trials, err = (&loader{tx: tx, selected: selected, order: order}).load(q.Brief)
		if newest {
			slices.Reverse(trials)
		}
		if err == nil && len(trials) == 0 {
			return requireStudy(tx, studyID)
		}
		return err
	})
	return trials, err
}

// selectTrials selects the trials of a study whose numbers a query selects.
// Those that it names are a query of their own: SQLite would walk all trials of
// the study to find the one or the other.
func selectTrials(tx *gorm.DB, studyID int64, q search.TrialQuery) *gorm.DB {
	const after = "SELECT * FROM trials WHERE study_id = ? AND number > ?"
	if len(q.Also) == 0 {
		return tx.Table("trials").Where("trials.study_id = ? AND trials.number > ?", studyID, q.After)
	}
	also := make([]int64, len(q.Also))
	for i, number := range q.Also {
		also[i] = int64(number)
	}
	named := anyOf(tx, "number", also)
	args := append([]any{studyID, q.After, studyID, q.After}, named.Vars...)
	return tx.Table("("+after+" UNION ALL SELECT * FROM trials WHERE study_id = ? AND number <= ? AND "+named.SQL+") AS trials", args...)
}

// orderFor returns the order of a query. Open trials are few and found by
// their state; there, an order by number itself would make SQLite walk all
// trials of the study.
func orderFor(states []search.State) string {
	if len(states) > 0 && !slices.ContainsFunc(states, search.State.Finished) {
		return "trials.number + 0"
	}
	return "trials.number"
}

// Best implements [search.Store].
func (s *sqlStore) Best(ctx context.Context, studyID int64) (*search.Trial, error) {
	var best *search.Trial
	var folded []tallyRow
	err := s.view(ctx, fmt.Sprintf("best trial of study %d", studyID), func(tx *gorm.DB) error {
		found, err := tallies(tx, true, "s.study_id = ?", studyID)
		if err != nil {
			return err
		}
		trials, err := loadBest(tx, found, false)
		if err != nil {
			return err
		}
		if best = trials[studyID]; best == nil {
			return search.ErrNotFound
		}
		folded, err = fold(tx, found)
		return err
	})
	if err == nil {
		s.storeTallies(ctx, folded)
	}
	return best, err
}

// Counts implements [search.Store].
func (s *sqlStore) Counts(ctx context.Context, studyID int64) (search.Counts, error) {
	var counts search.Counts
	var folded []tallyRow
	err := s.view(ctx, fmt.Sprintf("count trials of study %d", studyID), func(tx *gorm.DB) error {
		const one = "s.study_id = ?"
		found, err := tallies(tx, false, one, studyID)
		if err != nil {
			return err
		}
		t := found[studyID]
		if t == nil {
			return search.ErrNotFound
		}
		counts = t.counts
		if t.fresh() < foldAfter {
			return nil
		}
		if found, err = tallies(tx, true, one, studyID); err != nil {
			return err
		}
		folded, err = fold(tx, found)
		return err
	})
	if err == nil {
		s.storeTallies(ctx, folded)
	}
	return counts, err
}

// trialJoined is a trial with its row of ours.
type trialJoined struct {
	TrialID          int64
	Number           int
	State            search.State
	DatetimeStart    utc
	DatetimeComplete utc
	Attempt          int
	Worker           string
	Reason           string
	Message          string
	MetricsJSON      string `gorm:"column:metrics_json"`
	ArtifactsJSON    string `gorm:"column:artifacts_json"`
}

// loader gathers the rows of trials. Each kind of row is one query, however
// many trials there are.
type loader struct {
	tx       *gorm.DB
	selected *gorm.DB // a query on trials that selects them
	order    string   // that the query runs in
	trials   []*search.Trial
	byID     map[int64]*search.Trial
}

// loadTrials reads the selected trials in ascending order of number, without
// their reports when brief.
func loadTrials(tx, selected *gorm.DB, brief bool) ([]*search.Trial, error) {
	return (&loader{tx: tx, selected: selected, order: "trials.number"}).load(brief)
}

// load runs the loader's queries.
func (l *loader) load(brief bool) ([]*search.Trial, error) {
	steps := []func() error{l.heads, l.params, l.values, l.attributes}
	if !brief {
		steps = append(steps, l.reports)
	}
	for _, step := range steps {
		if err := step(); err != nil {
			return nil, err
		}
		if len(l.trials) == 0 {
			return nil, nil
		}
	}
	return l.trials, nil
}

func (l *loader) heads() error {
	var rows []trialJoined
	err := l.selected.Session(&gorm.Session{}).
		Select(`trials.trial_id, trials.number, trials.state, trials.datetime_start, trials.datetime_complete,
			h.attempt, h.worker, h.reason, h.message, h.metrics_json, h.artifacts_json`).
		Joins("LEFT JOIN hpsearch_trials h ON h.trial_id = trials.trial_id").
		Order(l.order).Scan(&rows).Error
	if err != nil {
		return err
	}
	l.trials = make([]*search.Trial, len(rows))
	l.byID = make(map[int64]*search.Trial, len(rows))
	for i, row := range rows {
		metrics, err := decodeMetrics(row.MetricsJSON)
		if err != nil {
			return fmt.Errorf("trial %d: %w", row.Number, err)
		}
		artifacts, err := decodeStrings(row.ArtifactsJSON)
		if err != nil {
			return fmt.Errorf("trial %d: artifacts: %w", row.Number, err)
		}
		t := &search.Trial{
			ID: row.TrialID, Number: row.Number, State: row.State,
			Params: map[string]float64{}, Distributions: map[string]search.Distribution{},
			Metrics: metrics, Artifacts: artifacts,
			Attempt: row.Attempt, Worker: row.Worker, Reason: row.Reason, Message: row.Message,
			Started: time.Time(row.DatetimeStart), Finished: time.Time(row.DatetimeComplete),
		}
		l.trials[i], l.byID[row.TrialID] = t, t
	}
	return nil
}

// each reads columns of a table's rows that belong to the selected trials into
// fields, and calls use after each row. Few trials are named one by one, so that
// no database takes it for a reason to read the whole table. By gorm's own
// reading of rows, which reflects, to ask for a trial takes 7 % longer.
func (l *loader) each(table, columns, condition string, fields []any, use func() error) (err error) {
	query := "SELECT " + columns + " FROM " + table + " WHERE "
	var raw *gorm.DB
	if len(l.trials) <= batch {
		few := anyOf(l.tx, "trial_id", l.ids())
		raw = l.tx.Raw(query+few.SQL+condition, few.Vars...)
	} else {
		// The inner query is named because MySQL takes a LIMIT only there.
		ids := l.selected.Session(&gorm.Session{}).Select("trials.trial_id")
		raw = l.tx.Raw(query+"trial_id IN (SELECT trial_id FROM (?) AS selected)"+condition, ids)
	}
	rows, err := raw.Rows()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	for rows.Next() {
		if err := rows.Scan(fields...); err != nil {
			return fmt.Errorf("a row of %s: %w", table, err)
		}
		if err := use(); err != nil {
			return err
		}
	}
	return rows.Err()
}

func (l *loader) ids() []int64 {
	ids := make([]int64, len(l.trials))
	for i, t := range l.trials {
		ids[i] = t.ID
	}
	return ids
}

func (l *loader) params() error {
	known := map[string]search.Distribution{} // a study has few distinct ones
	var row paramRow
	fields := []any{&row.TrialID, &row.ParamName, &row.ParamValue, &row.DistributionJSON}
	return l.each("trial_params", "trial_id, param_name, param_value, distribution_json", "", fields, func() error {
		t := l.byID[row.TrialID]
		d, ok := known[row.DistributionJSON]
		if !ok {
			var err error
			if d, err = search.UnmarshalDistribution([]byte(row.DistributionJSON)); err != nil {
				return fmt.Errorf("trial %d: parameter %q: %w", t.Number, row.ParamName, err)
			}
			known[row.DistributionJSON] = d
		}
		t.Params[row.ParamName], t.Distributions[row.ParamName] = row.ParamValue, d
		return nil
	})
}

func (l *loader) values() error {
	var row valueRow
	fields := []any{&row.TrialID, &row.Value, &row.ValueType}
	return l.each("trial_values", "trial_id, value, value_type", " ORDER BY trial_id, objective", fields, func() error {
		t := l.byID[row.TrialID]
		t.Values = append(t.Values, floatFromColumns(row.Value, row.ValueType))
		return nil
	})
}

// attributes reads the user's attributes and the enqueued values.
func (l *loader) attributes() error {
	var row userAttrRow
	fields := []any{&row.TrialID, &row.Key, &row.ValueJSON}
	err := l.each("trial_user_attributes", `trial_id, "key", value_json`, "", fields, func() error {
		if strings.HasPrefix(row.Key, ownPrefix) {
			return nil
		}
		t := l.byID[row.TrialID]
		if t.UserAttrs == nil {
			t.UserAttrs = map[string]any{}
		}
		t.UserAttrs[row.Key] = decodeAttr(row.ValueJSON)
		return nil
	})
	if err != nil {
		return err
	}
	fields = []any{&row.TrialID, &row.ValueJSON}
	return l.each("trial_system_attributes", "trial_id, value_json", ` AND "key" = '`+fixedParams+`'`, fields, func() error {
		t := l.byID[row.TrialID]
		values, err := decodeObject(row.ValueJSON)
		if err != nil {
			return fmt.Errorf("trial %d: enqueued values: %w", t.Number, err)
		}
		t.Fixed = values
		return nil
	})
}

func (l *loader) reports() error {
	var row intermediateRow
	fields := []any{&row.TrialID, &row.Step, &row.IntermediateValue, &row.IntermediateValueType}
	err := l.each("trial_intermediate_values", "trial_id, step, intermediate_value, intermediate_value_type", " ORDER BY trial_id, step", fields, func() error {
		t := l.byID[row.TrialID]
		t.Intermediate = append(t.Intermediate, search.Report{
			Step: row.Step, Value: floatFromColumns(row.IntermediateValue, row.IntermediateValueType)})
		return nil
	})
	if err != nil {
		return err
	}
	var own ownReportRow
	fields = []any{&own.TrialID, &own.Step, &own.MetricsJSON}
	return l.each("hpsearch_reports", "trial_id, step, metrics_json", "", fields, func() error {
		t := l.byID[own.TrialID]
		i, ok := slices.BinarySearchFunc(t.Intermediate, own.Step, func(r search.Report, step int) int { return r.Step - step })
		if !ok {
			return nil
		}
		var err error
		if t.Intermediate[i].Metrics, err = decodeMetrics(own.MetricsJSON); err != nil {
			return fmt.Errorf("trial %d: step %d: %w", t.Number, own.Step, err)
		}
		return nil
	})
}
