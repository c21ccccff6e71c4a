package storage

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
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

// look is how many candidates are looked at together. Workers that ask at the
// same time each get another one of them.
const look = 64

// Claim implements [search.Store].
func (s *sqlStore) Claim(ctx context.Context, studyID int64, worker string, lease time.Duration, maxAttempts int) (*search.Trial, search.Claim, error) {
	doing := fmt.Sprintf("claim a trial of study %d", studyID)
	if err := checkLease(lease); err != nil {
		return nil, search.Claim{}, err
	}
	r := &claimRequest{studyID: studyID, worker: worker, lease: lease, maxAttempts: maxAttempts, token: newToken(), grace: s.retry.grace}
	const rounds = 20 // others take what we see: then they are at work
	for round := range rounds {
		pause := jitter(time.Duration(round) * conflictPause)
		if r.late {
			pause, r.late, r.grace = s.retry.grace, false, 0
		}
		if round > 0 && !wait(ctx, pause) {
			return nil, search.Claim{}, fmt.Errorf("%s: %w", doing, ctx.Err())
		}
		// Workers ask before every new trial and mostly there is nothing: a
		// look without locks spares the others the wait.
		var found []candidate
		err := s.glance(ctx, doing, func(tx *gorm.DB) error {
			var err error
			found, err = s.candidates(tx, studyID)
			return err
		})
		if err != nil {
			return nil, search.Claim{}, err
		}
		if len(found) == 0 {
			break
		}
		trial, claim, err := s.claimOne(ctx, doing, r, found)
		if err != nil || trial != nil {
			return trial, claim, err
		}
	}
	return nil, search.Claim{}, fmt.Errorf("%s: %w", doing, search.ErrNothing)
}

// claimRequest is what a call of Claim asks for.
type claimRequest struct {
	studyID     int64
	worker      string
	lease       time.Duration
	maxAttempts int
	token       int64
	// grace, if not 0, is how long a wait for the database may be after which
	// candidates are still taken. Where it was longer, nobody could renew a
	// lease: the request is late, and looks again when those had their turn.
	grace time.Duration
	late  bool
}

// claimOne claims the first candidate that is still free and has attempts
// left, and ends those before it that have none; no trial when there is none.
func (s *sqlStore) claimOne(ctx context.Context, doing string, r *claimRequest, found []candidate) (*search.Trial, search.Claim, error) {
	var trial *search.Trial
	asked := s.machine()
	err := s.note(ctx, doing, func(tx *gorm.DB) error {
		trial = nil
		if r.late = r.grace > 0 && s.machine().Sub(asked) > r.grace; r.late {
			return nil
		}
		id, err := s.takeOne(tx, r, found)
		if err != nil || id == 0 {
			return err
		}
		trials, err := loadTrials(tx, tx.Table("trials").Where("trials.trial_id = ?", id), false)
		if err == nil {
			trial = trials[0]
		}
		return err
	})
	if err != nil || trial == nil {
		return nil, search.Claim{}, err
	}
	return trial, search.Claim{StudyID: r.studyID, TrialID: trial.ID, Number: trial.Number, Attempt: trial.Attempt, Worker: r.worker}, nil
}

// takeOne returns the id of the trial that it took over; 0: none.
func (s *sqlStore) takeOne(tx *gorm.DB, r *claimRequest, found []candidate) (int64, error) {
	if again(tx.Statement.Context) {
		if id, err := taken(tx, r); err != nil || id != 0 {
			return id, err
		}
	}
	for _, c := range found {
		now, err := s.now(tx)
		if err != nil {
			return 0, err
		}
		c, free, err := s.lockCandidate(tx, c.TrialID, now)
		if err != nil {
			return 0, err
		}
		if !free {
			continue
		}
		if lost := c.Attempt - c.Released; r.maxAttempts > 0 && lost >= r.maxAttempts {
			if err := endTrial(tx, c.TrialID, lostOutcome(lost), now); err != nil {
				return 0, err
			}
			continue
		}
		return c.TrialID, s.takeOver(tx, c, r, now)
	}
	return 0, nil
}

// taken returns the trial that an earlier run of the same call took over.
func taken(tx *gorm.DB, r *claimRequest) (int64, error) {
	var ids []int64
	err := tx.Raw(`SELECT t.trial_id FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.study_id = ? AND t.state = 'RUNNING' AND h.token = ? AND h.worker = ?`, r.studyID, r.token, r.worker).Scan(&ids).Error
	if err != nil || len(ids) == 0 {
		return 0, err
	}
	return ids[0], nil
}

