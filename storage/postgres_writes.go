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
// Parts that have nothing to write are left out: the server sets up every part
// of a plan.
type postgresWrites struct{}

var _ fastWrites = postgresWrites{}

// asynchronous lets the commit of the statement not wait for the disk, as
// note's. It is an expression that must be evaluated.
const asynchronous = "set_config('synchronous_commit', 'off', TRUE)"

// leaseEnd and beatEnd are the end of a lease whose microseconds are $2, for
// us and for Optuna.
const (
	leaseEnd = postgresClock + " + $2::bigint"
	beatEnd  = "LOCALTIMESTAMP + $2::bigint * INTERVAL '1 microsecond'"
)

// utcNow is the time as Optuna stores it.
const utcNow = "clock_timestamp() AT TIME ZONE 'UTC'"

// numbered is the study $5 with the number $6, which was asked for, if that is
// free as far as can be seen. The study is locked as Optuna does it, so that
// ids and numbers are given in one order.
const numbered = `WITH study AS (
		SELECT s.study_id, $6::int AS number FROM studies s WHERE s.study_id = $5
			AND NOT EXISTS (SELECT 1 FROM hpsearch_studies h WHERE h.study_id = s.study_id AND h.paused)
			AND ($6::int = 0 OR EXISTS (SELECT 1 FROM trials p WHERE p.study_id = s.study_id AND p.number = $6::int - 1))
			AND NOT EXISTS (SELECT 1 FROM trials p WHERE p.study_id = s.study_id AND p.number = $6::int)
		FOR UPDATE
	), `

// nextNumbered is the study $5 with the next free number, if that is below the
// limit $6. The number is kept in a row that is locked and so read anew; one
// that Optuna gave meanwhile is seen by the unique index.
const nextNumbered = `WITH locked AS (
		SELECT s.study_id, h.next_number FROM studies s JOIN hpsearch_studies h ON h.study_id = s.study_id
		WHERE s.study_id = $5 AND NOT h.paused FOR UPDATE OF s, h
	), study AS (
		SELECT l.study_id, n.number FROM locked l CROSS JOIN LATERAL (
			SELECT GREATEST(l.next_number, MAX(t.number) + 1) AS number FROM trials t WHERE t.study_id = l.study_id) AS n
		WHERE $6::int <= 0 OR n.number < $6::int
	), counted AS (
		UPDATE hpsearch_studies h SET next_number = study.number + 1 FROM study WHERE h.study_id = $5
	), `

// startRows inserts the rows of a trial; startAttributes may follow.
const (
	startRows = `trial AS (
		INSERT INTO trials (number, study_id, state, datetime_start)
		SELECT number, study_id, 'RUNNING', ` + utcNow + ` FROM study
		ON CONFLICT (study_id, number) DO NOTHING RETURNING trial_id, number
	), own AS (
		INSERT INTO hpsearch_trials (trial_id, attempt, worker, lease_until, token)
		SELECT trial_id, 1, $1::text, ` + leaseEnd + `, $3::bigint FROM trial
	), beat AS (
		INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, ` + beatEnd + ` FROM trial
	), params AS (
		INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
		SELECT trial_id, p.name, p.value, p.distribution
		FROM trial, unnest($4::text[], $7::float8[], $8::text[]) AS p (name, value, distribution)
	)`
	startAttributes = `, attrs AS (
		INSERT INTO trial_user_attributes (trial_id, key, value_json)
		SELECT trial_id, a.key, a.value FROM trial, json_to_recordset($9::json) AS a (key TEXT, value TEXT)
	)`
)

// The answer of a start; taken is whether the number was given before the
// statement began.
const (
	startedRow = `
	SELECT COALESCE((SELECT trial_id FROM trial), 0), COALESCE((SELECT number FROM trial), 0),
		` + asynchronous + `, EXISTS (SELECT 1 FROM study)`
	isTaken  = ", EXISTS (SELECT 1 FROM trials WHERE study_id = $5 AND number = $6)"
	notTaken = ", FALSE"
)

func (w postgresWrites) start(db *gorm.DB, n newRow, claim *search.Claim) (bool, error) {
	names, values, distributions := paramColumns(n.params)
	rows := startRows
	args := []any{n.claim.Worker, n.lease.Microseconds(), n.token, names, n.claim.StudyID, n.limit, values, distributions}
	if len(n.attrs) > 0 {
		attrs, err := json.Marshal(jsonAttributes(n.attrs))
		if err != nil {
			return false, err
		}
		rows += startAttributes
		args = append(args, string(attrs))
	}
	var made startedTrial
	var err error
	if n.claim.Number != search.NextNumber {
		args[5] = n.claim.Number
		made, err = w.startOne(db, numbered+rows+startedRow+isTaken, args)
		if err == nil && made.id == 0 && (made.admitted || made.taken) {
			err = search.ErrNumberTaken // after the statement began, or before
		}
	} else {
		const tries = 5 // that Optuna's workers may be quicker
		for try := 0; try < tries && err == nil && made.id == 0 && made.admitted == (try > 0); try++ {
			made, err = w.startOne(db, nextNumbered+rows+startedRow+notTaken, args)
		}
	}
	if err != nil || made.id == 0 {
		return false, err
	}
	claim.TrialID, claim.Number = made.id, made.number
	return true, nil
}

// startedTrial is what became of a start.
type startedTrial struct {
	id       int64 // 0: none
	number   int
	admitted bool // the study takes trials
	taken    bool
}

func (postgresWrites) startOne(db *gorm.DB, statement string, args []any) (made startedTrial, err error) {
	var mode string
	err = directRow(db, statement, args, &made.id, &made.number, &mode, &made.admitted, &made.taken)
	return made, err
}

