package terminator_test

import (
	"context"
	"math"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/gp"
	"github.com/hpsearch/hpsearch/search/searchtest"
	"github.com/hpsearch/hpsearch/search/terminator"
)

func newBound(t *testing.T, o terminator.Options) *terminator.RegretBound {
	t.Helper()
	r, err := terminator.NewRegretBound(o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// searched returns what gp has found in some trials of an objective.
func searched(t *testing.T, o searchtest.Objective, trials int) *search.History {
	t.Helper()
	s, err := gp.New(gp.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	h, err := searchtest.Run(s, o, trials, 1)
	if err != nil {
		t.Fatal(err)
	}
	h.Study.Definition.Space = o.Space
	h.Study.Definition.Objective.Metric = "loss"
	return h
}

// first returns the history as it was after n trials.
func first(h *search.History, n int) *search.History {
	return &search.History{Study: h.Study, Trials: h.Trials[:n]}
}

// end returns the number of trials after which the study ends; 0 for never.
func end(t *testing.T, r search.Terminator, h *search.History) (int, search.Verdict) {
	t.Helper()
	for n := range len(h.Trials) + 1 {
		v, err := r.Judge(context.Background(), first(h, n))
		if err != nil {
			t.Fatal(err)
		}
		if v.Ended {
			return n, v
		}
	}
	return 0, search.Verdict{}
}

func TestJudge(t *testing.T) {
	t.Parallel()
	branin, mixed := searchtest.Branin(), searchtest.Mixed()
	for _, test := range []struct {
		name    string
		clean   searchtest.Objective
		noise   float64
		trials  int
		options terminator.Options
		ends    bool
		regret  float64 // at most that much of the best trial's value is missing when it ends
	}{
		{"noise", branin, 1, 70, terminator.Options{}, true, 2},
		{"much noise", branin, 5, 70, terminator.Options{}, true, 10},
		{"noise, with conditions", mixed, 0.1, 80, terminator.Options{Interval: 10}, true, 0.2},
		{"an error", branin, 0, 60, terminator.Options{Error: 5}, true, 5},
		{"a small error", branin, 0, 60, terminator.Options{Error: 0.1}, false, 0},
		{"no noise", branin, 0, 60, terminator.Options{Interval: 10}, false, 0},
		{"far from the valley", searchtest.Rosenbrock(8), 50, 60, terminator.Options{Interval: 10}, false, 0},
		{"too few trials", branin, 5, 60, terminator.Options{Error: 1e9, MinTrials: 61}, false, 0},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := searched(t, searchtest.Noisy(test.clean, test.noise), test.trials)
			n, verdict := end(t, newBound(t, test.options), h)
			if test.ends != (n > 0) {
				t.Fatalf("it ended after %d trials (%s)", n, verdict.Why)
			}
			if !test.ends {
				return
			}
			best, lowest := 0.0, math.Inf(1)
			for _, trial := range h.Trials[:n] {
				if trial.Value() < lowest {
					best, lowest = test.clean.Value(trial.External()), trial.Value()
				}
			}
			if got := best - test.clean.Optimum; got > test.regret {
				t.Errorf("after %d trials the regret is %g, want at most %g", n, got, test.regret)
			}
			if !strings.Contains(verdict.Why, "no configuration is expected to improve loss by more than") {
				t.Errorf("it says %q", verdict.Why)
			}
		})
	}
}

// What is maximized is judged as its negative is; trials after the last
// multiple of the interval, and those of other states, change nothing.
func TestJudgeDependsOn(t *testing.T) {
	t.Parallel()
	h := searched(t, searchtest.Noisy(searchtest.Branin(), 5), 60)
	n, _ := end(t, newBound(t, terminator.Options{Seed: 3}), h)
	if n == 0 || n%terminator.DefaultInterval != 0 {
		t.Fatalf("it ended after %d trials", n)
	}
	judge := func(h *search.History) search.Verdict {
		v, err := newBound(t, terminator.Options{Seed: 3}).Judge(context.Background(), h)
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	want := judge(first(h, n))
	negated := searchtest.NewHistory(search.Maximize)
	negated.Study.Definition = h.Study.Definition
	for _, trial := range h.Trials[:n] {
		minus := *trial
		minus.Values = []float64{-trial.Value()}
		negated.Trials = append(negated.Trials, &minus)
	}
	if got := judge(negated); got != want {
		t.Errorf("to maximize: %+v, want %+v", got, want)
	}
	more := first(h, n)
	earlier := *h.Trials[0]
	earlier.Number, earlier.Values = -1, []float64{-1e6}
	more.Trials = append([]*search.Trial{&earlier}, more.Trials...)
	for i, state := range []search.State{search.Failed, search.Pruned, search.Running, search.Complete} {
		other := *h.Trials[i]
		other.Number, other.State, other.Values = n+i, state, []float64{-1e6}
		if state == search.Failed || state == search.Running {
			other.Values = nil
		}
		more.Trials = append(more.Trials, &other)
	}
	if got := judge(more); got != want {
		t.Errorf("with other trials: %+v, want %+v", got, want)
	}
}

// There is nothing to gain where all values are equal, and nothing to judge
// where there is nothing to search.
func TestJudgeOddHistories(t *testing.T) {
	t.Parallel()
	flat := searchtest.Objective{Name: "flat", Space: searchtest.Branin().Space, Value: func(map[string]any) float64 { return 3 }}
	if n, _ := end(t, newBound(t, terminator.Options{Error: 0.5}), searched(t, flat, 40)); n == 0 {
		t.Error("a study of equal values did not end")
	}
	h := searched(t, searchtest.Branin(), 30)
	h.Study.Definition.Space = search.Space{{Name: "other", Distribution: search.Int{Low: 1, High: 9}}}
	if n, v := end(t, newBound(t, terminator.Options{Error: 1e9}), h); n != 0 {
		t.Errorf("a study of trials from another space ended: %+v", v)
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := newBound(t, terminator.Options{}).Judge(ctx, h); err == nil {
		t.Error("a cancelled judgement was made")
	}
}

func TestNewRegretBoundRefuses(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]terminator.Options{
		"the error -1 is not": {Error: -1}, "the error NaN is not": {Error: math.NaN()}, "not -3": {MinTrials: -3},
		"not 1": {MinTrials: 1}, "must not be negative: -5": {Interval: -5},
	} {
		if _, err := terminator.NewRegretBound(o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

// The time of a judgement after many trials, which is paid once an interval.
func BenchmarkJudge(b *testing.B) {
	o := searchtest.Noisy(searchtest.Hartmann6(), 0.1)
	h := searchtest.NewHistory(search.Minimize)
	h.Study.Definition.Space = o.Space
	for number := range 300 {
		rng := search.Rand(1, number, "benchmark")
		params, err := o.Space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
			return search.Uniform(rng, p.Distribution), nil
		})
		if err != nil {
			b.Fatal(err)
		}
		t := searchtest.NewTrial(number, o.Space, params)
		t.State, t.Values = search.Complete, []float64{o.Value(t.External())}
		h.Trials = append(h.Trials, t)
	}
	for b.Loop() {
		r, err := terminator.NewRegretBound(terminator.Options{})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := r.Judge(context.Background(), h); err != nil {
			b.Fatal(err)
		}
	}
}
