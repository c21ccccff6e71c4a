package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// encodeList writes strings as a JSON array.
func encodeList(items ...string) (string, error) {
	data, err := json.Marshal(items)
	return string(data), err
}

// studyJoined is a study with its row of ours.
type studyJoined struct {
	StudyID        int64
	StudyName      string
	DefinitionJSON string `gorm:"column:definition_json"`
	Paused         bool
	CreatedAt      utc
}

// loadStudy reads the one study of a condition; [search.ErrNotFound] when there
// is none.
func loadStudy(tx *gorm.DB, condition string, arg any) (*search.Study, error) {
	studies, err := loadStudies(tx, condition, arg)
	if err != nil {
		return nil, err
	}
	if len(studies) == 0 {
		return nil, search.ErrNotFound
	}
	return &studies[0], nil
}

// loadStudies reads the studies for which the condition on s holds, oldest
// first, in four queries.
func loadStudies(tx *gorm.DB, condition string, args ...any) ([]search.Study, error) {
	var rows []studyJoined
	err := tx.Raw(`SELECT s.study_id, s.study_name, COALESCE(h.definition_json, '') AS definition_json, COALESCE(h.paused, FALSE) AS paused, h.created_at
		FROM studies s LEFT JOIN hpsearch_studies h ON h.study_id = s.study_id
		WHERE `+condition+` ORDER BY s.study_id`, args...).Scan(&rows).Error
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	of := " JOIN studies s ON s.study_id = a.study_id WHERE " + condition
	var directions []directionRow
	err = tx.Raw("SELECT a.* FROM study_directions a"+of+" ORDER BY a.study_id, a.objective", args...).Scan(&directions).Error
	if err != nil {
		return nil, err
	}
	var attrs, system []studySystemAttrRow
	if err := tx.Raw("SELECT a.study_id, a.\"key\", a.value_json FROM study_user_attributes a"+of, args...).Scan(&attrs).Error; err != nil {
		return nil, err
	}
	err = tx.Raw("SELECT a.study_id, a.\"key\", a.value_json FROM study_system_attributes a"+of+" AND a.\"key\" = ?",
		append(append([]any{}, args...), metricNames)...).Scan(&system).Error
	if err != nil {
		return nil, err
	}
	return assembleStudies(rows, directions, attrs, system)
}

func assembleStudies(rows []studyJoined, directions []directionRow, attrs, system []studySystemAttrRow) ([]search.Study, error) {
	studies := make([]search.Study, len(rows))
	index := make(map[int64]*search.Study, len(rows))
	for i, row := range rows {
		studies[i] = search.Study{ID: row.StudyID, Name: row.StudyName, Created: time.Time(row.CreatedAt), Paused: row.Paused, Foreign: row.DefinitionJSON == ""}
		index[row.StudyID] = &studies[i]
	}
	for _, row := range directions {
		study := index[row.StudyID]
		study.Directions = append(study.Directions, directionOf(row.Direction))
	}
	for _, row := range attrs {
		study := index[row.StudyID]
		if study.UserAttrs == nil {
			study.UserAttrs = map[string]any{}
		}
		study.UserAttrs[row.Key] = decodeAttr(row.ValueJSON)
	}
	metrics := make(map[int64][]string, len(system))
	for _, row := range system {
		var names []string
		if json.Unmarshal([]byte(row.ValueJSON), &names) == nil {
			metrics[row.StudyID] = names
		}
	}
	for i, row := range rows {
		study := &studies[i]
		def, err := definitionOf(row.DefinitionJSON, study, metrics[study.ID])
		if err != nil {
			return nil, fmt.Errorf("study %q: %w", study.Name, err)
		}
		study.Definition = def
	}
	return studies, nil
}

// directionOf reads Optuna's name of a direction; NOT_SET means minimize.
func directionOf(name string) search.Direction {
	if strings.EqualFold(name, string(search.Maximize)) {
		return search.Maximize
	}
	return search.Minimize
}

// external is the kind of a study whose trials are asked for and told.
const external = "external"

// definitionOf reads a stored definition. A study of Optuna's has none: its
// trials are run from outside and its space is only known from its trials.
func definitionOf(text string, study *search.Study, metrics []string) (search.Definition, error) {
	if text != "" {
		return decodeDefinition(text)
	}
	if len(metrics) != max(1, len(study.Directions)) || slices.Contains(metrics, "") {
		metrics = search.UnnamedMetrics(len(study.Directions))
	}
	objective := search.ObjectiveSpec{Kind: external, Metrics: metrics, Directions: study.Directions}
	return search.Definition{Version: 1, Name: study.Name, Objective: objective.Complete()}, nil
}

// summaries reads the studies for which the condition on s holds, with their
// counts and best trials, the number of queries independent of the number of
// studies.
func (s *sqlStore) summaries(ctx context.Context, doing, condition string, args ...any) ([]search.Summary, error) {
	var summaries []search.Summary
	var folded []tallyRow
	err := s.view(ctx, doing, func(tx *gorm.DB) error {
		studies, err := loadStudies(tx, condition, args...)
		if err != nil || len(studies) == 0 {
			summaries = nil
			return err
		}
		found, err := tallies(tx, true, condition, args...)
		if err != nil {
			return err
		}
		best, err := loadBest(tx, found, true)
		if err != nil {
			return err
		}
		summaries = make([]search.Summary, len(studies))
		for i, study := range studies {
			summaries[i] = search.Summary{Study: study, Counts: found[study.ID].counts, Best: best[study.ID]}
		}
		folded, err = fold(tx, found)
		return err
	})
	if err == nil {
		s.storeTallies(ctx, folded)
	}
	return summaries, err
}

// addCount adds n trials in a state.
func addCount(c *search.Counts, state search.State, n int) {
	switch state {
	case search.Waiting:
		c.Waiting += n
	case search.Running:
		c.Running += n
	case search.Complete:
		c.Complete += n
	case search.Pruned:
		c.Pruned += n
	case search.Failed:
		c.Fail += n
	}
}

// loadBest reads the best trials that tallies name, by study, without their
// reports when brief.
func loadBest(tx *gorm.DB, found map[int64]*tally, brief bool) (map[int64]*search.Trial, error) {
	studyOf := make(map[int64]int64, len(found))
	for id, t := range found {
		if t.best.TrialID != 0 {
			studyOf[t.best.TrialID] = id
		}
	}
	best := make(map[int64]*search.Trial, len(studyOf))
	for ids := range slices.Chunk(slices.Collect(maps.Keys(studyOf)), batch) {
		trials, err := loadTrials(tx, tx.Table("trials").Where("trials.trial_id IN ?", ids), brief)
		if err != nil {
			return nil, err
		}
		for _, t := range trials {
			best[studyOf[t.ID]] = t
		}
	}
	return best, nil
}
