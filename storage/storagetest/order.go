package storagetest

import (
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// testTrialsOrder: trials come in another order than that of their numbers, and
// the limit takes the first of it.
func testTrialsOrder(t *testing.T, f *fixture) {
	for direction, best := range map[search.Direction][]int{
		search.Minimize: {4, 1, 5, 0, 2},
		search.Maximize: {0, 1, 5, 4, 2},
	} {
		def := definition(string(direction))
		def.Objective.Direction = direction
		study := f.study(t, def)
		f.complete(t, study.ID, 0, 3)
		f.complete(t, study.ID, 1, 2)
		f.start(t, study.ID, 2, long) // has no value
		_, err := f.Enqueue(f.ctx, study.ID, nil)
		f.ok(t, err)
		f.complete(t, study.ID, 4, -1e300)
		pruned := f.start(t, study.ID, 5, long)
		f.ok(t, f.Report(f.ctx, pruned, search.Report{Step: 1, Value: 2}))
		f.ok(t, f.Finish(f.ctx, pruned, search.Outcome{State: search.Pruned}))

		all := append(slices.Clone(best), 3)
		worst := append(reversedTies(best[:4]), 2, 3)
		for name, test := range map[string]struct {
			q    search.TrialQuery
			want []int
		}{
			"best":          {search.TrialQuery{Order: search.ByValue, After: -1}, all},
			"best three":    {search.TrialQuery{Order: search.ByValue, After: -1, Limit: 3, Newest: true}, all[:3]},
			"worst":         {search.TrialQuery{Order: search.ByValue, After: -1, Reverse: true}, worst},
			"worst two":     {search.TrialQuery{Order: search.ByValue, After: -1, Reverse: true, Limit: 2}, worst[:2]},
			"best complete": {search.TrialQuery{Order: search.ByValue, After: -1, States: []search.State{search.Complete}, Limit: 2}, without(all, 5)[:2]},
			"best after":    {search.TrialQuery{Order: search.ByValue, After: 0, Brief: true}, without(all, 0)},
			"best also":     {search.TrialQuery{Order: search.ByValue, After: 4, Also: []int{0, 3}}, without(all, 1, 2, 4)},
		} {
			same(t, string(direction)+": "+name, f.numbers(t, study.ID, test.q), test.want)
		}
		f.checkDurations(t, study.ID)
	}
}

// reversedTies turns an order around but for trials 1 and 5, which are equal.
func reversedTies(order []int) []int {
	turned := slices.Clone(order)
	slices.Reverse(turned)
	i := slices.Index(turned, 5)
	turned[i], turned[i+1] = turned[i+1], turned[i]
	return turned
}

func without(numbers []int, left ...int) []int {
	return slices.DeleteFunc(slices.Clone(numbers), func(n int) bool { return slices.Contains(left, n) })
}

func (f *fixture) numbers(t *testing.T, studyID int64, q search.TrialQuery) []int {
	t.Helper()
	trials, err := f.Trials(f.ctx, studyID, q)
	f.ok(t, err)
	var numbers []int
	for _, trial := range trials {
		numbers = append(numbers, trial.Number)
	}
	return numbers
}

// checkDurations compares the order by duration with what the trials say, which
// stores keep as exactly as they can.
func (f *fixture) checkDurations(t *testing.T, studyID int64) {
	t.Helper()
	ended := []search.State{search.Complete, search.Pruned, search.Failed}
	for _, reverse := range []bool{false, true} {
		trials, err := f.Trials(f.ctx, studyID, search.TrialQuery{After: -1, States: ended, Order: search.ByDuration, Reverse: reverse})
		f.ok(t, err)
		if !slices.IsSortedFunc(trials, func(a, b *search.Trial) int {
			longer := int(b.Duration() - a.Duration())
			if reverse {
				longer = -longer
			}
			if longer == 0 {
				return a.Number - b.Number
			}
			return longer
		}) {
			t.Errorf("reverse %v: %v is not the order by duration", reverse, trials)
		}
		all := f.numbers(t, studyID, search.TrialQuery{After: -1, Order: search.ByDuration, Reverse: reverse})
		if len(all) != 6 || all[5] != 3 {
			t.Errorf("reverse %v: got %v, and trial 3, which was not started, should be the last", reverse, all)
		}
	}
}
