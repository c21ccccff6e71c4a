package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/hpsearch/hpsearch/search"
)

// A tally is what is known for ever about a study: the counts and the best of
// its finished trials up to a number, which never change, and which of the
// trials up to there had not finished. With it, counts and best cost as much
// as the study has trials since, however many it has: whoever reads a study
// and finds foldAfter finished trials beyond its tally makes the tally anew.
//
// Nobody else has to keep it right. Trials that Optuna writes are found like
// all others: by their numbers, which are given in ascending order, or among
// those that were open.
type tally struct {
	tallyRow         // as it is stored
	open     []int64 // ids, of OpenJSON

	// What is so now.
	highest int // number, -1: no trials
	counts  search.Counts
	best    bestTrial
}

// foldAfter is how many finished trials a tally may lack, and openLimit how
// many open ones are kept in one.
const (
	foldAfter = 64
	openLimit = 10_000
)

// highest is the highest number of a study s. Not MAX: inside of another query
// SQLite and MariaDB walk all numbers of the study for it.
const highest = "(SELECT t.number FROM trials t WHERE t.study_id = s.study_id AND t.number IS NOT NULL ORDER BY t.number DESC LIMIT 1)"

// freshOf counts the trials of study s beyond the tally y in a state. Mostly
// there are none: that is seen by one look into an index, where MariaDB walks
// all trials of the state.
func freshOf(state search.State) string {
	return "CASE WHEN " + highest + " > COALESCE(y.upto, -1) THEN (SELECT COUNT(*) FROM trials t " +
		"WHERE t.study_id = s.study_id AND t.number > COALESCE(y.upto, -1) AND t.state = '" + string(state) + "') ELSE 0 END"
}

// freshColumns count the trials of study s beyond the tally y, by state.
var freshColumns = freshOf(search.Complete) + ` AS new_complete,
	` + freshOf(search.Pruned) + ` AS new_pruned,
	` + freshOf(search.Failed) + ` AS new_fail,
	(SELECT COUNT(*) FROM trials t WHERE t.study_id = s.study_id AND t.state = 'RUNNING' AND t.number IS NOT NULL) AS running,
	(SELECT COUNT(*) FROM trials t WHERE t.study_id = s.study_id AND t.state = 'WAITING' AND t.number IS NOT NULL) AS waiting,
	` + highest + ` AS highest`

// tallyOf joins a study s with its tally y and its first direction d.
const tallyOf = `
	FROM studies s LEFT JOIN hpsearch_tallies y ON y.study_id = s.study_id
	LEFT JOIN study_directions d ON d.study_id = s.study_id AND d.objective = 0`

// freshBest finds the best COMPLETE trial beyond the tally. Infinite values,
// which Optuna allows, are never best.
const freshBest = `
	(SELECT t.trial_id FROM trials t JOIN trial_values v ON v.trial_id = t.trial_id AND v.objective = 0
		WHERE t.study_id = s.study_id AND t.number > COALESCE(y.upto, -1) AND t.state = 'COMPLETE' AND v.value_type = 'FINITE'
		ORDER BY CASE WHEN d.direction = 'MAXIMIZE' THEN -v.value ELSE v.value END, t.number LIMIT 1) AS new_best`

// freshRow is a tally with what came after it.
type freshRow struct {
	Tally                           tallyRow `gorm:"embedded"`
	Direction                       string
	NewComplete, NewPruned, NewFail int
	Running, Waiting                int
	Highest                         *int
}

// tallies reads the counts and, if wanted, the best trials of the studies for
// which the condition on s holds.
func tallies(tx *gorm.DB, wantBest bool, condition string, args ...any) (map[int64]*tally, error) {
	var rows []freshRow
	err := tx.Raw(`SELECT s.study_id, COALESCE(y.upto, -1) AS upto, COALESCE(y.open_json, '') AS open_json,
		COALESCE(y.complete, 0) AS complete, COALESCE(y.pruned, 0) AS pruned, COALESCE(y.fail, 0) AS fail,
		y.best_id, y.best_number, y.best_value, d.direction, `+freshColumns+tallyOf+`
		WHERE `+condition, args...).Scan(&rows).Error
	if err != nil {
		return nil, err
	}
	g := gatherer{tx: tx, tallies: make(map[int64]*tally, len(rows)), maximize: map[int64]bool{}}
	for _, row := range rows {
		if err := g.add(row); err != nil {
			return nil, fmt.Errorf("tally of study %d: %w", row.Tally.StudyID, err)
		}
	}
	if err := g.ended(); err != nil {
		return nil, err
	}
	if wantBest {
		err = g.best()
	}
	return g.tallies, err
}

// fold returns the rows that take the place of the tallies which lack much.
// The tallies were read in the same transaction, with their best trials.
func fold(tx *gorm.DB, found map[int64]*tally) ([]tallyRow, error) {
	var ids []int64
	for id, t := range found {
		if t.fresh() >= foldAfter && t.counts.Running+t.counts.Waiting <= openLimit {
			ids = append(ids, id)
		}
	}
	open := map[int64][]int64{}
	for part := range slices.Chunk(ids, batch) {
		var rows []struct{ StudyID, TrialID int64 }
		err := tx.Raw("SELECT study_id, trial_id FROM trials WHERE study_id IN ? AND state IN ('WAITING', 'RUNNING')", part).Scan(&rows).Error
		if err != nil {
			return nil, err
		}
		for _, row := range rows {
			open[row.StudyID] = append(open[row.StudyID], row.TrialID)
		}
	}
	rows := make([]tallyRow, 0, len(ids))
	for _, id := range ids {
		t := found[id]
		data, err := json.Marshal(append([]int64{}, open[id]...))
		if err != nil {
			return nil, err
		}
		row := tallyRow{StudyID: id, Upto: t.highest, OpenJSON: string(data),
			Complete: t.counts.Complete, Pruned: t.counts.Pruned, Fail: t.counts.Fail}
		if t.best.TrialID != 0 {
			row.BestID, row.BestNumber, row.BestValue = &t.best.TrialID, &t.best.Number, &t.best.Value
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// storeTallies writes tallies. Each is right whenever it was made, so that nothing is
// lost when an older one takes the place of a newer one, and nothing when it
// fails: who may not write only reads more the next time.
func (s *sqlStore) storeTallies(ctx context.Context, rows []tallyRow) {
	if len(rows) == 0 {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, storeTimeout)
	defer cancel()
	_ = s.note(ctx, "store tallies", func(tx *gorm.DB) error {
		for _, row := range rows {
			// The id of a study that was deleted may be another's by now.
			var there int64
			err := tx.Model(&trialRow{}).Where("study_id = ? AND number = ?", row.StudyID, row.Upto).Count(&there).Error
			if err != nil {
				return err
			}
			if there == 0 {
				continue
			}
			if err := tx.Clauses(clause.OnConflict{Columns: []clause.Column{{Name: "study_id"}}, UpdateAll: true}).Create(&row).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// storeTimeout bounds what a reader spends on later readers.
const storeTimeout = 5 * time.Second

// fresh is how many finished trials the stored tally lacks.
func (t *tally) fresh() int {
	return t.counts.Complete + t.counts.Pruned + t.counts.Fail - t.Complete - t.Pruned - t.Fail
}
