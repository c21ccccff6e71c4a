package storage

import (
	"context"
	"fmt"
	"slices"
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
		newest := q.Newest && q.Limit > 0 && q.Order == search.ByNumber
		if newest {
			order += " DESC"
		}
		selected := selectTrials(tx, studyID, q)
		if q.Order != search.ByNumber {
			selected, order = s.sorted(selected, q)
		}
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

// loader gathers the rows of trials in two queries, however many trials there
// are: the trials themselves, and all that belongs to them.
type loader struct {
	tx       *gorm.DB
	selected *gorm.DB // a query on trials that selects them
	order    string   // that the query runs in
	trials   []*search.Trial
	byID     map[int64]*search.Trial

	distributions map[string]search.Distribution // by their JSON: a study has few distinct ones
	late          []partRow                      // that go to their places when all rows are there
}

// loadTrials reads the selected trials in ascending order of number, without
// their reports when brief.
func loadTrials(tx, selected *gorm.DB, brief bool) ([]*search.Trial, error) {
	return (&loader{tx: tx, selected: selected, order: "trials.number"}).load(brief)
}

// load runs the loader's queries.
func (l *loader) load(brief bool) ([]*search.Trial, error) {
	if err := l.heads(); err != nil || len(l.trials) == 0 {
		return nil, err
	}
	if err := l.parts(brief); err != nil {
		return nil, err
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
