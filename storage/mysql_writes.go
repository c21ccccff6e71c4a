package storage

import (
	"sync/atomic"
	"time"

	"gorm.io/gorm"

	"github.com/hpsearch/hpsearch/search"
)

// mysqlWrites does the frequent writes in one round trip each, so that they
// hold their locks for no longer than the server takes. Each is a transaction
// of its own: MariaDB is sent it as one compound statement, which MySQL takes
// in stored programs alone; MySQL as several statements at once.
//
// The statements hand on what they find in variables of the session, whose
// names begin with @hp_. @hp_done decides whether those that write do anything.
type mysqlWrites struct{ way atomic.Int32 }

var _ fastWrites = (*mysqlWrites)(nil)

// The ways of sending a round trip. A server that does not understand one, by
// its answer of a syntax error, is sent the next for ever after.
const (
	asCompound int32 = iota // MariaDB
	asBatch                 // MySQL
	inGeneral               // something else that speaks their protocol
)

// Values of @hp_done: nothing was done and the general way finds out why, all
// was done, or the number that was asked for is not the next one.
const (
	wroteNothing = 0
	wrote        = 1
	numberGiven  = -1
)

// do executes a round trip.
func (m *mysqlWrites) do(db *gorm.DB, r *roundTrip) (w written, err error) {
	way := m.way.Load()
	switch way {
	case asCompound:
		w, err = answer(db, r.compound(), r.args)
	case asBatch:
		err = undoing(db, func(tx *gorm.DB) error {
			w, err = answer(tx, r.batch(), r.args)
			return err
		})
	default:
		return written{}, nil
	}
	if anyNumber(err, 1064) { // a syntax error
		m.way.CompareAndSwap(way, way+1)
		return m.do(db, r)
	}
	return w, err
}

// mysqlLease is the end of a lease of so many microseconds as it is stored,
// mysqlBeat as Optuna's heartbeat, which is in the time zone of the session.
const (
	mysqlLease = "CAST(UNIX_TIMESTAMP(SYSDATE(6)) * 1000000 AS SIGNED) + ?"
	mysqlBeat  = "NOW() + INTERVAL ? MICROSECOND"
)

// Where the rows of a trial go.
var (
	intoTrials = target{table: "trials", columns: []string{"number", "study_id", "state", "datetime_start"},
		values: []string{"@hp_number", "@hp_study", "'RUNNING'", "UTC_TIMESTAMP(6)"}}
	intoOwnTrials = target{table: "hpsearch_trials", columns: []string{"trial_id", "attempt", "worker", "lease_until", "token"},
		values: []string{"@hp_trial", "1", "?", mysqlLease, "?"}}
	intoHeartbeats = target{table: "trial_heartbeats", columns: []string{"trial_id", "heartbeat"},
		values: []string{"@hp_trial", mysqlBeat}, replaced: []string{"heartbeat"}}
	intoParams     = ofTrial("trial_params", []string{"param_name", "param_value", "distribution_json"}, nil)
	intoAttributes = ofTrial("trial_user_attributes", []string{`"key"`, "value_json"}, []string{"value_json"})
	intoReports    = ofTrial("trial_intermediate_values", []string{"step", "intermediate_value", "intermediate_value_type"},
		[]string{"intermediate_value", "intermediate_value_type"})
	intoOwnReports = ofTrial("hpsearch_reports", []string{"step", "metrics_json"}, []string{"metrics_json"})
	intoValues     = ofTrial("trial_values", []string{"objective", "value", "value_type"}, []string{"value", "value_type"})
)

// attributeRows are the arguments of an insert of user attributes.
func attributeRows(attrs []userAttrRow) [][]any {
	rows := make([][]any, len(attrs))
	for i, a := range attrs {
		rows[i] = []any{a.Key, a.ValueJSON}
	}
	return rows
}