// heldTrial locks the trial that a claim is about, if the claim holds. Both
// rows are locked: of a row that is not, an old version would be compared.
const heldTrial = `held AS (
		SELECT t.trial_id FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = $1 AND t.study_id = $3 AND t.number = $4 AND t.state = 'RUNNING'
			AND h.attempt = $5 AND ($6::text = '' OR h.worker = $6::text)
		FOR UPDATE OF t, h
	)`

// heldArguments are the arguments of heldTrial with the one that a statement
// has as $2, and those from $7 on.
func heldArguments(c search.Claim, second any, more ...any) []any {
	return append([]any{c.TrialID, second, c.StudyID, c.Number, c.Attempt, c.Worker}, more...)
}

const renewStatement = `WITH ` + heldTrial + `, beat AS (
		INSERT INTO trial_heartbeats (trial_id, heartbeat) SELECT trial_id, ` + beatEnd + ` FROM held
		ON CONFLICT (trial_id) DO UPDATE SET heartbeat = excluded.heartbeat
	)
	UPDATE hpsearch_trials h SET lease_until = ` + leaseEnd + ` FROM held WHERE h.trial_id = held.trial_id
	RETURNING ` + asynchronous

func (postgresWrites) renew(db *gorm.DB, c search.Claim, lease time.Duration) (bool, error) {
	return changed(db, renewStatement, heldArguments(c, lease.Microseconds()))
}

const reportStatement = `WITH ` + heldTrial + `, metrics AS (
		INSERT INTO hpsearch_reports (trial_id, step, metrics_json) SELECT trial_id, $2::int, $7::text FROM held
		ON CONFLICT (trial_id, step) DO UPDATE SET metrics_json = excluded.metrics_json
	)
	INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
	SELECT trial_id, $2::int, $8::float8, $9::trialintermediatevaluetype FROM held
	ON CONFLICT (trial_id, step) DO UPDATE SET
		intermediate_value = excluded.intermediate_value, intermediate_value_type = excluded.intermediate_value_type
	RETURNING ` + asynchronous

func (postgresWrites) report(db *gorm.DB, c search.Claim, r search.Report, metrics string) (bool, error) {
	value, kind := floatColumns(r.Value)
	return changed(db, reportStatement, heldArguments(c, r.Step, metrics, value, kind))
}

// The parts of a finish. It waits for the disk, and with it for all that was
// committed before. Had the server crashed since, reports may be missing,
// whose commits were not waited for: they are written again. The part on JSON
// that is not there is left out, and its argument is not used.
const (
	finishHeld = `WITH ` + heldTrial + `, checked AS (
		SELECT held.trial_id FROM held WHERE $2::int = 0
			OR $2::int = (SELECT MAX(objective) + 1 FROM study_directions WHERE study_id = $3)
	), own AS (
		UPDATE hpsearch_trials h SET lease_until = NULL, reason = $7, message = $8, metrics_json = $9, artifacts_json = $10
		FROM checked WHERE h.trial_id = checked.trial_id
	)`
	finishValues = `, outcome AS (
		INSERT INTO trial_values (trial_id, objective, value, value_type)
		SELECT trial_id, v.objective, v.value, v.type
		FROM checked, json_to_recordset($12::json->'values') AS v (objective INTEGER, value DOUBLE PRECISION, type trialvaluetype)
		ON CONFLICT (trial_id, objective) DO UPDATE SET value = excluded.value, value_type = excluded.value_type
	)`
	finishReports = `, reports AS MATERIALIZED (
		SELECT trial_id, r.* FROM checked, json_to_recordset($12::json->'reports')
			AS r (step INTEGER, value DOUBLE PRECISION, type trialintermediatevaluetype, metrics TEXT)
	), forgotten AS (
		INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type)
		SELECT trial_id, step, value, type FROM reports ON CONFLICT (trial_id, step) DO NOTHING
	), metrics AS (
		INSERT INTO hpsearch_reports (trial_id, step, metrics_json)
		SELECT trial_id, step, metrics FROM reports ON CONFLICT (trial_id, step) DO NOTHING
	)`
	finishAttributes = `, attrs AS (
		INSERT INTO trial_user_attributes (trial_id, key, value_json)
		SELECT trial_id, a.key, a.value FROM checked, json_to_recordset($12::json->'attributes') AS a (key TEXT, value TEXT)
		ON CONFLICT (trial_id, key) DO UPDATE SET value_json = excluded.value_json
	)`
	finishTrial = `
	UPDATE trials t SET state = $11, datetime_complete = ` + utcNow + ` FROM checked WHERE t.trial_id = checked.trial_id
	RETURNING $12::json IS NULL`
)

func (postgresWrites) finish(db *gorm.DB, c search.Claim, o search.Outcome, own ownTrialRow) (bool, error) {
	rows, err := newFinishRows(o)
	if err != nil {
		return false, err
	}
	data, err := json.Marshal(rows)
	if err != nil {
		return false, err
	}
	statement := finishHeld
	if len(rows.Values) > 0 {
		statement += finishValues
	}
	if len(rows.Reports) > 0 {
		statement += finishReports
	}
	if len(rows.Attributes) > 0 {
		statement += finishAttributes
	}
	return changed(db, statement+finishTrial, heldArguments(c, len(o.Values),
		own.Reason, own.Message, own.MetricsJSON, own.ArtifactsJSON, string(o.State), string(data)))
}

// changed executes a statement and reports whether it did something.
func changed(db *gorm.DB, statement string, args []any) (bool, error) {
	result, err := direct(db, statement, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}
