package storage

import (
	"context"
	"errors"
	"math"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// Finish implements [search.Store].
func (s *sqlStore) Finish(ctx context.Context, c search.Claim, o search.Outcome) error {
	doing := "end " + refOf(c).String()
	done, err := s.quickFinish(ctx, doing, c, o)
	if done || err != nil {
		return err
	}
	return s.update(ctx, doing, func(tx *gorm.DB) error {
		h, claimErr := s.hold(tx, c)
		if claimErr != nil && !errors.Is(claimErr, search.ErrFinished) {
			return claimErr
		}
		last := math.NaN()
		if o.State == search.Pruned && len(o.Values) == 0 {
			var err error
			if last, err = lastValue(tx, c.TrialID); err != nil {
				return err
			}
		}
		o, err := checkOutcome(o, h.Objectives, last)
		if err != nil {
			return err
		}
		if claimErr != nil {
			return sameOutcome(tx, c.TrialID, h.State, o)
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		return endTrial(tx, c.TrialID, o, now)
	})
}

// quickFinish ends a trial in the dialect's fast way where the outcome says
// all that there is to write.
func (s *sqlStore) quickFinish(ctx context.Context, doing string, c search.Claim, o search.Outcome) (bool, error) {
	if s.fast == nil || o.State == search.Pruned && len(o.Values) == 0 {
		return false, nil
	}
	o, err := checkOutcome(o, len(o.Values), math.NaN())
	if err != nil {
		return false, nil // the general way says what is wrong with it
	}
	own, err := outcomeColumns(o)
	if err != nil {
		return false, err
	}
	return s.quick(ctx, doing, func(db *gorm.DB, fast fastWrites) (bool, error) { return fast.finish(db, c, o, own) })
}

// endTrial writes an outcome that was checked.
func endTrial(tx *gorm.DB, trialID int64, o search.Outcome, now time.Time) error {
	own, err := outcomeColumns(o)
	if err != nil {
		return err
	}
	err = tx.Exec("UPDATE trials SET state = ?, datetime_complete = ? WHERE trial_id = ?", string(o.State), utc(now), trialID).Error
	if err != nil {
		return err
	}
	err = tx.Exec(`UPDATE hpsearch_trials SET lease_until = NULL, reason = ?, message = ?, metrics_json = ?, artifacts_json = ?
		WHERE trial_id = ?`, own.Reason, own.Message, own.MetricsJSON, own.ArtifactsJSON, trialID).Error
	if err != nil {
		return err
	}
	if len(o.Values) > 0 {
		rows := make([]valueRow, len(o.Values))
		for i, v := range o.Values {
			column, kind := floatColumns(v)
			rows[i] = valueRow{TrialID: trialID, Objective: i, Value: column, ValueType: kind}
		}
		if err := tx.Create(&rows).Error; err != nil {
			return err
		}
	}
	return showReason(tx, trialID, o)
}

// showReason writes why a trial failed where Optuna's dashboard shows it.
func showReason(tx *gorm.DB, trialID int64, o search.Outcome) error {
	attrs, err := shownReason(o)
	if err != nil {
		return err
	}
	return insertChildren(tx, trialID, nil, attrs)
}

// shownReason makes the user attributes that say why a trial failed, without
// the trial's id.
func shownReason(o search.Outcome) ([]userAttrRow, error) {
	shown := map[string]any{}
	if o.Reason != "" {
		shown[ownPrefix+"reason"] = o.Reason
	}
	if o.Message != "" {
		shown[ownPrefix+"message"] = clip(o.Message, maxShown)
	}
	return userAttrRows(shown)
}

// outcomeColumns returns the columns of ours that an outcome fills.
func outcomeColumns(o search.Outcome) (ownTrialRow, error) {
	metrics, err := encodeMetrics(o.Metrics)
	if err != nil {
		return ownTrialRow{}, err
	}
	artifacts, err := encodeObject("artifacts", o.Artifacts)
	return ownTrialRow{Reason: o.Reason, Message: o.Message, MetricsJSON: metrics, ArtifactsJSON: artifacts}, err
}

// sameOutcome compares an outcome with that of a trial that ended before:
// nil when they are the same, else ErrFinished.
func sameOutcome(tx *gorm.DB, trialID int64, state search.State, o search.Outcome) error {
	want, err := outcomeColumns(o)
	if err != nil {
		return err
	}
	var own ownTrialRow
	if err := tx.Where("trial_id = ?", trialID).Find(&own).Error; err != nil {
		return err
	}
	var values []valueRow
	if err := tx.Where("trial_id = ?", trialID).Order("objective").Find(&values).Error; err != nil {
		return err
	}
	same := state == o.State && len(values) == len(o.Values) && own.Reason == want.Reason && own.Message == want.Message &&
		own.MetricsJSON == want.MetricsJSON && own.ArtifactsJSON == want.ArtifactsJSON
	for i := 0; same && i < len(values); i++ {
		same = floatFromColumns(values[i].Value, values[i].ValueType) == o.Values[i]
	}
	if !same {
		return search.ErrFinished
	}
	return nil
}

// Release implements [search.Store].
func (s *sqlStore) Release(ctx context.Context, c search.Claim) error {
	return s.giveBack(ctx, c, func(*gorm.DB) error { return nil })
}

// Requeue implements [search.Store].
func (s *sqlStore) Requeue(ctx context.Context, c search.Claim, reason, message string) error {
	reason, message = clip(readable(reason), maxReason), readable(message)
	return s.giveBack(ctx, c, func(tx *gorm.DB) error {
		return tx.Exec("UPDATE hpsearch_trials SET reason = ?, message = ? WHERE trial_id = ?", reason, message, c.TrialID).Error
	})
}

// giveBack makes a claimed trial a WAITING one, with what mark writes.
func (s *sqlStore) giveBack(ctx context.Context, c search.Claim, mark func(tx *gorm.DB) error) error {
	return s.note(ctx, "give back "+refOf(c).String(), func(tx *gorm.DB) error {
		h, err := s.hold(tx, c)
		if err != nil {
			if again(tx.Statement.Context) && h.State == search.Waiting && h.Attempt == c.Attempt && h.Number == c.Number {
				return nil // we gave it back and did not hear of it
			}
			return err
		}
		for _, statement := range []string{
			"UPDATE hpsearch_trials SET released = released + 1, lease_until = NULL WHERE trial_id = ?",
			// Whoever takes it may give no sign of life, as an Optuna worker
			// without heartbeats: an old one would make it look dead.
			"DELETE FROM trial_heartbeats WHERE trial_id = ?",
			"UPDATE trials SET state = 'WAITING', datetime_start = NULL WHERE trial_id = ?",
		} {
			if err := tx.Exec(statement, c.TrialID).Error; err != nil {
				return err
			}
		}
		return mark(tx)
	})
}
