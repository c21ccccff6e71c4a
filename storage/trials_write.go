package storage

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"github.com/hpsearch/hpsearch/search"
)

// fixedParams is the system attribute in which Optuna keeps the values of an
// enqueued trial; its workers honour it.
const fixedParams = "fixed_params"

// ownPrefix begins the user attributes that we write for Optuna's dashboard
// to show. They are left out of [search.Trial.UserAttrs].
const ownPrefix = "hpsearch:"

// Start implements [search.Store].
func (s *sqlStore) Start(ctx context.Context, studyID int64, t search.NewTrial, worker string, lease time.Duration, limit int) (search.Claim, error) {
	claim := search.Claim{StudyID: studyID, Number: t.Number, Attempt: 1, Worker: worker}
	if err := checkLease(lease); err != nil {
		return search.Claim{}, err
	}
	params, err := paramRows(t.Params, t.Distributions)
	if err != nil {
		return search.Claim{}, err
	}
	attrs, err := userAttrRows(t.UserAttrs)
	if err != nil {
		return search.Claim{}, err
	}
	n := newRow{claim: claim, limit: limit, lease: lease, params: params, attrs: attrs, token: newToken()}
	doing := "start " + refOf(claim).String()
	if claim.Number == search.NextNumber {
		doing = fmt.Sprintf("start a trial of study %d", studyID)
	}
	if s.fast != nil && (limit <= 0 || t.Number < limit) {
		done := false
		err := s.attempt(ctx, doing, func(ctx context.Context) error {
			db := s.write.WithContext(ctx)
			var err error
			if again(ctx) {
				if done, err = started(db, n, &claim); err != nil || done {
					return err
				}
			}
			done, err = s.fast.start(db, n, &claim)
			return err
		})
		if err != nil || done {
			return claimed(claim, err)
		}
	}
	err = s.note(ctx, doing, func(tx *gorm.DB) error { return s.insertRunning(tx, n, &claim) })
	return claimed(claim, err)
}

// claimed is a claim or an error.
func claimed(c search.Claim, err error) (search.Claim, error) {
	if err != nil {
		return search.Claim{}, err
	}
	return c, nil
}

// insertRunning writes the rows of a new trial and completes its claim.
func (s *sqlStore) insertRunning(tx *gorm.DB, n newRow, claim *search.Claim) error {
	studyID := n.claim.StudyID
	if err := lockFor(tx, s.lockStudy, studyID); err != nil {
		return err
	}
	if again(tx.Statement.Context) {
		if done, err := started(tx, n, claim); err != nil || done {
			return err
		}
	}
	g, err := admission(tx, studyID)
	if err != nil {
		return err
	}
	number := n.claim.Number
	if number == search.NextNumber {
		number = g.Next
	}
	if err := g.admit(number, n.limit); err != nil {
		return err
	}
	now, err := s.now(tx)
	if err != nil {
		return err
	}
	row := trialRow{Number: number, StudyID: studyID, State: string(search.Running), DatetimeStart: utc(now)}
	if err := tx.Create(&row).Error; err != nil {
		return err
	}
	own := ownTrialRow{TrialID: row.TrialID, Attempt: 1, Worker: n.claim.Worker, LeaseUntil: leaseUntil(now, n.lease), Token: n.token}
	if err := tx.Create(&own).Error; err != nil {
		return err
	}
	if err := s.heartbeat(tx, row.TrialID, now, n.lease); err != nil {
		return err
	}
	claim.TrialID, claim.Number = row.TrialID, number
	return insertChildren(tx, row.TrialID, n.params, n.attrs)
}

// started finds the trial that an earlier run of the same call created.
func started(tx *gorm.DB, n newRow, claim *search.Claim) (bool, error) {
	var found []trialRow
	err := tx.Raw(`SELECT t.trial_id, t.number FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.study_id = ? AND t.state = 'RUNNING' AND h.token = ?`, n.claim.StudyID, n.token).Scan(&found).Error
	if err != nil || len(found) == 0 {
		return false, err
	}
	claim.TrialID, claim.Number = found[0].TrialID, found[0].Number
	return true, nil
}

// heartbeat tells Optuna's workers, which fail trials without a sign of life,
// that a trial is alive to the end of its lease, however impatient they are.
func (s *sqlStore) heartbeat(tx *gorm.DB, trialID int64, now time.Time, lease time.Duration) error {
	return tx.Exec(s.beat, trialID, s.beatArgument(now, lease)).Error
}

// admit decides whether a trial of that number may be created now.
func (g gate) admit(number, limit int) error {
	switch {
	case g.Paused:
		return fmt.Errorf("the study is paused: %w", search.ErrNothing)
	case limit > 0 && g.Next >= limit:
		return fmt.Errorf("the study has its full number of trials, %d: %w", limit, search.ErrNothing)
	case number < g.Next:
		return search.ErrNumberTaken
	case number > g.Next:
		// A server that crashed may have forgotten the trials before: the caller
		// looks again, as when somebody was quicker.
		return fmt.Errorf("the next free number is %d: %w", g.Next, search.ErrNumberTaken)
	}
	return nil
}

