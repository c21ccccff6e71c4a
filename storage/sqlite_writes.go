package storage

import (
	"database/sql"
	_ "embed" // for sqliteTriggers
	"errors"
	"strings"
	"time"

	"gorm.io/gorm"
	lib "modernc.org/sqlite/lib"

	"github.com/hpsearch/hpsearch/search"
)

// sqliteTriggers is executed on every connection that writes.
//
//go:embed sqlite_writes.sql
var sqliteTriggers string

// sqliteWrites does the frequent writes by the triggers of sqliteTriggers.
type sqliteWrites struct{}

var _ fastWrites = sqliteWrites{}

// errRefused rolls a transaction back that a trigger refused to go on with.
var errRefused = errors.New("refused by a trigger")

// isRefused reports whether err is a trigger's refusal.
func isRefused(err error) bool {
	return resultCode(err) == lib.SQLITE_CONSTRAINT && strings.Contains(err.Error(), "hpsearch: refused")
}

// once runs f in a transaction, relaxed or not; false when a trigger refused.
func once(db *gorm.DB, mode *sql.TxOptions, f func(tx *gorm.DB) error) (bool, error) {
	err := db.Transaction(func(tx *gorm.DB) error {
		err := f(tx)
		if isRefused(err) {
			return errRefused
		}
		return err
	}, options(mode)...)
	if errors.Is(err, errRefused) {
		return false, nil
	}
	return err == nil, err
}

const insertStart = `INSERT INTO start_trial (study_id, number, most, started, worker, lease_until, token, heartbeat)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?)`

// newestTrial is the trial that start_trial made.
const newestTrial = "(SELECT trial_id FROM trials WHERE study_id = ? ORDER BY number DESC LIMIT 1)"

func (sqliteWrites) start(db *gorm.DB, n newRow, claim *search.Claim) (bool, error) {
	return once(db, relaxed, func(tx *gorm.DB) error {
		now := time.Now()
		study := n.claim.StudyID
		err := tx.Exec(insertStart, study, n.claim.Number, n.limit, utc(now), n.claim.Worker, leaseUntil(now, n.lease), n.token, utc(now.Add(n.lease))).Error
		if err != nil {
			return err
		}
		var made trialRow
		if err := tx.Raw("SELECT trial_id, number FROM trials WHERE trial_id = "+newestTrial, study).Scan(&made).Error; err != nil {
			return err
		}
		claim.TrialID, claim.Number = made.TrialID, made.Number
		return insertChildren(tx, made.TrialID, n.params, n.attrs)
	})
}

func claimArguments(c search.Claim, more ...any) []any {
	return append([]any{c.StudyID, c.TrialID, c.Number, c.Attempt, c.Worker}, more...)
}

func (sqliteWrites) renew(db *gorm.DB, c search.Claim, lease time.Duration) (bool, error) {
	return once(db, relaxed, func(tx *gorm.DB) error {
		now := time.Now()
		return tx.Exec(`INSERT INTO renew_trial (study_id, trial_id, number, attempt, worker, lease_until, heartbeat)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, claimArguments(c, leaseUntil(now, lease), utc(now.Add(lease)))...).Error
	})
}

func (sqliteWrites) report(db *gorm.DB, c search.Claim, r search.Report, metrics string) (bool, error) {
	return once(db, relaxed, func(tx *gorm.DB) error {
		value, kind := floatColumns(r.Value)
		return tx.Exec(`INSERT INTO report_trial (study_id, trial_id, number, attempt, worker, step, value, value_type, metrics_json)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, claimArguments(c, r.Step, value, kind, metrics)...).Error
	})
}

func (sqliteWrites) finish(db *gorm.DB, c search.Claim, o search.Outcome, own ownTrialRow) (bool, error) {
	if len(o.Values) > 1 {
		return false, nil
	}
	var value *float64
	var kind *string
	if len(o.Values) == 1 {
		column, name := floatColumns(o.Values[0])
		value, kind = column, &name
	}
	shown, err := shownReason(o)
	if err != nil {
		return false, err
	}
	var texts [2]*string
	for i := range shown {
		place := 0
		if shown[i].Key == ownPrefix+"message" {
			place = 1
		}
		texts[place] = &shown[i].ValueJSON
	}
	return once(db, nil, func(tx *gorm.DB) error {
		return tx.Exec(`INSERT INTO finish_trial (study_id, trial_id, number, attempt, worker, state, completed, value, value_type,
			reason, message, metrics_json, artifacts_json, shown_reason, shown_message)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, claimArguments(c, string(o.State), utc(time.Now()), value, kind,
			own.Reason, own.Message, own.MetricsJSON, own.ArtifactsJSON, texts[0], texts[1])...).Error
	})
}
