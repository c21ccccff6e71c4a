package extrapolate

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestRepeated(t *testing.T) {
	t.Parallel()
	fine := []*search.Trial{
		trial(0, search.Complete, 0.91, 0.72, 0.63, 0.61), trial(1, search.Complete, 0.95, 0.83, 0.71, 0.70),
		trial(2, search.Complete, 0.88, 0.64, 0.52, 0.49), trial(3, search.Complete, 0.99, 0.97, 0.93, 0.90),
	}
	// Any two agree on half of their reports.
	coarse := []*search.Trial{
		trial(0, search.Complete, 1, 2, 3, 1, 2, 3), trial(1, search.Complete, 1, 3, 3, 2, 1, 3),
		trial(2, search.Complete, 1, 2, 1, 1, 2, 1), trial(3, search.Complete, 2, 2, 3, 1, 1, 3),
	}
	for _, test := range []struct {
		name     string
		complete []*search.Trial
		curve    []float64
		want     int // number of a trial; -1: none
	}{
		{"the same", fine, []float64{0.88, 0.64, 0.52}, 2},
		{"to the end", fine, []float64{0.88, 0.64, 0.52, 0.49}, 2},
		{"few reports", fine, []float64{0.88, 0.64}, -1},
		{"the last bit", fine, []float64{0.88, 0.64, math.Nextafter(0.52, 1)}, -1},
		{"longer", fine, []float64{0.88, 0.64, 0.52, 0.49, 0.48}, -1},
		{"NaN", append([]*search.Trial{trial(8, search.Complete, 0.9, math.NaN(), 0.8, 0.7)}, fine...), []float64{0.9, math.NaN(), 0.8}, -1},
		{"one to compare with", fine[2:3], []float64{0.88, 0.64, 0.52}, -1},
		{"a plateau", append([]*search.Trial{trial(8, search.Complete, 1, 1, 1, 0.5)}, fine...), []float64{1, 1, 1}, -1},
		{"after the plateau", append([]*search.Trial{trial(8, search.Complete, 1, 1, 0.9, 0.5)}, fine...), []float64{1, 1, 0.9, 0.5}, 8},
		{"few values", coarse, []float64{1, 3, 3, 2}, -1},
		{"one that was pruned", []*search.Trial{fine[0], fine[1], trial(2, search.Pruned, 0.88, 0.64, 0.52, 0.49), fine[3]}, []float64{0.88, 0.64, 0.52}, -1},
	} {
		h := searchtest.NewHistory(search.Minimize)
		h.Trials = test.complete
		got := -1
		if same := Repeated(h, trial(9, search.Running, test.curve...)); same != nil {
			got = same.Number
		}
		if got != test.want {
			t.Errorf("%s: repeats trial %d, want %d", test.name, got, test.want)
		}
	}
}

// Trials that share values by chance are hardly ever called repetitions, however
// few values there are; those that are repetitions are, sooner or later.
func TestRepeatedByChance(t *testing.T) {
	t.Parallel()
	const reports, trials, studies = 12, 20, 300
	for _, values := range []int{2, 5, 20, 100} {
		rng := rand.New(rand.NewPCG(1, uint64(values)))
		wrongly, found := 0, 0
		for range studies {
			h := searchtest.NewHistory(search.Minimize)
			curve := func() []float64 {
				list := make([]float64, reports)
				for i := range list {
					list[i] = float64(rng.IntN(values)) / float64(values)
				}
				return list
			}
			for n := range trials {
				h.Trials = append(h.Trials, trial(n, search.Complete, curve()...))
			}
			stranger, double := curve(), make([]float64, reports)
			for i, r := range h.Trials[rng.IntN(trials)].Intermediate {
				double[i] = r.Value
			}
			ended := func(curve []float64) bool {
				for n := 1; n < reports; n++ {
					if Repeated(h, trial(trials, search.Running, curve[:n]...)) != nil {
						return true
					}
				}
				return false
			}
			if ended(stranger) {
				wrongly++
			}
			if ended(double) {
				found++
			}
		}
		if rate := float64(wrongly) / studies; rate > 0.02 {
			t.Errorf("%d values: %.3f of the trials seem to repeat one", values, rate)
		}
		if values >= 20 && found < studies*9/10 {
			t.Errorf("%d values: %d of %d repetitions were found", values, found, studies)
		}
	}
}

// What a PRUNED repetition would have come to is known, not predicted.
func TestValueOfRepetition(t *testing.T) {
	t.Parallel()
	h := searchtest.NewHistory(search.Minimize)
	for n := range 8 {
		var curve []float64
		for step := 1; step <= 10; step++ {
			curve = append(curve, 1/float64(step)+0.1*float64(n)+0.013*float64((n*step)%5))
		}
		h.Trials = append(h.Trials, trial(n, search.Complete, curve...))
	}
	short := *h.Trials[3]
	short.Number, short.State, short.Intermediate = 8, search.Pruned, short.Intermediate[:3]
	short.Values = []float64{short.Intermediate[2].Value}
	h.Trials = append(h.Trials, &short)
	w := &watch{}
	if _, err := New(w).Suggest(t.Context(), h, 9, nil, nil); err != nil {
		t.Fatal(err)
	}
	if of, got := w.seen.Trials[3].Value(), w.seen.Trials[8].Value(); got != of || w.seen.Trials[8].State != search.Complete {
		t.Errorf("a repetition is taken for %v, what it repeats for %v", got, of)
	}
}
