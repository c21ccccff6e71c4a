package tpe

import (
	"math"
	"slices"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestObserve(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	report := func(step int, v float64) []search.Report {
		return []search.Report{{Step: 0, Value: -9}, {Step: step, Value: v}}
	}
	h := searchtest.NewHistory(search.Minimize)
	add := func(trial search.Trial) {
		trial.Number = len(h.Trials)
		h.Trials = append(h.Trials, &trial)
	}
	// In descending order of rank, worst first; 24 fillers are worse still.
	for range 24 {
		add(search.Trial{State: search.Complete, Values: []float64{nan}})
	}
	add(search.Trial{State: search.Pruned})                                // 24
	add(search.Trial{State: search.Pruned, Intermediate: report(2, nan)})  // 25
	add(search.Trial{State: search.Pruned, Intermediate: report(2, 5)})    // 26
	add(search.Trial{State: search.Pruned, Intermediate: report(7, 90)})   // 27
	add(search.Trial{State: search.Complete, Values: []float64{3}})        // 28
	add(search.Trial{State: search.Complete, Values: []float64{1}})        // 29
	add(search.Trial{State: search.Running})                               // 30
	add(search.Trial{State: search.Failed, Reason: search.ReasonDiverged}) // 31
	add(search.Trial{State: search.Failed, Reason: "crashed"})             // 32
	add(search.Trial{State: search.Running})                               // 33, itself
	var ranks []rank
	for _, trial := range h.Trials[:30] {
		ranks = insert(ranks, rankOf(trial, trial.Number, search.Minimize))
	}
	for i, want := range []int{29, 28, 27, 26, 25, 24} {
		if ranks[i].place != want {
			t.Errorf("rank %d is trial %d, want %d", i, ranks[i].place, want)
		}
	}
	o := new(ledger).observe(h, 33, false)
	if got, want := numbers(o.good), []int{27, 28, 29}; o.finished != 30 || !slices.Equal(got, want) {
		t.Errorf("of %d finished trials %v are good, want %v of 30", o.finished, got, want)
	}
	if got := numbers(o.bad); len(got) != 29 || !slices.Equal(got[27:], []int{30, 31}) {
		t.Errorf("bad are %v", got)
	}
	if got := numbers(new(ledger).observe(h, 33, true).bad); slices.Contains(got, 30) {
		t.Errorf("a running trial is bad though they are ignored: %v", got)
	}
	h.Study.Directions = []search.Direction{search.Maximize}
	if got, want := numbers(new(ledger).observe(h, 33, false).good), []int{27, 28, 29}; !slices.Equal(got, want) {
		t.Errorf("maximizing, %v are good, want %v", got, want)
	}
}

func TestRankWeights(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 10, 25} {
		sum := 0.0
		for rank := range n {
			w := rankWeight(rank, n)
			sum += w
			if w <= 0 || rank > 0 && w >= rankWeight(rank-1, n) {
				t.Errorf("of %d trials rank %d weighs %g", n, rank, w)
			}
		}
		if math.Abs(sum-float64(n)) > 1e-12 {
			t.Errorf("the weights of %d trials sum to %g", n, sum)
		}
	}
	// The weights follow the values, whatever the order of the numbers.
	h := searchtest.NewHistory(search.Minimize)
	for i, v := range []float64{3, 1, 2, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9, 9} {
		h.Trials = append(h.Trials, &search.Trial{Number: i, State: search.Complete, Values: []float64{v}})
	}
	o := new(ledger).observe(h, len(h.Trials), false)
	if want := []float64{rankWeight(2, 3), rankWeight(0, 3), rankWeight(1, 3)}; !slices.Equal(o.weight, want) {
		t.Errorf("weights %v, want %v", o.weight, want)
	}
}

func TestWithout(t *testing.T) {
	t.Parallel()
	var trials []*search.Trial
	for i := range 1003 {
		trials = append(trials, &search.Trial{Number: i})
	}
	if got := numbers(without(trials[:7], []int{0, 3, 4, 6}, 100)); !slices.Equal(got, []int{1, 2, 5}) {
		t.Errorf("of seven trials without four %v are left", got)
	}
	if got := without(trials[:100], nil, 100); len(got) != 100 {
		t.Errorf("of 100 trials %d are left", len(got))
	}
	got := numbers(without(trials, nil, 100))
	if len(got) != 100 || !slices.IsSorted(got) || got[0] != 0 || got[50] != 953 || got[99] != 1002 {
		t.Errorf("of 1003 trials are left: %v", got)
	}
	for i := range 50 {
		if gap := got[i+1] - got[i]; gap < 19 || gap > 20 {
			t.Errorf("between older trials %d and %d: %d", got[i], got[i+1], gap)
		}
	}
	got = numbers(without(trials, []int{0, 500, 953, 1002}, 100))
	if len(got) != 100 || got[0] != 1 || got[99] != 1001 || slices.Contains(got, 953) || slices.Contains(got, 500) {
		t.Errorf("of 1003 trials without four are left: %v", got)
	}
}

// Whatever a ledger has seen before, it divides a history as a new one does.
func TestLedger(t *testing.T) {
	t.Parallel()
	rng := search.Rand(1, 0, "ledger")
	h := searchtest.NewHistory(search.Minimize)
	var l ledger
	for number := range 400 {
		h.Trials = append(h.Trials, &search.Trial{Number: number, State: search.Running})
		for i, trial := range h.Trials {
			if trial.State != search.Running || rng.IntN(4) > 0 {
				continue
			}
			done := *trial
			done.State, done.Values = search.Complete, []float64{rng.NormFloat64()}
			if rng.IntN(5) == 0 {
				done.State, done.Reason = search.Failed, search.ReasonDiverged
			}
			h.Trials[i] = &done
		}
		snapshot := &search.History{Study: h.Study, Trials: slices.Clone(h.Trials)}
		got, want := l.observe(snapshot, number+1, number%7 == 0), new(ledger).observe(snapshot, number+1, number%7 == 0)
		if diff := gocmp.Diff(want, got, gocmp.AllowUnexported(observations{})); diff != "" {
			t.Fatalf("trial %d (-new +used):\n%s", number, diff)
		}
	}
	other := searchtest.NewHistory(search.Maximize)
	other.Trials = h.Trials
	if diff := gocmp.Diff(new(ledger).observe(other, 400, false), l.observe(other, 400, false), gocmp.AllowUnexported(observations{})); diff != "" {
		t.Errorf("maximizing (-new +used):\n%s", diff)
	}
}

func numbers(trials []*search.Trial) []int {
	var n []int
	for _, t := range trials {
		n = append(n, t.Number)
	}
	return n
}