// leaseUntil is the end of a lease as it is stored.
func leaseUntil(now time.Time, lease time.Duration) *int64 {
	end := now.Add(lease).UnixMicro()
	return &end
}

// paramRows checks parameters and makes their rows, without the trial's id.
func paramRows(params map[string]float64, dists map[string]search.Distribution) ([]paramRow, error) {
	if err := checkParams(params, dists); err != nil {
		return nil, err
	}
	rows := make([]paramRow, 0, len(params))
	for _, name := range slices.Sorted(maps.Keys(params)) {
		data, err := search.MarshalDistribution(dists[name])
		if err != nil {
			return nil, refuse("parameter %q: %w", name, err)
		}
		rows = append(rows, paramRow{ParamName: name, ParamValue: params[name], DistributionJSON: string(data)})
	}
	return rows, nil
}

// userAttrRows makes the rows of attributes, without the trial's id.
func userAttrRows(attrs map[string]any) ([]userAttrRow, error) {
	rows := make([]userAttrRow, 0, len(attrs))
	for _, key := range slices.Sorted(maps.Keys(attrs)) {
		data, err := json.Marshal(attrs[key])
		if err != nil {
			return nil, refuse("user attribute %q: %w", key, err)
		}
		rows = append(rows, userAttrRow{Key: key, ValueJSON: string(data)})
	}
	return rows, nil
}

// insertChildren writes the parameters and attributes of a trial, one
// statement each.
func insertChildren(tx *gorm.DB, trialID int64, params []paramRow, attrs []userAttrRow) error {
	for i := range params {
		params[i].TrialID = trialID
	}
	for i := range attrs {
		attrs[i].TrialID = trialID
	}
	if len(params) > 0 {
		if err := tx.Create(&params).Error; err != nil {
			return err
		}
	}
	if len(attrs) > 0 {
		return tx.Create(&attrs).Error
	}
	return nil
}

// Enqueue implements [search.Store].
func (s *sqlStore) Enqueue(ctx context.Context, studyID int64, fixed map[string]any) (int, error) {
	number := 0
	token := newToken()
	err := s.update(ctx, fmt.Sprintf("enqueue a trial of study %d", studyID), func(tx *gorm.DB) error {
		if err := lockFor(tx, s.lockStudy, studyID); err != nil {
			return err
		}
		g, err := admission(tx, studyID)
		if err != nil {
			return err
		}
		if again(tx.Statement.Context) {
			var numbers []int
			err := tx.Raw(`SELECT t.number FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
				WHERE t.study_id = ? AND h.token = ?`, studyID, token).Scan(&numbers).Error
			if err != nil {
				return err
			}
			if len(numbers) > 0 {
				number = numbers[0]
				return nil
			}
		}
		number = g.Next
		return insertWaiting(tx, studyID, number, token, fixed)
	})
	return number, err
}

// insertWaiting creates WAITING trials from a number on, which is the next
// free one, four statements for all of them.
func insertWaiting(tx *gorm.DB, studyID int64, from int, token int64, configurations ...map[string]any) error {
	if len(configurations) == 0 {
		return nil
	}
	trials := make([]trialRow, len(configurations))
	for i := range trials {
		trials[i] = trialRow{Number: from + i, StudyID: studyID, State: string(search.Waiting)}
	}
	const batch = 1000 // databases bound the number of variables
	if err := tx.CreateInBatches(&trials, batch).Error; err != nil {
		return err
	}
	// The ids come by number: no database promises them in the order of the
	// rows inserted.
	var ids []int64
	err := tx.Raw("SELECT trial_id FROM trials WHERE study_id = ? AND number >= ? ORDER BY number", studyID, from).Scan(&ids).Error
	if err != nil {
		return err
	}
	attrs := make([]systemAttrRow, len(configurations))
	own := make([]ownTrialRow, len(configurations))
	for i, fixed := range configurations {
		own[i] = ownTrialRow{TrialID: ids[i], Token: token}
		text, err := encodeFixed(fixed)
		if err != nil {
			return err
		}
		attrs[i] = systemAttrRow{TrialID: ids[i], Key: fixedParams, ValueJSON: text}
	}
	if err := tx.CreateInBatches(&own, batch).Error; err != nil {
		return err
	}
	return tx.CreateInBatches(&attrs, batch).Error
}

// encodeFixed writes the values of an enqueued trial, {} for none.
func encodeFixed(fixed map[string]any) (string, error) {
	text, err := encodeObject("enqueued configuration", fixed)
	if text == "" {
		text = "{}"
	}
	return text, err
}

// held is what a claim is checked against.
type held struct {
	TrialID    int64
	Number     int
	State      search.State
	Attempt    int
	Worker     string
	Objectives int
}

