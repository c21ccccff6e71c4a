package searchtest

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

func TestHypervolume(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		points    [][]float64
		reference []float64
		want      float64
	}{
		{nil, []float64{1, 1}, 0},
		{[][]float64{{0.25}, {0.5}}, []float64{1}, 0.75},
		{[][]float64{{0, 0}}, []float64{2, 3}, 6},
		{[][]float64{{0, 1}, {1, 0}, {1, 1}, {3, 0}}, []float64{2, 2}, 3},
		{[][]float64{{0, 1}, {0, 1}}, []float64{2, 2}, 2},
		{[][]float64{{0, 0, 1}, {1, 1, 0}}, []float64{2, 2, 2}, 5},
	} {
		if got := Hypervolume(test.points, test.reference); math.Abs(got-test.want) > 1e-12 {
			t.Errorf("Hypervolume(%v, %v) = %g, want %g", test.points, test.reference, got, test.want)
		}
	}
}

// Points on the front come to the volume that a tradeoff states, and no point
// lies beyond it.
func TestTradeoffs(t *testing.T) {
	t.Parallel()
	for _, tradeoff := range Tradeoffs() {
		if err := tradeoff.Space.Validate(nil); err != nil {
			t.Errorf("%s: %v", tradeoff.Name, err)
		}
		rng := search.Rand(1, 0, tradeoff.Name)
		h := NewHistory(search.Minimize)
		for number := range 1500 {
			params, err := tradeoff.Space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
				return search.Uniform(rng, p.Distribution), nil
			})
			if err != nil {
				t.Fatal(err)
			}
			optimal(tradeoff.Name, params)
			h.Trials = append(h.Trials, NewTrial(number, tradeoff.Space, params))
			tradeoff.complete(h, number)
		}
		least := 0.95 // of as many points on the front
		if tradeoff.Name == "mixed" {
			least = 0.7 // whose front is not known
		}
		if share := tradeoff.Share(search.ParetoFront(tradeoff.directions(), h.Trials)); share < least || share > 1 {
			t.Errorf("%s: the front comes to %.4f of its volume", tradeoff.Name, share)
		}
	}
}

// optimal moves parameters to the front where it is known.
func optimal(name string, params map[string]float64) {
	value, free := 0.0, 1 // of the parameters that are at their best, and how many are not
	switch name {
	case "mixed":
		return
	case "dtlz2":
		value, free = 0.5, 2
	}
	for i, x := range numbered(len(params)) {
		if i >= free {
			params[x] = value
		}
	}
}
