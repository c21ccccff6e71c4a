package storage

import (
	"fmt"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage/dbtest"
)

// BenchmarkTrial is the life of a trial: create with six parameters, three
// reports, end.
func BenchmarkTrial(b *testing.B) {
	for name, url := range map[string]string{"memory": MemoryURL, "sqlite": "sqlite:///" + b.TempDir() + "/study.db"} {
		b.Run(name, func(b *testing.B) {
			store, err := Open(b.Context(), url)
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			study, err := store.CreateStudy(b.Context(), search.Definition{Name: time.Now().String()})
			if err != nil {
				b.Fatal(err)
			}
			number := 0
			for b.Loop() {
				if err := oneTrial(b.Context(), store, study.ID, number); err != nil {
					b.Fatal(err)
				}
				number++
			}
		})
	}
}

// manyTrials fills a database with finished trials of many studies, each with
// a value and a parameter.
func manyTrials(b *testing.B, s *sqlStore, studies, trials int) {
	b.Helper()
	recursive := fmt.Sprintf("WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d) ", studies*trials-1)
	insert := func(into, selection string) string {
		if s.dialect.name == mysqlName {
			return "SET STATEMENT max_recursive_iterations = 10000000 FOR INSERT INTO " + into + " " + recursive + selection
		}
		return recursive + "INSERT INTO " + into + " " + selection
	}
	for i := range studies {
		if _, err := s.CreateStudy(b.Context(), search.Definition{Name: fmt.Sprint("study-", i)}); err != nil {
			b.Fatal(err)
		}
	}
	modulo := map[string]string{sqliteName: "i / %d", postgresName: "i / %d", mysqlName: "i DIV %d"}[s.dialect.name]
	of := fmt.Sprintf(modulo, trials)
	for _, statement := range []string{
		insert("trials (number, study_id, state)", fmt.Sprintf("SELECT i %% %d, %s + 1, 'COMPLETE' FROM n", trials, of)),
		"INSERT INTO trial_values (trial_id, objective, value, value_type) SELECT trial_id, 0, (number * 7919) % 1000, 'FINITE' FROM trials",
		`INSERT INTO trial_params (trial_id, param_name, param_value, distribution_json)
			SELECT trial_id, 'x', 0.5, '{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1.0, "log": false}}' FROM trials`,
	} {
		if err := s.write.Exec(statement).Error; err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkSummaries lists a thousand studies with a million trials, which is
// what `study list` does: with what earlier lists left behind, as always but
// the first time, whose time is reported beside.
func BenchmarkSummaries(b *testing.B) {
	const studies, trials = 1000, 1000
	urls := map[string]string{sqliteName: "sqlite:///" + b.TempDir() + "/study.db"}
	for _, kind := range dbtest.Kinds {
		urls[string(kind)] = ""
	}
	for name, url := range urls {
		b.Run(name, func(b *testing.B) {
			if url == "" {
				url = dbtest.Database(b, dbtest.Kind(name))
			}
			store, err := Open(b.Context(), url)
			if err != nil {
				b.Fatal(err)
			}
			defer store.Close()
			manyTrials(b, store.(*sqlStore), studies, trials)
			began := time.Now()
			summaries, err := store.Summaries(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			if len(summaries) != studies || summaries[7].Counts.Complete != trials || summaries[7].Best == nil {
				b.Fatalf("%d studies, %+v", len(summaries), summaries[7])
			}
			first := time.Since(began)
			for b.Loop() {
				if _, err := store.Summaries(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(first.Seconds(), "s/first")
		})
	}
}
