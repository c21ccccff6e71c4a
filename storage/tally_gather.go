package storage

import (
	"encoding/json"
	"slices"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// gatherer completes the tallies of studies with what came after them, the
// number of queries independent of the number of studies.
type gatherer struct {
	tx       *gorm.DB
	tallies  map[int64]*tally
	maximize map[int64]bool // by study
	// candidates are trials that may be better than the best of a tally;
	// grown are the studies with COMPLETE trials beyond theirs.
	candidates, grown []int64
}

// batch is how many ids one statement names: databases bound the number of
// their variables.
const batch = 500

// add begins the tally of a study.
func (g *gatherer) add(row freshRow) error {
	y := row.Tally
	t := &tally{tallyRow: y, highest: -1, counts: search.Counts{
		Waiting: row.Waiting, Running: row.Running,
		Complete: y.Complete + row.NewComplete, Pruned: y.Pruned + row.NewPruned, Fail: y.Fail + row.NewFail,
	}}
	if row.Highest != nil {
		t.highest = *row.Highest
	}
	if y.OpenJSON != "" {
		if err := json.Unmarshal([]byte(y.OpenJSON), &t.open); err != nil {
			return err
		}
	}
	if y.BestID != nil && y.BestNumber != nil && y.BestValue != nil {
		t.best = bestTrial{*y.BestID, *y.BestNumber, *y.BestValue}
	}
	if row.NewComplete > 0 {
		g.grown = append(g.grown, y.StudyID)
	}
	g.maximize[y.StudyID] = directionOf(row.Direction) == search.Maximize
	g.tallies[y.StudyID] = t
	return nil
}

// ended counts the trials that were open when their tally was made and have
// finished since.
func (g *gatherer) ended() error {
	var open []int64
	for _, t := range g.tallies {
		open = append(open, t.open...)
	}
	for ids := range slices.Chunk(open, batch) {
		var rows []struct {
			StudyID, TrialID int64
			State            search.State
		}
		err := g.tx.Raw("SELECT study_id, trial_id, state FROM trials WHERE trial_id IN ? AND state IN ('COMPLETE', 'PRUNED', 'FAIL')", ids).Scan(&rows).Error
		if err != nil {
			return err
		}
		for _, row := range rows {
			t := g.tallies[row.StudyID]
			if t == nil {
				continue
			}
			addCount(&t.counts, row.State, 1)
			if row.State == search.Complete {
				g.candidates = append(g.candidates, row.TrialID)
			}
		}
	}
	return nil
}

// best finds the best trials: among those beyond the tallies, among those that
// were open, and those of the tallies.
func (g *gatherer) best() error {
	for ids := range slices.Chunk(g.grown, batch) {
		var found []*int64
		if err := g.tx.Raw("SELECT"+freshBest+tallyOf+" WHERE s.study_id IN ?", ids).Scan(&found).Error; err != nil {
			return err
		}
		for _, id := range found {
			if id != nil {
				g.candidates = append(g.candidates, *id)
			}
		}
	}
	for ids := range slices.Chunk(g.candidates, batch) {
		var rows []struct {
			StudyID int64
			Trial   bestTrial `gorm:"embedded"`
		}
		err := g.tx.Raw(`SELECT t.study_id, t.trial_id, t.number, v.value FROM trials t
			JOIN trial_values v ON v.trial_id = t.trial_id AND v.objective = 0 AND v.value_type = 'FINITE'
			WHERE t.trial_id IN ?`, ids).Scan(&rows).Error
		if err != nil {
			return err
		}
		for _, row := range rows {
			t := g.tallies[row.StudyID]
			if t != nil && row.Trial.better(t.best, g.maximize[row.StudyID]) {
				t.best = row.Trial
			}
		}
	}
	return nil
}

// bestTrial is a place in a study's order; the zero value: none.
type bestTrial struct {
	TrialID int64
	Number  int
	Value   float64
}

// better reports whether b takes the place of another one.
func (b bestTrial) better(other bestTrial, maximize bool) bool {
	switch {
	case other.TrialID == 0:
		return true
	case b.Value == other.Value:
		return b.Number < other.Number
	}
	return (b.Value > other.Value) == maximize
}
