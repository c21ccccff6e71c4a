package storage

import (
	"context"
	"fmt"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/hpsearch/hpsearch/search"
)

// Adopt implements [search.Store].
func (s *sqlStore) Adopt(ctx context.Context, studyID int64, def search.Definition) error {
	def.Objective = def.Objective.Complete()
	if err := checkDefinition(def); err != nil {
		return err
	}
	token := newToken()
	return s.update(ctx, fmt.Sprintf("adopt study %q", def.Name), func(tx *gorm.DB) error {
		if err := lockFor(tx, s.lockStudy, studyID); err != nil {
			return err
		}
		study, err := loadStudy(tx, "s.study_id = ?", studyID)
		if err != nil {
			return err
		}
		if adopted, err := checkAdopted(study, def); err != nil || adopted {
			return err
		}
		g, err := admission(tx, studyID)
		if err != nil {
			return err
		}
		if err := writeAdoption(tx, studyID, def); err != nil {
			return err
		}
		return insertWaiting(tx, studyID, g.Next, token, def.Enqueue...)
	})
}

// checkAdopted reports whether a study has the definition already, and refuses
// one that the study cannot have.
func checkAdopted(study *search.Study, def search.Definition) (bool, error) {
	switch {
	case study.Name != def.Name:
		return false, refuse("the study is named %q", study.Name)
	case !slices.Equal(study.Directions, def.Objective.AllDirections()):
		return false, refuse("the study is there to %v its values, not to %v them", study.Directions, def.Objective.AllDirections())
	case study.Foreign:
		return false, nil
	}
	stored, err := encodeDefinition(study.Definition)
	if err != nil {
		return false, err
	}
	wanted, err := encodeDefinition(def)
	if err == nil && stored != wanted {
		err = fmt.Errorf("the study has another definition: %w", search.ErrExists)
	}
	return err == nil, err
}

// writeAdoption writes the rows that make a study of Optuna's one of ours, and
// what its values are called where Optuna's dashboard looks for it.
func writeAdoption(tx *gorm.DB, studyID int64, def search.Definition) error {
	text, err := encodeDefinition(def)
	if err != nil {
		return err
	}
	err = tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "study_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"definition_json"}),
	}).Create(&ownStudyRow{StudyID: studyID, DefinitionJSON: text}).Error
	if err != nil || def.Objective.Metric == "" {
		return err
	}
	names, err := encodeList(def.Objective.AllMetrics()...)
	if err != nil {
		return err
	}
	return tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "study_id"}, {Name: "key"}},
		DoUpdates: clause.AssignmentColumns([]string{"value_json"}),
	}).Create(&studySystemAttrRow{StudyID: studyID, Key: metricNames, ValueJSON: names}).Error
}
