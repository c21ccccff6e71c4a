package storagetest

import (
	"math/rand/v2"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// testManyTrials runs trials that end in any order and in any state, and
// compares counts and best trials with what the trials themselves say.
func testManyTrials(t *testing.T, f *fixture) {
	const number, open = 300, 5
	rng := rand.New(rand.NewPCG(1, 2))
	for _, direction := range []search.Direction{search.Minimize, search.Maximize} {
		def := definition(string(direction))
		def.Objective.Direction = direction
		def.Enqueue = []map[string]any{{"x": 0.5}} // waits all the time
		study := f.study(t, def)
		var running []search.Claim
		for n := 1; n <= number; n++ {
			running = append(running, f.start(t, study.ID, n, long))
			for len(running) > rng.IntN(open) {
				i := rng.IntN(len(running))
				o := search.Outcome{State: search.Complete, Values: []float64{float64(rng.IntN(50))}}
				switch rng.IntN(4) {
				case 0:
					o = search.Outcome{State: search.Failed, Reason: "error"}
				case 1:
					o = search.Outcome{State: search.Pruned, Values: []float64{-100}}
				}
				f.ok(t, f.Finish(f.ctx, running[i], o))
				running = append(running[:i], running[i+1:]...)
			}
			if n%50 == 0 || n == number {
				f.compareTally(t, study)
			}
		}
	}
}

// compareTally compares counts and best of a study with its trials.
func (f *fixture) compareTally(t *testing.T, study *search.Study) {
	t.Helper()
	trials, err := f.Trials(f.ctx, study.ID, search.TrialQuery{After: -1})
	f.ok(t, err)
	var want search.Counts
	var best *search.Trial
	for _, trial := range trials {
		switch trial.State {
		case search.Waiting:
			want.Waiting++
		case search.Running:
			want.Running++
		case search.Pruned:
			want.Pruned++
		case search.Failed:
			want.Fail++
		case search.Complete:
			want.Complete++
			if best == nil || study.Direction().Better(trial.Value(), best.Value()) {
				best = trial
			}
		}
	}
	for range 2 { // the second time from what the first one may have kept
		counts, err := f.Counts(f.ctx, study.ID)
		f.ok(t, err)
		same(t, "counts", counts, want)
		got, err := f.Best(f.ctx, study.ID)
		f.ok(t, err)
		same(t, "best", got, best)
		summary, err := f.Summary(f.ctx, study.Name)
		f.ok(t, err)
		same(t, "counts of the summary", summary.Counts, want)
		same(t, "best of the summary", summary.Best, best)
	}
}