// hold locks the trial that a claim is about and checks that the claim holds.
func (s *sqlStore) hold(tx *gorm.DB, c search.Claim) (held, error) {
	var h held
	if err := lockFor(tx, s.lockTrial, c.TrialID); err != nil {
		return h, err
	}
	err := tx.Raw(`SELECT t.trial_id, t.number, t.state, COALESCE(h.attempt, 0) AS attempt, COALESCE(h.worker, '') AS worker,
		(SELECT COUNT(*) FROM study_directions d WHERE d.study_id = t.study_id) AS objectives
		FROM trials t LEFT JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = ? AND t.study_id = ?`, c.TrialID, c.StudyID).Scan(&h).Error
	if err != nil {
		return h, err
	}
	if h.TrialID == 0 {
		return h, errGone()
	}
	return h, checkClaim(c, h.Number, h.State, h.Attempt, h.Worker)
}

// SetParams implements [search.Store]. The same parameters again are
// accepted.
func (s *sqlStore) SetParams(ctx context.Context, c search.Claim, params map[string]float64, dists map[string]search.Distribution) error {
	rows, err := paramRows(params, dists)
	if err != nil {
		return err
	}
	// They are not to be forgotten in a crash of a server while the trial goes
	// on, so that the disk is waited for.
	return s.update(ctx, "set the parameters of "+refOf(c).String(), func(tx *gorm.DB) error {
		if _, err := s.hold(tx, c); err != nil {
			return err
		}
		var stored []paramRow
		err := tx.Where("trial_id = ?", c.TrialID).Order("param_name").Find(&stored).Error
		if err != nil {
			return err
		}
		if len(stored) > 0 {
			return sameParams(stored, rows)
		}
		return insertChildren(tx, c.TrialID, rows, nil)
	})
}

// sameParams refuses to replace parameters by other ones.
func sameParams(stored, rows []paramRow) error {
	same := slices.EqualFunc(stored, rows, func(a, b paramRow) bool {
		return a.ParamName == b.ParamName && a.ParamValue == b.ParamValue
	})
	if !same {
		return errHasParams
	}
	return nil
}

// errHasParams refuses other parameters than the trial has.
var errHasParams = refuse("the trial has other parameters already")

// Renew implements [search.Store].
func (s *sqlStore) Renew(ctx context.Context, c search.Claim, lease time.Duration) error {
	if err := checkLease(lease); err != nil {
		return err
	}
	doing := "renew the lease of " + refOf(c).String()
	done, err := s.quick(ctx, doing, func(db *gorm.DB, fast fastWrites) (bool, error) { return fast.renew(db, c, lease) })
	if done || err != nil {
		return err
	}
	return s.note(ctx, doing, func(tx *gorm.DB) error {
		if _, err := s.hold(tx, c); err != nil {
			return err
		}
		now, err := s.now(tx)
		if err != nil {
			return err
		}
		err = tx.Exec("UPDATE hpsearch_trials SET lease_until = ? WHERE trial_id = ?", leaseUntil(now, lease), c.TrialID).Error
		if err != nil {
			return err
		}
		return s.heartbeat(tx, c.TrialID, now, lease)
	})
}

// quick tries the dialect's fast way of a write that may be repeated.
func (s *sqlStore) quick(ctx context.Context, doing string, f func(*gorm.DB, fastWrites) (bool, error)) (done bool, err error) {
	if s.fast == nil {
		return false, nil
	}
	err = s.attempt(ctx, doing, func(ctx context.Context) error {
		var err error
		done, err = f(s.write.WithContext(ctx), s.fast)
		return err
	})
	return done, err
}

// Report implements [search.Store].
func (s *sqlStore) Report(ctx context.Context, c search.Claim, r search.Report) error {
	if err := checkReport(r); err != nil {
		return err
	}
	metrics, err := encodeMetrics(r.Metrics)
	if err != nil {
		return err
	}
	doing := "report on " + refOf(c).String()
	done, err := s.quick(ctx, doing, func(db *gorm.DB, fast fastWrites) (bool, error) { return fast.report(db, c, r, metrics) })
	if done || err != nil {
		return err
	}
	return s.note(ctx, doing, func(tx *gorm.DB) error {
		if _, err := s.hold(tx, c); err != nil {
			return err
		}
		value, kind := floatColumns(r.Value)
		err := tx.Clauses(onStep("intermediate_value", "intermediate_value_type")).
			Create(&intermediateRow{TrialID: c.TrialID, Step: r.Step, IntermediateValue: value, IntermediateValueType: kind}).Error
		if err != nil {
			return err
		}
		return tx.Clauses(onStep("metrics_json")).
			Create(&ownReportRow{TrialID: c.TrialID, Step: r.Step, MetricsJSON: metrics}).Error
	})
}

// onStep makes an insert replace the columns of the same step of the trial.
func onStep(columns ...string) clause.OnConflict {
	return clause.OnConflict{
		Columns:   []clause.Column{{Name: "trial_id"}, {Name: "step"}},
		DoUpdates: clause.AssignmentColumns(columns),
	}
}

// lastValue is the value of the report of the highest step, NaN when there is
// none.
func lastValue(tx *gorm.DB, trialID int64) (float64, error) {
	var rows []intermediateRow
	err := tx.Where("trial_id = ?", trialID).Order("step DESC").Limit(1).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return math.NaN(), err
	}
	return floatFromColumns(rows[0].IntermediateValue, rows[0].IntermediateValueType), nil
}
