package tpe

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestCentre(t *testing.T) {
	t.Parallel()
	g := &group{distributions: []search.Distribution{
		search.Float{Low: 0, High: 10},
		search.Float{Low: 1e-4, High: 1, Log: true},
		search.Int{Low: 0, High: 100, Step: 5},
		search.Categorical{Choices: []any{"a", "b", "c"}},
	}}
	points := [][]float64{{1, 1e-3, 10, 2}, {4, 1e-1, 20, 1}, {4, 1e-1, 35, 1}}
	for _, test := range []struct {
		weights, want []float64
	}{
		{[]float64{1, 1, 1}, []float64{3, math.Pow(10, -5./3), 20, 1}},
		{[]float64{2, 1, 0}, []float64{2, math.Pow(10, -7./3), 15, 2}},
		{[]float64{2, 1, 1}, []float64{2.5, 1e-2, 20, 1}}, // of choices that are equal the first
	} {
		for j, got := range g.centre(points, test.weights) {
			if math.Abs(got-test.want[j]) > 1e-9 {
				t.Errorf("weights %v, parameter %d: %v, want %v", test.weights, j, got, test.want[j])
			}
		}
	}
}

// TestCentreNeedsRunning counts the kernels of the good trials: one more than
// trials and prior while others run.
func TestCentreNeedsRunning(t *testing.T) {
	t.Parallel()
	o := searchtest.Branin()
	for pending, want := range map[int]int{1: 4, 4: 5} {
		h, err := searchtest.Run(newSampler(t, Options{}), o, 30, 1)
		if err != nil {
			t.Fatal(err)
		}
		for number := 30; number < 30+pending-1; number++ {
			params := map[string]float64{"x1": float64(number - 30), "x2": 1}
			h.Trials = append(h.Trials, searchtest.NewTrial(number, o.Space, params))
		}
		for _, ignore := range []bool{false, true} {
			var l ledger
			g := decompose(o.Space)[0]
			g.fit(l.observe(h, len(h.Trials), ignore))
			n := want
			if ignore {
				n = 4
			}
			if len(g.good.weight) != n {
				t.Errorf("%d pending, ignored %t: %d kernels, want %d", pending, ignore, len(g.good.weight), n)
			}
			if w := g.good.weight; n == 5 && math.Abs(w[3]/w[4]-float64(pending-1)) > 1e-9 {
				t.Errorf("the centre weighs %g times the prior, want %d", w[3]/w[4], pending-1)
			}
		}
	}
}

func TestSuffice(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		finished, running, startup int
		want                       bool
	}{
		{10, 0, 10, true}, {9, 0, 10, false}, {5, 5, 10, true}, {4, 9, 10, false}, {6, 3, 10, false}, {0, 7, 1, false}, {1, 0, 1, true},
	} {
		o := observations{finished: test.finished, running: test.running}
		if got := o.suffice(test.startup); got != test.want {
			t.Errorf("%+v: %t", test, got)
		}
	}
}
