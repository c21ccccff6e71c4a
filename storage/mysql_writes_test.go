package storage

import (
	"errors"
	"math"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestMySQLWrites: a step in a trial's life is one round trip, on MariaDB, in
// the way that MySQL takes, and on MySQL where there is one.
func TestMySQLWrites(t *testing.T) {
	t.Parallel()
	onMariaDB := func(t *testing.T) string { return dbtest.Database(t, dbtest.MariaDB) }
	for name, c := range map[string]struct {
		database func(t *testing.T) string
		way      int32
	}{
		"MariaDB": {onMariaDB, asCompound},
		"batch":   {onMariaDB, asBatch},
		"MySQL":   {func(t *testing.T) string { return onMySQL(t)(t) }, asBatch},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := openURL(t, c.database(t))
			defer s.Close()
			if name == "batch" {
				s.fast.(*mysqlWrites).way.Store(asBatch)
			}
			testMySQLWrites(t, s)
			same(t, "way", s.fast.(*mysqlWrites).way.Load(), c.way)
		})
	}
}

// testMySQLWrites calls the quick writes, with texts of users in them.
func testMySQLWrites(t *testing.T, s *sqlStore) {
	study, err := s.CreateStudy(t.Context(), search.Definition{Name: "s", Objective: search.ObjectiveSpec{Metric: "loss"}})
	if err != nil {
		t.Fatal(err)
	}
	db := s.write.WithContext(t.Context())
	done := func(ok bool, err error) {
		t.Helper()
		if err != nil || !ok {
			t.Fatalf("done: %v, %v", ok, err)
		}
	}
	refused := func(ok bool, err error) {
		t.Helper()
		if err != nil || ok {
			t.Fatalf("refused: %v, %v", !ok, err)
		}
	}
	const hostile = `'; DROP TABLE trials; -- \' "?"`
	params, err := paramRows(map[string]float64{"x": 0.5, hostile: 1},
		map[string]search.Distribution{"x": search.Float{Low: 0, High: 1}, hostile: search.Int{Low: 0, High: 9}})
	if err != nil {
		t.Fatal(err)
	}
	attrs, err := userAttrRows(map[string]any{hostile: hostile})
	if err != nil {
		t.Fatal(err)
	}
	claim := search.Claim{StudyID: study.ID, Number: search.NextNumber, Attempt: 1, Worker: hostile}
	n := newRow{claim: claim, lease: time.Hour, params: params, attrs: attrs, token: 7}
	done(s.fast.start(db, n, &claim))
	same(t, "number", claim.Number, 0)

	taken := n
	taken.claim.Number = 0
	other := search.Claim{}
	if ok, err := s.fast.start(db, taken, &other); ok || !errors.Is(err, search.ErrNumberTaken) {
		t.Errorf("number 0 again: %v, %v", ok, err)
	}
	full := n
	full.limit = 1
	refused(s.fast.start(db, full, &other))

	done(s.fast.renew(db, claim, time.Hour))
	done(s.fast.report(db, claim, search.Report{Step: 1, Value: math.NaN()}, hostile))
	done(s.fast.report(db, claim, search.Report{Step: 1, Value: 2}, `{"m":1}`))
	stale := claim
	stale.Attempt = 2
	refused(s.fast.report(db, stale, search.Report{Step: 2}, ""))
	refused(s.fast.finish(db, claim, search.Outcome{State: search.Complete, Values: []float64{1, 2}}, ownTrialRow{}))
	done(s.fast.finish(db, claim, search.Outcome{State: search.Complete, Values: []float64{1}, Message: hostile}, ownTrialRow{Message: hostile}))
	refused(s.fast.renew(db, claim, time.Hour))

	trial, err := s.Trial(t.Context(), study.ID, 0)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "values", trial.Values, []float64{1})
	same(t, "message", trial.Message, hostile)
	same(t, "attributes", trial.UserAttrs, map[string]any{hostile: hostile})
	same(t, "parameters", trial.Params, map[string]float64{"x": 0.5, hostile: 1})
	same(t, "reports", trial.Intermediate, []search.Report{{Step: 1, Value: 2, Metrics: map[string]float64{"m": 1}}})
	counts, err := s.Counts(t.Context(), study.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "counts", counts, search.Counts{Complete: 1})

	// What fails in the middle is undone, and its locks with it.
	twice := n
	twice.params = []paramRow{params[0], params[0]}
	if ok, err := s.fast.start(db, twice, &other); ok || !s.duplicate(err) {
		t.Errorf("a parameter twice: %v, %v", ok, err)
	}
	n.token++
	done(s.fast.start(db, n, &claim))
	same(t, "number after a failure", claim.Number, 1)
}
