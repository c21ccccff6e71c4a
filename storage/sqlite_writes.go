package storage

import (
	"context"
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
		// The driver starts a goroutine for a statement that may be interrupted,
		// which costs more than one of these.
		err := f(tx.WithContext(context.WithoutCancel(tx.Statement.Context)))
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

// selectNewest finds the trial that start_trial made.
const selectNewest = "SELECT trial_id, number FROM trials WHERE study_id = ? ORDER BY number DESC LIMIT 1"

func (sqliteWrites) start(db *gorm.DB, n newRow, claim *search.Claim) (bool, error) {
	return once(db, relaxed, func(tx *gorm.DB) error {
		now := time.Now()
		study := n.claim.StudyID
		_, err := direct(tx, insertStart, study, n.claim.Number, n.limit, utc(now), n.claim.Worker, leaseUntil(now, n.lease), n.token, utc(now.Add(n.lease)))
		if err != nil {
			return err
		}
		if err := directRow(tx, selectNewest, []any{study}, &claim.TrialID, &claim.Number); err != nil {
			return err
		}
		if err := insertParams(tx, claim.TrialID, n.params); err != nil {
			return err
		}
		return insertChildren(tx, claim.TrialID, nil, n.attrs)
	})
}

// insertParams writes the parameters of a trial.
func insertParams(tx *gorm.DB, trialID int64, params []paramRow) error {
	if len(params) == 0 {
		return nil
	}
	args := make([]any, 0, 4*len(params))
	for _, p := range params {
		args = append(args, trialID, p.ParamName, p.ParamValue, p.DistributionJSON)
	}
	_, err := direct(tx, "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES "+
		tuples("?", 3, len(params)), args...)
	return err
}

func claimArguments(c search.Claim, more ...any) []any {
	return append([]any{c.StudyID, c.TrialID, c.Number, c.Attempt, c.Worker}, more...)
}

func (sqliteWrites) renew(db *gorm.DB, c search.Claim, lease time.Duration) (bool, error) {
	return once(db, relaxed, func(tx *gorm.DB) error {
		now := time.Now()
		_, err := direct(tx, `INSERT INTO renew_trial (study_id, trial_id, number, attempt, worker, lease_until, heartbeat)
			VALUES (?, ?, ?, ?, ?, ?, ?)`, claimArguments(c, leaseUntil(now, lease), utc(now.Add(lease)))...)
		return err
	})
}

func (sqliteWrites) report(db *gorm.DB, c search.Claim, r search.Report, metrics string) (bool, error) {
	return once(db, relaxed, func(tx *gorm.DB) error {
		value, kind := floatColumns(r.Value)
		_, err := direct(tx, `INSERT INTO report_trial (study_id, trial_id, number, attempt, worker, step, value, value_type, metrics_json)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`, claimArguments(c, r.Step, value, kind, metrics)...)
		return err
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
		_, err := direct(tx, `INSERT INTO finish_trial (study_id, trial_id, number, attempt, worker, state, completed, value, value_type,
			reason, message, metrics_json, artifacts_json, shown_reason, shown_message)
			VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, claimArguments(c, string(o.State), utc(time.Now()), value, kind,
			own.Reason, own.Message, own.MetricsJSON, own.ArtifactsJSON, texts[0], texts[1])...)
		return err
	})
}