// start begins a trial. The study is locked as Optuna does it; what is read
// after that is at least as new as the lock.
func (m *mysqlWrites) start(db *gorm.DB, n newRow, claim *search.Claim) (bool, error) {
	var r roundTrip
	us, number := n.lease.Microseconds(), n.claim.Number
	r.ask("SELECT study_id INTO @hp_study FROM studies WHERE study_id = ? FOR UPDATE", n.claim.StudyID)
	r.ask("SELECT COALESCE(MAX(number), -1) + 1 INTO @hp_number FROM trials WHERE study_id = @hp_study")
	r.ask(`SET @hp_done = CASE
		WHEN @hp_study IS NULL OR (? > 0 AND @hp_number >= ?)
			OR EXISTS (SELECT 1 FROM hpsearch_studies WHERE study_id = @hp_study AND paused) THEN 0
		WHEN ? >= 0 AND ? <> @hp_number THEN -1
		ELSE 1 END`, n.limit, n.limit, number, number)
	r.insert(intoTrials, []any{})
	r.set("SET @hp_trial = LAST_INSERT_ID()")
	r.insert(intoOwnTrials, []any{n.claim.Worker, us, n.token})
	r.insert(intoHeartbeats, []any{us})
	params := make([][]any, len(n.params))
	for i, p := range n.params {
		params[i] = []any{p.ParamName, p.ParamValue, p.DistributionJSON}
	}
	r.insert(intoParams, params...)
	r.insert(intoAttributes, attributeRows(n.attrs)...)
	w, err := m.do(db, &r)
	switch {
	case err != nil || w.Done == wroteNothing:
		return false, err
	case w.Done == numberGiven:
		return false, search.ErrNumberTaken
	}
	claim.TrialID, claim.Number = w.TrialID, w.Number
	return true, nil
}

// holding begins a round trip about a trial: it locks it, and writes if the
// claim holds.
func holding(c search.Claim) *roundTrip {
	var r roundTrip
	r.ask(`SELECT t.trial_id, t.number, 1 INTO @hp_trial, @hp_number, @hp_done
		FROM trials t JOIN hpsearch_trials h ON h.trial_id = t.trial_id
		WHERE t.trial_id = ? AND t.study_id = ? AND t.number = ? AND t.state = 'RUNNING'
			AND h.attempt = ? AND (? = '' OR h.worker = ?) FOR UPDATE`,
		c.TrialID, c.StudyID, c.Number, c.Attempt, c.Worker, c.Worker)
	return &r
}

func (m *mysqlWrites) renew(db *gorm.DB, c search.Claim, lease time.Duration) (bool, error) {
	r := holding(c)
	us := lease.Microseconds()
	r.update("UPDATE hpsearch_trials SET lease_until = "+mysqlLease+" WHERE trial_id = @hp_trial", us)
	r.insert(intoHeartbeats, []any{us})
	w, err := m.do(db, r)
	return w.Done == wrote, err
}

func (m *mysqlWrites) report(db *gorm.DB, c search.Claim, report search.Report, metrics string) (bool, error) {
	r := holding(c)
	value, kind := floatColumns(report.Value)
	r.insert(intoReports, []any{report.Step, value, kind})
	r.insert(intoOwnReports, []any{report.Step, metrics})
	w, err := m.do(db, r)
	return w.Done == wrote, err
}

// finish ends a trial unless it lacks values.
func (m *mysqlWrites) finish(db *gorm.DB, c search.Claim, o search.Outcome, own ownTrialRow) (bool, error) {
	shown, err := shownReason(o)
	if err != nil {
		return false, err
	}
	r := holding(c)
	r.ask("SET @hp_done = IF(@hp_done = 1 AND (? = 0 OR ? = (SELECT COUNT(*) FROM study_directions WHERE study_id = ?)), 1, 0)",
		len(o.Values), len(o.Values), c.StudyID)
	r.update("UPDATE trials SET state = ?, datetime_complete = UTC_TIMESTAMP(6) WHERE trial_id = @hp_trial", string(o.State))
	r.update(`UPDATE hpsearch_trials SET lease_until = NULL, reason = ?, message = ?, metrics_json = ?, artifacts_json = ?
		WHERE trial_id = @hp_trial`, own.Reason, own.Message, own.MetricsJSON, own.ArtifactsJSON)
	values := make([][]any, len(o.Values))
	for i, v := range o.Values {
		column, kind := floatColumns(v)
		values[i] = []any{i, column, kind}
	}
	r.insert(intoValues, values...)
	r.insert(intoAttributes, attributeRows(shown)...)
	w, err := m.do(db, r)
	return w.Done == wrote, err
}
