package storage

import (
	"encoding/json"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// postgresWrites does the frequent writes in one statement each, so that they
// cost one round trip.
//
// A statement of PostgreSQL sees the database as it was when it began, except
// for the rows that it locks, which are read anew. What decides is therefore
// read from locked rows or left to a unique index; anything else may only
// refuse too often, and then the general way looks again.
type postgresWrites struct{}

var _ fastWrites = postgresWrites{}

// asynchronous lets the commit of the statement not wait for the disk, as
// note's. It is an expression that must be evaluated.
const asynchronous = "set_config('synchronous_commit', 'off', TRUE)"

// leaseEnd is the end of a lease whose microseconds are the argument.
var leaseEnd = postgresDialect.clock + " + ?::bigint"

const beatEnd = "LOCALTIMESTAMP + ?::bigint * INTERVAL '1 microsecond'"

// utcNow is the time as Optuna stores it.
const utcNow = "clock_timestamp() AT TIME ZONE 'UTC'"

// numbered is the study with the number that was asked for, if that is free as
// far as can be seen. The study is locked as Optuna does it, so that ids and
// numbers are given in one order.
const numbered = `WITH study AS (
		SELECT s.study_id, ?::int AS number FROM studies s WHERE s.study_id = ?
			AND NOT EXISTS (SELECT 1 FROM hpsearch_studies h WHERE h.study_id = s.study_id AND h.paused)
			AND (?::int = 0 OR EXISTS (SELECT 1 FROM trials p WHERE p.study_id = s.study_id AND p.number = ?::int - 1))
			AND NOT EXISTS (SELECT 1 FROM trials p WHERE p.study_id = s.study_id AND p.number = ?::int)
		FOR UPDATE
	), `

// nextNumbered is the study with the next free number. The number is kept in a
// row that is locked and so read anew; one that Optuna gave meanwhile is seen
// by the unique index.
const nextNumbered = `WITH locked AS (
		SELECT s.study_id, h.next_number FROM studies s JOIN hpsearch_studies h ON h.study_id = s.study_id
		WHERE s.study_id = ? AND NOT h.paused FOR UPDATE OF s, h
	), study AS (
		SELECT study_id, number FROM (
			SELECT l.study_id, GREATEST(l.next_number, (SELECT COALESCE(MAX(t.number), -1) + 1 FROM trials t WHERE t.study_id = l.study_id)) AS number
			FROM locked l) AS n
		WHERE ?::int <= 0 OR n.number < ?::int
	), counted AS (
		UPDATE hpsearch_studies h SET next_number = study.number + 1 FROM study WHERE h.study_id = study.study_id
	), `

// startRows inserts the rows of a trial.
var startRows = `trial AS (
		INSERT INTO trials (number, study_id, state, datetime_start)
		SELECT number, study_id, 'RUNNING', ` + utcNow + ` FROM study
		ON CONFLICT (study_id, number) DO NOTHING RETURNING trial_id, number
	), own AS (
		INSERT INTO hpsearch_trials (trial_id, attempt, worker, lease_until, token)
		SELECT trial_id, 1, ?::text, ` + leaseEnd + `, ?::bigint FROM trial
	), beat AS (
		INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, ` + beatEnd + ` FROM trial
	), params AS (
		INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
		SELECT trial_id, p.name, p.value, p.distribution
		FROM trial, json_to_recordset(?::json) AS p (name TEXT, value DOUBLE PRECISION, distribution TEXT)
	), attrs AS (
		INSERT INTO trial_user_attributes (trial_id, key, value_json)
		SELECT trial_id, a.key, a.value FROM trial, json_to_recordset(?::json) AS a (key TEXT, value TEXT)
	)
	SELECT COALESCE((SELECT trial_id FROM trial), 0) AS trial_id, COALESCE((SELECT number FROM trial), 0) AS number,
		` + asynchronous + ` AS mode, EXISTS (SELECT 1 FROM study) AS admitted`

// isTaken adds whether a number was given before the statement began.
const isTaken = ", EXISTS (SELECT 1 FROM trials WHERE study_id = ? AND number = ?) AS taken"

func (postgresWrites) start(db *gorm.DB, n newRow, claim *search.Claim) (bool, error) {
	params, err := parametersJSON(n.params)
	if err != nil {
		return false, err
	}
	attrs, err := attributesJSON(n.attrs)
	if err != nil {
		return false, err
	}
	us := n.lease.Microseconds()
	rows := []any{n.claim.Worker, us, n.token, us, params, attrs}
	study, number := n.claim.StudyID, n.claim.Number
	var row struct {
		TrialID  int64
		Number   int
		Admitted bool
		Taken    bool
	}
	if number != search.NextNumber {
		args := append([]any{number, study, number, number, number}, rows...)
		err = db.Raw(numbered+startRows+isTaken, append(args, study, number)...).Scan(&row).Error
		if err == nil && row.TrialID == 0 && (row.Admitted || row.Taken) {
			err = search.ErrNumberTaken // after the statement began, or before
		}
	} else {
		const tries = 5 // that Optuna's workers may be quicker
		for try := 0; try < tries && err == nil && row.TrialID == 0 && row.Admitted == (try > 0); try++ {
			err = db.Raw(nextNumbered+startRows, append([]any{study, n.limit, n.limit}, rows...)...).Scan(&row).Error
		}
	}
	if err != nil || row.TrialID == 0 {
		return false, err
	}
	claim.TrialID, claim.Number = row.TrialID, row.Number
	return true, nil
}

// parametersJSON writes parameters for json_to_recordset.
func parametersJSON(rows []paramRow) (string, error) {
	type param struct {
		Name         string  `json:"name"`
		Value        float64 `json:"value"`
		Distribution string  `json:"distribution"`
	}
	params := make([]param, len(rows))
	for i, p := range rows {
		params[i] = param{p.ParamName, p.ParamValue, p.DistributionJSON}
	}
	data, err := json.Marshal(params)
	return string(data), err
}

// attributesJSON writes attributes for json_to_recordset.
func attributesJSON(rows []userAttrRow) (string, error) {
	type attribute struct {
		Key   string `json:"key"`
		Value string `json:"value"`
	}
	attrs := make([]attribute, len(rows))
	for i, r := range rows {
		attrs[i] = attribute{r.Key, r.ValueJSON}
	}
	data, err := json.Marshal(attrs)
	return string(data), err
}

// heldTrial locks the trial that a claim is about, if the claim holds. Both
// rows are locked: of a row that is not, an old version would be compared.
const heldTrial = `held AS (
		SELECT t.trial_id FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = ? AND t.study_id = ? AND t.number = ? AND t.state = 'RUNNING'
			AND h.attempt = ? AND (?::text = '' OR h.worker = ?::text)
		FOR UPDATE OF t, h
	)`

func heldArguments(c search.Claim, more ...any) []any {
	return append([]any{c.TrialID, c.StudyID, c.Number, c.Attempt, c.Worker, c.Worker}, more...)
}

var renewStatement = `WITH ` + heldTrial + `, beat AS (
		INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, ` + beatEnd + ` FROM held
		ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat
	)
	UPDATE hpsearch_trials h SET lease_until = ` + leaseEnd + ` FROM held WHERE h.trial_id = held.trial_id
	RETURNING ` + asynchronous

func (postgresWrites) renew(db *gorm.DB, c search.Claim, lease time.Duration) (bool, error) {
	return changed(db, renewStatement, heldArguments(c, lease.Microseconds(), lease.Microseconds()))
}

const reportStatement = `WITH ` + heldTrial + `, metrics AS (
		INSERT INTO hpsearch_reports (trial_id, step, metrics_json) SELECT trial_id, ?::int, ?::text FROM held
		ON CONFLICT (trial_id, step) DO UPDATE SET metrics_json = excluded.metrics_json
	)
	INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
	SELECT trial_id, ?::int, ?::float8, ?::trialintermediatevaluetype FROM held
	ON CONFLICT (trial_id, step) DO UPDATE SET
		intermediate_value = excluded.intermediate_value, intermediate_value_type = excluded.intermediate_value_type
	RETURNING ` + asynchronous

func (postgresWrites) report(db *gorm.DB, c search.Claim, r search.Report, metrics string) (bool, error) {
	value, kind := floatColumns(r.Value)
	return changed(db, reportStatement, heldArguments(c, r.Step, metrics, r.Step, value, kind))
}

// finishStatement waits for the disk, and with it for all that was committed
// before. Had the server crashed since, reports may be missing, whose commits
// were not waited for: they are written again.
const finishStatement = `WITH ` + heldTrial + `, checked AS (
		SELECT held.trial_id FROM held WHERE ?::int = 0
			OR ?::int = (SELECT COUNT(*) FROM study_directions WHERE study_id = ?)
	), own AS (
		UPDATE hpsearch_trials h SET lease_until = NULL, reason = ?, message = ?, metrics_json = ?, artifacts_json = ?
		FROM checked WHERE h.trial_id = checked.trial_id
	), outcome AS (
		INSERT INTO trial_values (trial_id, objective, value, value_type)
		SELECT trial_id, v.objective, v.value, v.type
		FROM checked, json_to_recordset(?::json) AS v (objective INTEGER, value DOUBLE PRECISION, type trialvaluetype)
		ON CONFLICT (trial_id, objective) DO UPDATE SET value = excluded.value, value_type = excluded.value_type
	), reports AS MATERIALIZED (
		SELECT trial_id, r.* FROM checked, json_to_recordset(?::json)
			AS r (step INTEGER, value DOUBLE PRECISION, type trialintermediatevaluetype, metrics TEXT)
	), forgotten AS (
		INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
		SELECT trial_id, step, value, type FROM reports ON CONFLICT (trial_id, step) DO NOTHING
	), metrics AS (
		INSERT INTO hpsearch_reports (trial_id, step, metrics_json)
		SELECT trial_id, step, metrics FROM reports ON CONFLICT (trial_id, step) DO NOTHING
	), attrs AS (
		INSERT INTO trial_user_attributes (trial_id, key, value_json)
		SELECT trial_id, a.key, a.value FROM checked, json_to_recordset(?::json) AS a (key TEXT, value TEXT)
		ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json
	)
	UPDATE trials t SET state = ?, datetime_complete = ` + utcNow + ` FROM checked WHERE t.trial_id = checked.trial_id
	RETURNING t.trial_id`

func (postgresWrites) finish(db *gorm.DB, c search.Claim, o search.Outcome, own ownTrialRow) (bool, error) {
	type value struct {
		Objective int      `json:"objective"`
		Value     *float64 `json:"value"`
		Type      string   `json:"type"`
	}
	values := make([]value, len(o.Values))
	for i, v := range o.Values {
		column, kind := floatColumns(v)
		values[i] = value{i, column, kind}
	}
	valuesJSON, err := json.Marshal(values)
	if err != nil {
		return false, err
	}
	shown, err := shownReason(o)
	if err != nil {
		return false, err
	}
	attrs, err := attributesJSON(shown)
	if err != nil {
		return false, err
	}
	reports, err := reportsJSON(o.Reports)
	if err != nil {
		return false, err
	}
	return changed(db, finishStatement, heldArguments(c, len(values), len(values), c.StudyID,
		own.Reason, own.Message, own.MetricsJSON, own.ArtifactsJSON, string(valuesJSON), reports, attrs, string(o.State)))
}

// reportsJSON writes reports for json_to_recordset.
func reportsJSON(reports []search.Report) (string, error) {
	type row struct {
		Step    int      `json:"step"`
		Value   *float64 `json:"value"`
		Type    string   `json:"type"`
		Metrics string   `json:"metrics"`
	}
	rows := make([]row, len(reports))
	for i, r := range reports {
		metrics, err := encodeMetrics(r.Metrics)
		if err != nil {
			return "", err
		}
		value, kind := floatColumns(r.Value)
		rows[i] = row{r.Step, value, kind, metrics}
	}
	data, err := json.Marshal(rows)
	return string(data), err
}

// changed executes a statement that returns a row when it did something.
func changed(db *gorm.DB, statement string, args []any) (bool, error) {
	var rows []string
	err := db.Raw(statement, args...).Scan(&rows).Error
	return len(rows) > 0, err
}
