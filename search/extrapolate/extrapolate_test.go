package extrapolate

import (
	"context"
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
	"github.com/hpsearch/hpsearch/search/tpe"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	searchtest.Suite{New: func(seed int64) (search.Sampler, error) {
		s, err := tpe.New(tpe.Options{Seed: seed})
		if err != nil {
			return nil, err
		}
		return New(s), nil
	}}.Run(t)
}

// watch keeps the history that it is given.
type watch struct{ seen *search.History }

func (w *watch) Suggest(_ context.Context, h *search.History, _ int, _ search.Space, _ map[string]any) (map[string]float64, error) {
	w.seen = h
	return nil, nil
}

func trial(number int, state search.State, curve ...float64) *search.Trial {
	t := searchtest.Curve(number, curve...)
	t.State = state
	t.Values = []float64{curve[len(curve)-1]}
	return t
}

func TestPredictions(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	half := []*search.Trial{
		trial(0, search.Complete, 4, 2), trial(1, search.Complete, 6, 3), trial(2, search.Complete, 8, 4), trial(3, search.Complete, 10, 5),
	}
	// Each falls by as much again as it fell from the first to the second step.
	falling := []*search.Trial{
		trial(0, search.Complete, 9, 8, 7), trial(1, search.Complete, 9, 6, 3), trial(2, search.Complete, 12, 8, 4),
		trial(3, search.Complete, 12, 7, 2), trial(4, search.Complete, 10, 9, 8),
	}
	for _, test := range []struct {
		name    string
		history []*search.Trial
		pruned  *search.Trial
		want    float64
	}{
		{"on the line", half, trial(9, search.Pruned, 10), 5},
		{"between", half, trial(9, search.Pruned, 7), 3.5},
		{"by the slope", falling, trial(9, search.Pruned, 11, 8), 5},
		{"another slope", falling, trial(9, search.Pruned, 10, 8), 6},
		{"a slope as nobody has", falling, trial(9, search.Pruned, 28, 8), 3},
		{"too few complete ones", half[:3], trial(9, search.Pruned, 10), 10},
		{"a step that nobody reported", half, trial(9, search.Pruned, 10, 10, 10), 10},
		{"NaN", half, trial(9, search.Pruned, nan), nan},
		{"NaN among the others", append([]*search.Trial{trial(8, search.Complete, nan, 7)}, half...), trial(9, search.Pruned, 10), 5},
		{"ahead by more at the end", []*search.Trial{trial(0, search.Complete, 1, 2), trial(1, search.Complete, 2, 5), trial(2, search.Complete, 3, 8), trial(3, search.Complete, 4, 11)},
			trial(9, search.Pruned, 4), 8.9},
		{"overtaken", []*search.Trial{trial(0, search.Complete, 1, 3), trial(1, search.Complete, 2, 2), trial(2, search.Complete, 3, 1), trial(3, search.Complete, 4, 0)},
			trial(9, search.Pruned, 4), 0.8},
		{"equal values", []*search.Trial{trial(0, search.Complete, 1, 3), trial(1, search.Complete, 1, 2), trial(2, search.Complete, 1, 1), trial(3, search.Complete, 1, 2)},
			trial(9, search.Pruned, 9), 2},
	} {
		w := &watch{}
		h := searchtest.NewHistory(search.Minimize)
		h.Trials = append(append(h.Trials, test.history...), test.pruned)
		if _, err := New(w).Suggest(t.Context(), h, 10, nil, nil); err != nil {
			t.Fatal(err)
		}
		seen := w.seen.Trials[len(w.seen.Trials)-1]
		got := seen.Value()
		if math.Abs(got-test.want) > 0.25 || math.IsNaN(got) != math.IsNaN(test.want) {
			t.Errorf("%s: the sampler sees %v, want %v", test.name, got, test.want)
		}
		if test.pruned.State != search.Pruned || h.Trials[len(h.Trials)-1] != test.pruned {
			t.Errorf("%s: the history was changed", test.name)
		}
	}
}

func TestLevels(t *testing.T) {
	t.Parallel()
	// By the ln of the step, a line with noise: the reports from step 4 on count.
	noisy := []float64{9, 9, 9, 4, 5, 4, 5, 4.5}
	level := 4.6993 // numpy.polyfit(numpy.log([4, 5, 6, 7, 8]), noisy[3:], 1), at ln 8
	last := trial(0, search.Complete, noisy...)
	best := trial(1, search.Complete, append(slices.Clone(noisy), 6)...)
	best.Values = []float64{4.5}
	other := trial(1, search.Complete, noisy...)
	other.Values = []float64{3}
	silent := trial(2, search.Complete, 7)
	silent.Intermediate = nil
	diverged := trial(3, search.Complete, 1, 2, math.NaN())
	for _, test := range []struct {
		name   string
		trials []*search.Trial
		want   []float64
	}{
		{"the last report", []*search.Trial{last}, []float64{level}},
		{"beside one that diverged", []*search.Trial{diverged, last}, []float64{math.NaN(), level}},
		{"another report", []*search.Trial{best}, []float64{level}},
		{"no report", []*search.Trial{last, other}, []float64{4.5, 3}},
		{"one without reports", []*search.Trial{last, silent}, []float64{4.5, 7}},
		{"few reports", []*search.Trial{trial(0, search.Complete, 9, 5, 7, 4)}, []float64{4}},
		{"one report", []*search.Trial{trial(0, search.Complete, 3)}, []float64{3}},
		{"a failed one", []*search.Trial{trial(0, search.Failed, noisy...), last}, []float64{4.5, level}},
	} {
		h := searchtest.NewHistory(search.Minimize)
		h.Trials = test.trials
		w := &watch{}
		if _, err := New(w).Suggest(t.Context(), h, 10, nil, nil); err != nil {
			t.Fatal(err)
		}
		for i, seen := range w.seen.Trials {
			if got := seen.Value(); math.Abs(got-test.want[i]) > 0.005 || math.IsNaN(got) != math.IsNaN(test.want[i]) {
				t.Errorf("%s: the sampler sees %v at trial %d, want %v", test.name, got, i, test.want[i])
			}
		}
		if last.Value() != 4.5 {
			t.Fatalf("%s: the history was changed", test.name)
		}
	}
}

// TestKnowledge: what a sampler keeps from one suggestion for the next changes
// nothing.
func TestKnowledge(t *testing.T) {
	t.Parallel()
	all, old := history(120), &watch{}
	kept := New(old)
	for n := range all.Trials {
		h := &search.History{Trials: all.Trials[:n]}
		fresh := &watch{}
		for _, s := range []*Sampler{kept, New(fresh)} {
			if _, err := s.Suggest(t.Context(), h, n, nil, nil); err != nil {
				t.Fatal(err)
			}
		}
		for i, want := range fresh.seen.Trials {
			if got := old.seen.Trials[i]; got.Value() != want.Value() || got.State != want.State {
				t.Fatalf("after %d trials the sampler sees %v %v at trial %d, a new one %v %v", n, got.State, got.Value(), i, want.State, want.Value())
			}
		}
	}
}
