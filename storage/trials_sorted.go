package storage

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// sorted returns the query that selects trials with what their order needs, and
// the order. It is the database that sorts, so that a limit spares the rest.
func (s *sqlStore) sorted(selected *gorm.DB, q search.TrialQuery) (*gorm.DB, string) {
	var key string
	switch q.Order {
	case search.ByValue:
		selected = selected.Joins("LEFT JOIN trial_values v ON v.trial_id = trials.trial_id AND v.objective = 0").
			Joins("LEFT JOIN study_directions d ON d.study_id = trials.study_id AND d.objective = 0")
		key = fmt.Sprintf("(CASE v.value_type WHEN '%s' THEN %g WHEN '%s' THEN %g ELSE v.value END) * (CASE d.direction WHEN 'MAXIMIZE' THEN -1 ELSE 1 END)",
			infinite, math.MaxFloat64, minusInf, -math.MaxFloat64)
	case search.ByDuration:
		start, end := fmt.Sprintf(s.micros, "trials.datetime_start"), fmt.Sprintf(s.micros, "trials.datetime_complete")
		key = fmt.Sprintf("(%s) - (CASE WHEN trials.state = '%s' THEN %s ELSE %s END)", start, search.Running, s.nowSQL(), end)
	}
	way := "ASC"
	if q.Reverse {
		way = "DESC"
	}
	// What has no key is last: databases differ in where they put NULL.
	return selected, fmt.Sprintf("CASE WHEN %[1]s IS NULL THEN 1 ELSE 0 END, %[1]s %[2]s, trials.number", key, way)
}

// sortTrials does in memory what sqlStore.sorted does in SQL.
func sortTrials(trials []*search.Trial, q search.TrialQuery, direction search.Direction, now time.Time) {
	key := func(t *search.Trial) (float64, bool) { return t.Value(), len(t.Values) > 0 }
	sign := 1
	if q.Order == search.ByDuration {
		key = func(t *search.Trial) (float64, bool) {
			end := t.Finished
			if t.State == search.Running {
				end = now
			}
			return float64(end.Sub(t.Started)), !t.Started.IsZero() && !end.IsZero()
		}
	}
	if (q.Order == search.ByDuration || direction == search.Maximize) != q.Reverse {
		sign = -1
	}
	slices.SortFunc(trials, func(a, b *search.Trial) int {
		x, hasX := key(a)
		y, hasY := key(b)
		switch {
		case hasX != hasY && hasX:
			return -1
		case hasX != hasY:
			return 1
		case hasX && x != y:
			return sign * cmp.Compare(x, y)
		}
		return cmp.Compare(a.Number, b.Number)
	})
}
