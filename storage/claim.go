package storage

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/hpsearch/hpsearch/search"
)

// candidate is a trial that may be claimed.
type candidate struct {
	TrialID  int64
	Number   int
	Attempt  int
	Released int
}

// Claim implements [search.Store].
func (s *sqlStore) Claim(ctx context.Context, studyID int64, worker string, lease time.Duration, maxAttempts int) (*search.Trial, search.Claim, error) {
	doing := fmt.Sprintf("claim a trial of study %d", studyID)
	if err := checkLease(lease); err != nil {
		return nil, search.Claim{}, err
	}
	// Workers ask before every new trial and mostly there is nothing: a look
	// without the write lock spares the others the wait.
	err := s.view(ctx, doing, func(tx *gorm.DB) error {
		_, err := nextCandidate(tx, studyID, s.now())
		return err
	})
	if err != nil {
		return nil, search.Claim{}, err
	}
	var trial *search.Trial
	claim := search.Claim{StudyID: studyID, Worker: worker}
	nothing := false // the trials ended as lost on the way are kept
	err = s.note(ctx, doing, func(tx *gorm.DB) error {
		now := s.now()
		found, err := claimable(tx, studyID, maxAttempts, now)
		if isNothing(err) {
			nothing = true
			return nil
		}
		if err != nil {
			return err
		}
		if err := takeOver(tx, found, worker, now, lease); err != nil {
			return err
		}
		claim.TrialID, claim.Number, claim.Attempt = found.TrialID, found.Number, found.Attempt+1
		trials, err := loadTrials(tx, tx.Table("trials").Where("trials.trial_id = ?", found.TrialID), false)
		if err == nil {
			trial = trials[0]
		}
		return err
	})
	if err == nil && nothing {
		err = fmt.Errorf("%s: %w", doing, search.ErrNothing)
	}
	if err != nil {
		return nil, search.Claim{}, err
	}
	return trial, claim, nil
}

// claimable returns the next trial that has attempts left, and ends those
// before it that have none.
func claimable(tx *gorm.DB, studyID int64, maxAttempts int, now time.Time) (candidate, error) {
	for {
		found, err := nextCandidate(tx, studyID, now)
		if err != nil {
			return candidate{}, err
		}
		lost := found.Attempt - found.Released
		if maxAttempts <= 0 || lost < maxAttempts {
			return found, nil
		}
		if err := endTrial(tx, found.TrialID, lostOutcome(lost), now); err != nil {
			return candidate{}, err
		}
	}
}

// nextCandidate returns the lowest-numbered trial that is WAITING or whose
// lease is over; ErrNothing when there is none or the study is paused. A
// RUNNING trial without a lease is an Optuna worker's and left alone.
//
// The order is by number + 0 because an order by number makes SQLite walk all
// trials of the study by their numbers instead of the few that are open.
func nextCandidate(tx *gorm.DB, studyID int64, now time.Time) (candidate, error) {
	g, err := admission(tx, studyID)
	if err != nil {
		return candidate{}, err
	}
	if g.Paused {
		return candidate{}, fmt.Errorf("the study is paused: %w", search.ErrNothing)
	}
	var found []candidate
	err = tx.Raw(`SELECT t.trial_id, t.number, h.attempt, h.released
		FROM trials t LEFT JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.study_id = ? AND t.state IN ('WAITING', 'RUNNING')
			AND t.number IS NOT NULL AND (t.state = 'WAITING' OR h.lease_until <= ?)
		ORDER BY t.number + 0 LIMIT 1`, studyID, now.UnixMicro()).Scan(&found).Error
	if err != nil {
		return candidate{}, err
	}
	if len(found) == 0 {
		return candidate{}, search.ErrNothing
	}
	return found[0], nil
}

// takeOver starts the next attempt of a trial.
func takeOver(tx *gorm.DB, found candidate, worker string, now time.Time, lease time.Duration) error {
	err := tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "trial_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"attempt", "worker", "lease_until"}),
	}).Create(&ownTrialRow{TrialID: found.TrialID, Attempt: found.Attempt + 1, Worker: worker, LeaseUntil: leaseUntil(now, lease)}).Error
	if err != nil {
		return err
	}
	return tx.Exec("UPDATE trials SET state = ?, datetime_start = ? WHERE trial_id = ?",
		string(search.Running), utc(now), found.TrialID).Error
}
