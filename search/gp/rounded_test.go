package gp

import (
	"fmt"
	"math"
	"reflect"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// observed returns data with a COMPLETE trial of each value, at points of one
// number and one choice.
func observed(points [][]float64, values []float64) *data {
	d := &data{x: points, y: values}
	for i, v := range values {
		d.trials = append(d.trials, &search.Trial{Number: i, State: search.Complete, Values: []float64{v}})
	}
	return d
}

func TestRoundings(t *testing.T) {
	t.Parallel()
	l := layout{choice: []bool{false, true}}
	h := &hyper{weight: []float64{4, 1}, scale: 1, noise: 1e-4} // a length of a half
	tests := []struct {
		name   string
		points [][]float64
		values []float64
		known  []interval // nil: nothing is rounded
	}{
		{"all differ", [][]float64{{0.1, 0}, {0.2, 0}, {0.9, 0}, {1, 0}}, []float64{1, 2, 3, 4}, nil},
		{"one box", [][]float64{{0.1, 0}, {0.2, 0}, {0.9, 0}, {1, 0}}, []float64{1, 1, 3, 4}, []interval{{0.1, 0.2}}},
		{"two boxes", [][]float64{{0.1, 0}, {0.5, 0}, {0.2, 0}, {0.6, 0}, {1, 0}, {1, 1}, {0.9, 0}, {0.8, 0}},
			[]float64{1, 2, 1, 2, 5, 6, 7, 8}, []interval{{0.1, 0.2}, {0.5, 0.6}}},
		{"boxes of two choices are one", [][]float64{{0.1, 0}, {0.2, 0}, {0.15, 1}, {0.3, 1}, {1, 0}, {1, 1}, {0.9, 0}, {0.8, 0}},
			[]float64{1, 1, 2, 2, 5, 6, 7, 8}, []interval{{0.1, 0.3}}},
		{"another result between", [][]float64{{0.1, 0}, {0.2, 0}, {0.15, 0}, {1, 0}}, []float64{1, 1, 2, 4}, []interval{}},
		{"only the worse half", [][]float64{{0.1, 0}, {0.2, 0}, {0.9, 0}, {1, 0}}, []float64{1, 2, 3, 3}, nil},
		{"equal by chance", [][]float64{{0, 0}, {0.1, 0}, {1, 0}, {0.5, 0}}, []float64{1, 1, 1, 4}, nil},
		{"equal for two choices", [][]float64{{0.1, 0}, {0.2, 1}, {0.9, 0}, {1, 0}}, []float64{1, 1, 3, 4}, nil},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := newRoundings(l, observed(test.points, test.values), h)
			if test.known == nil {
				if r != nil {
					t.Errorf("the intervals are %v, nothing is rounded", r.known)
				}
				return
			}
			if r == nil {
				t.Fatal("nothing is known")
			}
			if got := append([]interval{}, r.known[0]...); !reflect.DeepEqual(got, test.known) {
				t.Errorf("the intervals are %v instead of %v", got, test.known)
			}
		})
	}
}

func TestChanceOfANewBox(t *testing.T) {
	t.Parallel()
	l := layout{choice: []bool{false, true}}
	h := &hyper{weight: []float64{4, 1}, scale: 1, noise: 1e-4}
	d := observed([][]float64{{0.1, 0}, {0.2, 0}, {0.9, 1}, {1, 1}}, []float64{1, 1, 3, 4})
	d.pending = [][]float64{{0.6, 0}}
	r := newRoundings(l, d, h)
	tests := []struct {
		x    []float64
		want float64
	}{
		{[]float64{0.13, 0}, 0},                       // between equal ones
		{[]float64{0.25, 0}, 1 - math.Exp(-0.5)},      // half an interval away
		{[]float64{0.05, 0}, 1 - math.Exp(-0.5)},      // on the other side
		{[]float64{0.6, 0}, 0},                        // pending
		{[]float64{0.13, 1}, 1},                       // another choice
		{[]float64{0.15, noChoice}, 1},                // none
		{[]float64{0.4, 0}, 1 - math.Exp(-2)},         // as far from both
		{[]float64{0.8, 1}, 1 - math.Exp(-1)},         // one interval away
		{[]float64{0.0, 1}, 1},                        // far
		{[]float64{0.05, 1}, 1},                       // far, but for an interval
		{[]float64{0.9 - 0.05, 1}, 1 - math.Exp(-.5)}, // half an interval
	}
	for _, test := range tests {
		if got := r.chance(test.x); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("chance at %v: %v instead of %v", test.x, got, test.want)
		}
	}
}

// rounded is an objective that rounds its numbers in [0, 1] to a sixth.
func rounded(o searchtest.Objective) searchtest.Objective {
	value := o.Value
	o.Value = func(params map[string]any) float64 {
		near := make(map[string]any, len(params))
		for name, v := range params {
			near[name] = sixth(v.(float64)) / 6
		}
		return value(near)
	}
	return o
}

func sixth(v float64) float64 { return math.Round(6 * v) }

// Where the objective rounds, fewer trials repeat others: 68 do when that is not
// looked at.
func TestSeldomRepeatsWhatIsRounded(t *testing.T) {
	t.Parallel()
	repeats := 0
	for seed := range int64(4) {
		h, err := searchtest.Run(newSampler(t, Options{Seed: seed}), rounded(searchtest.Hartmann6()), 60, 1)
		if err != nil {
			t.Fatal(err)
		}
		seen := make(map[string]bool)
		for _, trial := range h.Trials {
			box := make(map[string]float64)
			for name, v := range trial.Params {
				box[name] = sixth(v)
			}
			if key := fmt.Sprint(box); seen[key] { // fmt sorts map keys
				repeats++
			} else {
				seen[key] = true
			}
		}
	}
	t.Logf("%d of 240 trials repeat others", repeats)
	if repeats > 55 {
		t.Errorf("%d of 240 trials repeat others", repeats)
	}
}
