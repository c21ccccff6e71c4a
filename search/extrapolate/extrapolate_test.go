package extrapolate

import (
	"context"
	"math"
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
	half := []*search.Trial{trial(0, search.Complete, 4, 2), trial(1, search.Complete, 6, 3), trial(2, search.Complete, 8, 4)}
	for _, test := range []struct {
		name    string
		history []*search.Trial
		pruned  *search.Trial
		want    float64
	}{
		{"on the line", half, trial(3, search.Pruned, 10), 5},
		{"between", half, trial(3, search.Pruned, 7), 3.5},
		{"by way of a later step", append([]*search.Trial{trial(7, search.Pruned, 6, 4), trial(8, search.Pruned, 2, 2), trial(9, search.Pruned, 4, 3)},
			trial(0, search.Complete, 8, 5, 4), trial(1, search.Complete, 4, 3, 2), trial(2, search.Complete, 6, 4, 3)), trial(3, search.Pruned, 10), 5},
		{"too few complete ones", half[:2], trial(3, search.Pruned, 10), 10},
		{"a step that nobody reported", half, trial(3, search.Pruned, 10, 10, 10), 10},
		{"NaN", half, trial(3, search.Pruned, nan), nan},
		{"NaN among the others", append([]*search.Trial{trial(9, search.Complete, nan, 7)}, half...), trial(3, search.Pruned, 10), 5},
		{"a slope above 1", []*search.Trial{trial(0, search.Complete, 1, 2), trial(1, search.Complete, 2, 5), trial(2, search.Complete, 3, 8)}, trial(3, search.Pruned, 5), 8},
		{"a slope below 0", []*search.Trial{trial(0, search.Complete, 1, 3), trial(1, search.Complete, 2, 2), trial(2, search.Complete, 3, 1)}, trial(3, search.Pruned, 9), 2},
		{"equal values", []*search.Trial{trial(0, search.Complete, 1, 3), trial(1, search.Complete, 1, 2), trial(2, search.Complete, 1, 1)}, trial(3, search.Pruned, 9), 2},
	} {
		w := &watch{}
		h := searchtest.NewHistory(search.Minimize)
		h.Trials = append(append(h.Trials, test.history...), test.pruned)
		if _, err := New(w).Suggest(t.Context(), h, 9, nil, nil); err != nil {
			t.Fatal(err)
		}
		seen := w.seen.Trials[len(w.seen.Trials)-1]
		got := seen.Value()
		if math.Abs(got-test.want) > 1e-12 || math.IsNaN(got) != math.IsNaN(test.want) {
			t.Errorf("%s: the sampler sees %v, want %v", test.name, got, test.want)
		}
		if test.pruned.State != search.Pruned || h.Trials[len(h.Trials)-1] != test.pruned {
			t.Errorf("%s: the history was changed", test.name)
		}
	}
}
