package storage

import (
	"context"
	"fmt"
	"strings"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/hpsearch/hpsearch/search"
)

// metricNames is the system attribute in which Optuna keeps what a study's
// objectives are called; its dashboard shows it.
const metricNames = "study:metric_names"

// CreateStudy implements [search.Store].
func (s *sqlStore) CreateStudy(ctx context.Context, def search.Definition) (*search.Study, error) {
	def.Objective = def.Objective.Complete()
	if err := checkDefinition(def); err != nil {
		return nil, err
	}
	var study *search.Study
	doing := fmt.Sprintf("create study %q", def.Name)
	err := s.update(ctx, doing, func(tx *gorm.DB) error {
		if taken, err := takenName(tx, def, &study); err != nil || taken {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		id, err := insertStudy(tx, def, now)
		if s.duplicate(err) {
			return search.ErrExists // made by another process meanwhile
		}
		if err != nil {
			return err
		}
		if err := insertWaiting(tx, id, 0, newToken(), def.Enqueue...); err != nil {
			return err
		}
		study, err = loadStudy(tx, "s.study_id = ?", id)
		return err
	})
	return study, err
}

// takenName returns ErrExists when there is a study of that name. After a lost
// connection it may be the one that was to be created: then it is read.
func takenName(tx *gorm.DB, def search.Definition, study **search.Study) (bool, error) {
	studies, err := loadStudies(tx, "s.study_name = ?", def.Name)
	if err != nil || len(studies) == 0 {
		return false, err
	}
	if again(tx.Statement.Context) && studies[0].Name == def.Name {
		stored, err := encodeDefinition(studies[0].Definition)
		if err != nil {
			return false, err
		}
		if wanted, err := encodeDefinition(def); err == nil && stored == wanted {
			*study = &studies[0]
			return true, nil
		}
	}
	return false, search.ErrExists
}

// insertStudy writes the rows of a study and returns its id.
func insertStudy(tx *gorm.DB, def search.Definition, now time.Time) (int64, error) {
	text, err := encodeDefinition(def)
	if err != nil {
		return 0, err
	}
	row := studyRow{StudyName: def.Name}
	if err := tx.Create(&row).Error; err != nil {
		return 0, err
	}
	rows := []any{&ownStudyRow{StudyID: row.StudyID, DefinitionJSON: text, CreatedAt: utc(now)}}
	for i, d := range def.Objective.AllDirections() {
		rows = append(rows, &directionRow{StudyID: row.StudyID, Objective: i, Direction: strings.ToUpper(string(d))})
	}
	if def.Objective.Metric != "" {
		names, err := encodeList(def.Objective.AllMetrics()...)
		if err != nil {
			return 0, err
		}
		rows = append(rows, &studySystemAttrRow{StudyID: row.StudyID, Key: metricNames, ValueJSON: names})
	}
	for _, r := range rows {
		if err := tx.Create(r).Error; err != nil {
			return 0, err
		}
	}
	return row.StudyID, nil
}

// Study implements [search.Store].
func (s *sqlStore) Study(ctx context.Context, name string) (*search.Study, error) {
	var study *search.Study
	err := s.view(ctx, fmt.Sprintf("study %q", name), func(tx *gorm.DB) error {
		var err error
		if study, err = loadStudy(tx, "s.study_name = ?", name); err != nil {
			return err
		}
		return learnSpace(tx, study)
	})
	return study, err
}

// Summaries implements [search.Store].
func (s *sqlStore) Summaries(ctx context.Context) ([]search.Summary, error) {
	return s.summaries(ctx, "list studies", "1 = 1")
}

// Summary implements [search.Store].
func (s *sqlStore) Summary(ctx context.Context, name string) (*search.Summary, error) {
	doing := fmt.Sprintf("study %q", name)
	summaries, err := s.summaries(ctx, doing, "s.study_name = ?", name)
	if err != nil {
		return nil, err
	}
	if len(summaries) == 0 || summaries[0].Study.Name != name { // MySQL ignores case
		return nil, fmt.Errorf("%s: %w", doing, search.ErrNotFound)
	}
	return &summaries[0], nil
}

// SetPaused implements [search.Store].
func (s *sqlStore) SetPaused(ctx context.Context, studyID int64, paused bool) error {
	return s.update(ctx, fmt.Sprintf("pause or resume study %d", studyID), func(tx *gorm.DB) error {
		if err := requireStudy(tx, studyID); err != nil {
			return err
		}
		return tx.Clauses(clause.OnConflict{
			Columns:   []clause.Column{{Name: "study_id"}},
			DoUpdates: clause.AssignmentColumns([]string{"paused"}),
		}).Create(&ownStudyRow{StudyID: studyID, Paused: paused}).Error
	})
}

// SetBudget implements [search.Store].
func (s *sqlStore) SetBudget(ctx context.Context, studyID int64, budget search.Budget) error {
	return s.update(ctx, fmt.Sprintf("set the budget of study %d", studyID), func(tx *gorm.DB) error {
		if err := lockFor(tx, s.lockStudy, studyID); err != nil {
			return err
		}
		study, err := loadStudy(tx, "s.study_id = ?", studyID)
		if err != nil {
			return err
		}
		text, err := withBudget(study, budget)
		if err != nil {
			return err
		}
		return tx.Model(&ownStudyRow{}).Where("study_id = ?", studyID).Update("definition_json", text).Error
	})
}

// withBudget encodes a study's definition with another budget.
func withBudget(study *search.Study, budget search.Budget) (string, error) {
	if study.Foreign {
		return "", refuse("the study has no definition")
	}
	def := study.Definition
	def.Budget = budget
	if err := checkDefinition(def); err != nil {
		return "", err
	}
	return encodeDefinition(def)
}

// DeleteStudy implements [search.Store].
func (s *sqlStore) DeleteStudy(ctx context.Context, studyID int64) error {
	ofTrials := []string{"trial_params", "trial_values", "trial_intermediate_values", "trial_user_attributes",
		"trial_system_attributes", "trial_heartbeats", "hpsearch_reports", "hpsearch_trials"}
	ofStudy := []string{"trials", "study_directions", "study_user_attributes", "study_system_attributes",
		"hpsearch_tallies", "hpsearch_studies", "studies"}
	return s.update(ctx, fmt.Sprintf("delete study %d", studyID), func(tx *gorm.DB) error {
		if err := lockFor(tx, s.lockStudy, studyID); err != nil {
			return err
		}
		if err := requireStudy(tx, studyID); err != nil {
			if again(tx.Statement.Context) {
				return nil // it was deleted and we did not hear of it
			}
			return err
		}
		for _, table := range ofTrials {
			query := "DELETE FROM " + table + " WHERE trial_id IN (SELECT trial_id FROM trials WHERE study_id = ?)"
			if err := tx.Exec(query, studyID).Error; err != nil {
				return err
			}
		}
		for _, table := range ofStudy {
			if err := tx.Exec("DELETE FROM "+table+" WHERE study_id = ?", studyID).Error; err != nil {
				return err
			}
		}
		return nil
	})
}

// requireStudy returns ErrNotFound unless the study exists.
func requireStudy(tx *gorm.DB, studyID int64) error {
	_, err := admission(tx, studyID)
	return err
}

// gate is what decides whether a study takes a new trial.
type gate struct {
	StudyID int64
	Paused  bool
	Next    int // the next free trial number
}

// admission reads a study's gate; ErrNotFound when there is no such study.
func admission(tx *gorm.DB, studyID int64) (gate, error) {
	var g gate
	err := tx.Raw(`SELECT s.study_id, COALESCE(h.paused, FALSE) AS paused,
		COALESCE((SELECT MAX(t.number) FROM trials t WHERE t.study_id = s.study_id), -1) + 1 AS next
		FROM studies s LEFT JOIN hpsearch_studies h ON h.study_id = s.study_id
		WHERE s.study_id = ?`, studyID).Scan(&g).Error
	if err == nil && g.StudyID != studyID {
		err = fmt.Errorf("study %d: %w", studyID, search.ErrNotFound)
	}
	return g, err
}
