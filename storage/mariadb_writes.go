package storage

import (
	"database/sql"
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// mariadbWrites does the frequent writes in one statement each, so that they
// cost one round trip and hold their locks for no longer than the server
// takes: a compound statement, which MariaDB takes outside of stored programs
// and MySQL does not. On MySQL the first one is refused for its syntax, and
// from then on all is done in the general way.
//
// Each is a transaction of its own. Variables begin with v_, because one that
// is named as a column takes its place.
type mariadbWrites struct{ unknown atomic.Bool }

var _ fastWrites = (*mariadbWrites)(nil)

// compound wraps the body of a transaction, whose variable v_done says what
// became of it: 0, when it is to be undone, or what the caller makes of it.
func compound(declarations, body string) string {
	return `BEGIN NOT ATOMIC
	DECLARE v_done INT DEFAULT 0;
	` + declarations + `
	DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;
	START TRANSACTION;
	` + body + `
	IF v_done > 0 THEN COMMIT; ELSE ROLLBACK; END IF;
	SELECT v_done, v_trial, v_number;
END`
}

// Values of v_done: nothing was done and the general way finds out why, all
// was done, or the number that was asked for is not the next one.
const (
	wroteNothing = 0
	wrote        = 1
	numberGiven  = -1
)

// written is the answer of a compound statement.
type written struct {
	Done    int
	TrialID int64
	Number  int
}

// do executes a compound statement.
func (m *mariadbWrites) do(db *gorm.DB, statement string, args []any) (written, error) {
	var w written
	if m.unknown.Load() {
		return w, nil
	}
	var trial, number sql.NullInt64
	err := directRow(db, statement, args, &w.Done, &trial, &number)
	w.TrialID, w.Number = trial.Int64, int(number.Int64)
	if anyNumber(err, 1064) { // a syntax error: MySQL's
		m.unknown.Store(true)
		return written{}, nil
	}
	return w, err
}

// mariadbStart begins a trial; the rows of its children are put between the
// two parts. The study is locked as Optuna does it; what is read after that is
// at least as new as the lock.
const (
	mariadbStart = `
	SELECT study_id INTO v_study FROM studies WHERE study_id = ? FOR UPDATE;
	SELECT COALESCE(MAX(number), -1) + 1 INTO v_number FROM trials WHERE study_id = v_study;
	SELECT COUNT(*) INTO v_paused FROM hpsearch_studies WHERE study_id = v_study AND paused;
	IF v_study IS NULL OR v_paused > 0 OR (? > 0 AND v_number >= ?) THEN
		SET v_done = 0;
	ELSEIF ? >= 0 AND ? <> v_number THEN
		SET v_done = -1;
	ELSE
		INSERT INTO trials (number, study_id, state, datetime_start) VALUES (v_number, v_study, 'RUNNING', UTC_TIMESTAMP(6));
		SET v_trial = LAST_INSERT_ID(), v_done = 1;
		INSERT INTO hpsearch_trials (trial_id, attempt, worker, lease_until, token)
			VALUES (v_trial, 1, ?, CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) + ?, ?);
		INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (v_trial, NOW() + INTERVAL ? MICROSECOND);`
	mariadbStarted = `
	END IF;`
	mariadbStartVariables = "DECLARE v_study, v_trial, v_number INT; DECLARE v_paused INT DEFAULT 0;"
)

func (m *mariadbWrites) start(db *gorm.DB, n newRow, claim *search.Claim) (bool, error) {
	us := n.lease.Microseconds()
	number := n.claim.Number
	args := []any{n.claim.StudyID, n.limit, n.limit, number, number, n.claim.Worker, us, n.token, us}
	body := mariadbStart
	if len(n.params) > 0 {
		body += "INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json) VALUES " + tuples("v_trial", 3, len(n.params)) + ";"
		for _, p := range n.params {
			args = append(args, p.ParamName, p.ParamValue, p.DistributionJSON)
		}
	}
	attrs, more := attributeRows(n.attrs)
	w, err := m.do(db, compound(mariadbStartVariables, body+attrs+mariadbStarted), append(args, more...))
	switch {
	case err != nil || w.Done == wroteNothing:
		return false, err
	case w.Done == numberGiven:
		return false, search.ErrNumberTaken
	}
	claim.TrialID, claim.Number = w.TrialID, w.Number
	return true, nil
}

// attributeRows writes the insert of user attributes, nothing for none, and
// its arguments.
func attributeRows(attrs []userAttrRow) (string, []any) {
	if len(attrs) == 0 {
		return "", nil
	}
	args := make([]any, 0, 2*len(attrs))
	for _, a := range attrs {
		args = append(args, a.Key, a.ValueJSON)
	}
	return `INSERT INTO trial_user_attributes (trial_id, "key", value_json) VALUES ` + tuples("v_trial", 2, len(attrs)) +
		" ON DUPLICATE KEY UPDATE value_json = VALUES(value_json);", args
}

// mariadbHeld locks the trial that a claim is about and goes on if the claim
// holds.
const (
	mariadbHeld = `
	SELECT t.trial_id, t.number INTO v_trial, v_number FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = ? AND t.study_id = ? AND t.number = ? AND t.state = 'RUNNING'
			AND h.attempt = ? AND (? = '' OR h.worker = ?) FOR UPDATE;
	IF v_trial IS NOT NULL THEN
		SET v_done = 1;`
	mariadbHeldVariables = "DECLARE v_trial, v_number INT;"
)

// held executes what is to be done about a trial that is held.
func (m *mariadbWrites) held(db *gorm.DB, c search.Claim, body string, args ...any) (bool, error) {
	w, err := m.do(db, compound(mariadbHeldVariables, mariadbHeld+body+" END IF;"), append([]any{c.TrialID, c.StudyID, c.Number, c.Attempt, c.Worker, c.Worker}, args...))
	return w.Done == wrote, err
}

func (m *mariadbWrites) renew(db *gorm.DB, c search.Claim, lease time.Duration) (bool, error) {
	return m.held(db, c, `
		UPDATE hpsearch_trials SET lease_until = CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) + ? WHERE trial_id = v_trial;
		INSERT INTO trial_heartbeats (trial_id, heartbeat) VALUES (v_trial, NOW() + INTERVAL ? MICROSECOND)
			ON DUPLICATE KEY UPDATE heartbeat = VALUES(heartbeat);`, lease.Microseconds(), lease.Microseconds())
}

func (m *mariadbWrites) report(db *gorm.DB, c search.Claim, r search.Report, metrics string) (bool, error) {
	value, kind := floatColumns(r.Value)
	return m.held(db, c, `
		INSERT INTO trial_intermediate_values (trial_id, step, intermediate_value, intermediate_value_type) VALUES (v_trial, ?, ?, ?)
			ON DUPLICATE KEY UPDATE intermediate_value = VALUES(intermediate_value), intermediate_value_type = VALUES(intermediate_value_type);
		INSERT INTO hpsearch_reports (trial_id, step, metrics_json) VALUES (v_trial, ?, ?)
			ON DUPLICATE KEY UPDATE metrics_json = VALUES(metrics_json);`, r.Step, value, kind, r.Step, metrics)
}

// mariadbFinish ends a trial unless it lacks values.
const mariadbFinish = `
	END IF;
	IF v_done = 1 AND ? > 0 AND ? <> (SELECT COUNT(*) FROM study_directions WHERE study_id = ?) THEN SET v_done = 0; END IF;
	IF v_done = 1 THEN
		UPDATE trials SET state = ?, datetime_complete = UTC_TIMESTAMP(6) WHERE trial_id = v_trial;
		UPDATE hpsearch_trials SET lease_until = NULL, reason = ?, message = ?, metrics_json = ?, artifacts_json = ? WHERE trial_id = v_trial;`

func (m *mariadbWrites) finish(db *gorm.DB, c search.Claim, o search.Outcome, own ownTrialRow) (bool, error) {
	body := mariadbFinish
	args := []any{len(o.Values), len(o.Values), c.StudyID, string(o.State), own.Reason, own.Message, own.MetricsJSON, own.ArtifactsJSON}
	if len(o.Values) > 0 {
		body += "INSERT INTO trial_values (trial_id, objective, value, value_type) VALUES " + tuples("v_trial", 3, len(o.Values)) +
			" ON DUPLICATE KEY UPDATE value = VALUES(value), value_type = VALUES(value_type);"
		for i, v := range o.Values {
			column, kind := floatColumns(v)
			args = append(args, i, column, kind)
		}
	}
	shown, err := shownReason(o)
	if err != nil {
		return false, err
	}
	attrs, more := attributeRows(shown)
	return m.held(db, c, body+attrs, append(args, more...)...)
}
