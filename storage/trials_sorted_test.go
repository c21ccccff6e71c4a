package storage

import (
	"fmt"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// TestTrials_byDuration sorts trials whose times are known, in each database, on
// either side of a change of the clocks.
func TestTrials_byDuration(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, url string) {
		s := openURL(t, url)
		defer s.Close()
		study, err := s.CreateStudy(t.Context(), search.Definition{Name: "s"})
		if err != nil {
			t.Fatal(err)
		}
		for number := range 4 {
			claim, err := s.Start(t.Context(), study.ID, search.NewTrial{Number: number}, "w", time.Hour, 0)
			if err == nil && number < 3 {
				err = s.Finish(t.Context(), claim, search.Outcome{State: search.Complete, Values: []float64{1}})
			}
			if err != nil {
				t.Fatal(err)
			}
		}
		const layout = "UPDATE trials SET datetime_start = '%s', datetime_complete = '%s' WHERE number = %d"
		execute(t, s,
			fmt.Sprintf(layout, "2026-03-29 00:59:30.000000", "2026-03-29 02:00:10.000000", 0), // an hour, 40 s
			fmt.Sprintf(layout, "2025-12-31 23:59:59.000000", "2026-01-01 00:00:04.000000", 1), // 5 s
			fmt.Sprintf(layout, "2026-10-25 00:30:00.000000", "2026-10-25 01:29:00.000000", 2), // 59 minutes
			"UPDATE trials SET datetime_start = '2020-01-01 00:00:00.000000' WHERE number = 3", // still running
		)
		for reverse, want := range map[bool][]int{false: {3, 0, 2, 1}, true: {1, 2, 0, 3}} {
			trials, err := s.Trials(t.Context(), study.ID, search.TrialQuery{After: -1, Order: search.ByDuration, Reverse: reverse, Brief: true})
			if err != nil {
				t.Fatal(err)
			}
			var got []int
			for _, trial := range trials {
				got = append(got, trial.Number)
			}
			same(t, "order", got, want)
		}
	})
}

// TestSortTrials_memory: a running trial lasts until now.
func TestSortTrials_memory(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return time.Unix(int64(s), 0) }
	trials := []*search.Trial{
		{Number: 0, State: search.Complete, Started: at(0), Finished: at(10)},
		{Number: 1, State: search.Waiting},
		{Number: 2, State: search.Running, Started: at(80)},
		{Number: 3, State: search.Failed, Started: at(50), Finished: at(60)},
	}
	sortTrials(trials, search.TrialQuery{Order: search.ByDuration}, search.Minimize, at(100))
	var got []int
	for _, trial := range trials {
		got = append(got, trial.Number)
	}
	same(t, "order", got, []int{2, 0, 3, 1})
}