// mayBeClaimed is the condition for a trial t with its row h. A RUNNING trial
// without a lease is an Optuna worker's and left alone.
const mayBeClaimed = "(t.state = 'WAITING' OR t.state = 'RUNNING' AND h.lease_until <= ?)"

// candidates returns the lowest-numbered trials that are WAITING or whose
// lease is over, in one statement; ErrNothing when the study is paused.
//
// The order is by number + 0 because an order by number makes SQLite walk all
// trials of the study by their numbers instead of the few that are open.
func (s *sqlStore) candidates(tx *gorm.DB, studyID int64) (found []candidate, err error) {
	now, args := s.clock, []any{studyID, studyID}
	if now == "" {
		now, args = "?", []any{studyID, s.machine().UnixMicro(), studyID}
	}
	rows, err := tx.Raw(`SELECT COALESCE(own.paused, FALSE), COALESCE(found.trial_id, 0), COALESCE(found.number, 0)
		FROM studies s LEFT JOIN hpsearch_studies own ON own.study_id = s.study_id LEFT JOIN (
			SELECT t.trial_id, t.number FROM trials t LEFT JOIN hpsearch_trials h ON h.trial_id = t.trial_id
			WHERE t.study_id = ? AND t.state IN ('WAITING', 'RUNNING') AND t.number IS NOT NULL AND `+
		strings.Replace(mayBeClaimed, "?", now, 1)+`
			ORDER BY t.number + 0 LIMIT `+strconv.Itoa(look)+`
		) found ON 1 = 1
		WHERE s.study_id = ?`, args...).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	known, paused := false, false
	for rows.Next() {
		var c candidate
		if err := rows.Scan(&paused, &c.TrialID, &c.Number); err != nil {
			return nil, err
		}
		known = true
		if c.TrialID != 0 {
			found = append(found, c)
		}
	}
	switch {
	case rows.Err() != nil:
		return nil, rows.Err()
	case !known:
		return nil, fmt.Errorf("study %d: %w", studyID, search.ErrNotFound)
	case paused:
		return nil, fmt.Errorf("the study is paused: %w", search.ErrNothing)
	}
	slices.SortFunc(found, func(a, b candidate) int { return a.Number - b.Number })
	return found, nil
}

// Leases implements [search.Store].
func (s *sqlStore) Leases(ctx context.Context, studyID int64) (map[int]time.Duration, error) {
	var rows []struct {
		Number    int
		Remaining int64
	}
	err := s.view(ctx, fmt.Sprintf("leases of study %d", studyID), func(tx *gorm.DB) error {
		err := tx.Raw(`SELECT t.number, h.lease_until - `+s.nowSQL()+` AS remaining FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
			WHERE t.study_id = ? AND t.state = 'RUNNING' AND h.lease_until IS NOT NULL AND t.number IS NOT NULL`, studyID).Scan(&rows).Error
		if err == nil && len(rows) == 0 {
			return requireStudy(tx, studyID)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	leases := make(map[int]time.Duration, len(rows))
	for _, row := range rows {
		leases[row.Number] = time.Duration(row.Remaining) * time.Microsecond
	}
	return leases, nil
}

// lockCandidate locks a trial, unless somebody else has it, and reads it as it
// is then.
func (s *sqlStore) lockCandidate(tx *gorm.DB, trialID int64, now time.Time) (c candidate, free bool, err error) {
	if s.tryTrial != "" {
		var ids []int64
		if err := tx.Raw(s.tryTrial, trialID).Scan(&ids).Error; err != nil || len(ids) == 0 {
			return c, false, err
		}
	}
	var found []candidate
	err = tx.Raw(`SELECT t.trial_id, t.number, COALESCE(h.attempt, 0) AS attempt, COALESCE(h.released, 0) AS released
		FROM trials t LEFT JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = ? AND `+mayBeClaimed, trialID, now.UnixMicro()).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return c, false, err
	}
	return found[0], true, nil
}

// takeOver starts the next attempt of a trial.
func (s *sqlStore) takeOver(tx *gorm.DB, c candidate, r *claimRequest, now time.Time) error {
	err := tx.Clauses(clause.OnConflict{
		Columns:   []clause.Column{{Name: "trial_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"attempt", "worker", "lease_until", "token"}),
	}).Create(&ownTrialRow{
		TrialID: c.TrialID, Attempt: c.Attempt + 1, Worker: r.worker, LeaseUntil: leaseUntil(now, r.lease), Token: r.token,
	}).Error
	if err != nil {
		return err
	}
	if err := s.heartbeat(tx, c.TrialID, now, r.lease); err != nil {
		return err
	}
	return tx.Exec("UPDATE trials SET state = ?, datetime_start = ? WHERE trial_id = ?",
		string(search.Running), utc(now), c.TrialID).Error
}
