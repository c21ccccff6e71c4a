package storage

import (
	"path/filepath"
	"strings"
	"testing"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// TestSnapshotWalksNoTrials asks SQLite how it finds the trials of a snapshot:
// by their numbers, not by looking at all of the study.
func TestSnapshotWalksNoTrials(t *testing.T) {
	t.Parallel()
	s := openURL(t, "sqlite:///"+filepath.Join(t.TempDir(), "study.db"))
	defer s.Close()
	query := s.read.ToSQL(func(tx *gorm.DB) *gorm.DB {
		var rows []trialRow
		return selectTrials(tx, 1, search.TrialQuery{After: 99, Also: []int{3, 5, 8}}).Order(orderFor(nil)).Find(&rows)
	})
	var plan []struct{ Detail string }
	if err := s.read.Raw("EXPLAIN QUERY PLAN " + query).Scan(&plan).Error; err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	var searches []string
	for _, step := range plan {
		if strings.Contains(step.Detail, "SCAN trials") {
			t.Errorf("%s", step.Detail)
		}
		if _, by, ok := strings.Cut(step.Detail, "SEARCH trials USING INDEX "); ok {
			_, columns, _ := strings.Cut(by, " ")
			searches = append(searches, columns)
		}
	}
	same(t, "searches", searches, []string{"(study_id=? AND number>?)", "(study_id=? AND number=?)"})
}
