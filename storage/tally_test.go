package storage

import (
	"fmt"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// TestTallyOfForeignTrials lets another program write trials, as Optuna does:
// many at once, some of which end long after later ones.
func TestTallyOfForeignTrials(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		store := openURL(t, url)
		defer store.Close()
		study, err := store.CreateStudy(t.Context(), search.Definition{Name: "s"})
		if err != nil {
			t.Fatal(err)
		}
		expect := func(want search.Counts, best int) {
			t.Helper()
			for range 2 { // the first time makes a tally
				counts, err := store.Counts(t.Context(), study.ID)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "counts", counts, want)
				trial, err := store.Best(t.Context(), study.ID)
				if err != nil {
					t.Fatal(err)
				}
				same(t, "best", trial.Number, best)
			}
		}
		// insert adds the trials from number a to b, all in one state.
		insert := func(state string, a, b int) {
			t.Helper()
			for n := a; n <= b; n++ {
				execute(t, store, fmt.Sprintf("INSERT INTO trials (number, study_id, state) VALUES (%d, %d, '%s')", n, study.ID, state))
			}
		}
		end := func(number int, state string, value float64) {
			t.Helper()
			execute(t, store, fmt.Sprintf("UPDATE trials SET state = '%s' WHERE number = %d", state, number))
			if state == "COMPLETE" {
				execute(t, store, fmt.Sprintf(`INSERT INTO trial_values (trial_id, objective, value, value_type)
					SELECT trial_id, 0, %v, 'FINITE' FROM trials WHERE number = %d`, value, number))
			}
		}
		insert("RUNNING", 0, 9)
		insert("FAIL", 10, 99)
		end(3, "COMPLETE", 5)
		expect(search.Counts{Running: 9, Complete: 1, Fail: 90}, 3)
		tallied := func() (n int) {
			t.Helper()
			if err := store.read.Raw("SELECT complete + pruned + fail FROM hpsearch_tallies").Scan(&n).Error; err != nil {
				t.Fatal(err)
			}
			return n
		}
		same(t, "tallied", tallied(), 91)

		end(0, "COMPLETE", 4) // it was open when the tally was made
		end(1, "PRUNED", 0)
		expect(search.Counts{Running: 7, Complete: 2, Pruned: 1, Fail: 90}, 0)
		same(t, "tallied", tallied(), 91)
		insert("PRUNED", 100, 199)
		insert("RUNNING", 200, 200)
		end(200, "COMPLETE", 3)
		execute(t, store, `INSERT INTO trials (number, study_id, state) VALUES (201, 1, 'COMPLETE')`,
			`INSERT INTO trial_values (trial_id, objective, value, value_type) SELECT trial_id, 0, NULL, 'INF_NEG' FROM trials WHERE number = 201`)
		expect(search.Counts{Running: 7, Complete: 4, Pruned: 101, Fail: 90}, 200)
		same(t, "tallied", tallied(), 195)
		for n := 2; n < 10; n++ {
			if n != 3 {
				end(n, "COMPLETE", float64(n)+3)
			}
		}
		expect(search.Counts{Complete: 11, Pruned: 101, Fail: 90}, 200)

		// A new study under the same name or id has nothing of it.
		if err := store.DeleteStudy(t.Context(), study.ID); err != nil {
			t.Fatal(err)
		}
		again, err := store.CreateStudy(t.Context(), search.Definition{Name: "s"})
		if err != nil {
			t.Fatal(err)
		}
		counts, err := store.Counts(t.Context(), again.ID)
		if err != nil {
			t.Fatal(err)
		}
		same(t, "counts of a new study", counts, search.Counts{})
	})
}
