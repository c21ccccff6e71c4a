package storage

import (
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// TestPlans has PostgreSQL plan the writes of a trial when it knows that the
// tables are small: what a session has planned then stays as they grow, and
// must not read them as a whole.
func TestPlans(t *testing.T) {
	t.Parallel()
	url := dbtest.Database(t, dbtest.PostgreSQL)
	first := openURL(t, url)
	defer first.Close()
	study, err := first.CreateStudy(t.Context(), search.Definition{Name: "s"})
	if err != nil {
		t.Fatal(err)
	}
	const trials = 20 // more than enough for plans that are kept
	run := func(s *sqlStore, from int) {
		for number := from; number < from+trials; number++ {
			if err := oneTrial(t.Context(), s, study.ID, number); err != nil {
				t.Fatal(err)
			}
		}
	}
	run(first, 0)
	execute(t, first, "ANALYZE")
	second := openURL(t, url)
	before := scanned(t, second)
	run(second, trials)
	after := scanned(t, second)
	if err := second.Close(); err != nil {
		t.Fatal(err)
	}
	same(t, "tables read as a whole", after, before)
}

// scanned returns how often each table of trials was read as a whole.
func scanned(t *testing.T, s *sqlStore) map[string]int64 {
	t.Helper()
	execute(t, s, "SELECT pg_stat_force_next_flush()", "SELECT 1")
	var rows []struct {
		Relname string
		SeqScan int64
	}
	err := s.write.Raw("SELECT relname, seq_scan FROM pg_stat_user_tables WHERE relname LIKE '%trial%' OR relname LIKE '%report%'").Scan(&rows).Error
	if err != nil {
		t.Fatal(err)
	}
	scans := map[string]int64{}
	for _, row := range rows {
		scans[row.Relname] = row.SeqScan
	}
	return scans
}
