package search_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

func TestDominates(t *testing.T) {
	t.Parallel()
	nan := math.NaN()
	directions := []search.Direction{search.Minimize, search.Maximize}
	for _, test := range []struct {
		a, b []float64
		want bool
	}{
		{[]float64{1, 5}, []float64{2, 5}, true},
		{[]float64{1, 5}, []float64{1, 4}, true},
		{[]float64{1, 5}, []float64{1, 5}, false},
		{[]float64{1, 5}, []float64{0, 4}, false},
		{[]float64{2, 5}, []float64{1, 5}, false},
		{[]float64{1, 5}, []float64{nan, 5}, true},
		{[]float64{nan, 5}, []float64{1, 5}, false},
	} {
		if got := search.Dominates(directions, test.a, test.b); got != test.want {
			t.Errorf("Dominates(%v, %v) = %t", test.a, test.b, got)
		}
	}
}

// The front is what the definition says, on trials drawn from few values.
func TestParetoFront(t *testing.T) {
	t.Parallel()
	directions := []search.Direction{search.Minimize, search.Maximize, search.Minimize}
	rng := rand.New(rand.NewPCG(1, 2))
	for range 50 {
		var trials []*search.Trial
		for i := range 40 {
			values := []float64{float64(rng.IntN(6)), float64(rng.IntN(6)), float64(rng.IntN(6))}
			trials = append(trials, &search.Trial{Number: i, State: search.Complete, Values: values})
		}
		trials = append(trials,
			&search.Trial{Number: 40, State: search.Failed},
			&search.Trial{Number: 41, State: search.Complete, Values: []float64{-1}},
			&search.Trial{Number: 42, State: search.Complete, Values: []float64{-1, 9, math.NaN()}},
			&search.Trial{Number: 43, State: search.Pruned, Values: []float64{-1, 9, -1}})
		var want, got []int
		for _, a := range trials[:40] {
			dominated := false
			for _, b := range trials[:40] {
				dominated = dominated || search.Dominates(directions, b.Values, a.Values)
			}
			if !dominated {
				want = append(want, a.Number)
			}
		}
		for _, f := range search.ParetoFront(directions, trials) {
			got = append(got, f.Number)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the front (-want +got):\n%s", diff)
		}
	}
}

func TestObjectiveSpec(t *testing.T) {
	t.Parallel()
	up, down := search.Maximize, search.Minimize
	for _, test := range []struct {
		name       string
		spec       search.ObjectiveSpec
		metrics    []string
		directions []search.Direction
	}{
		{"one", search.ObjectiveSpec{Metric: "loss"}, []string{"loss"}, []search.Direction{down}},
		{"a list of one", search.ObjectiveSpec{Metrics: []string{"loss"}, Directions: []search.Direction{up}}, []string{"loss"}, []search.Direction{up}},
		{"two", search.ObjectiveSpec{Metrics: []string{"a", "b"}, Directions: []search.Direction{up}}, []string{"a", "b"}, []search.Direction{up, down}},
	} {
		spec := test.spec.Complete()
		if err := spec.Check(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.metrics, spec.AllMetrics()) + cmp.Diff(test.directions, spec.AllDirections()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if spec.Metric != test.metrics[0] || spec.Direction != test.directions[0] || spec.Several() != (len(test.metrics) > 1) {
			t.Errorf("%s: %+v", test.name, spec)
		}
	}
	for name, bad := range map[string]search.ObjectiveSpec{
		"incomplete":  {Metrics: []string{"a", "b"}},
		"other first": {Metric: "b", Direction: down, Metrics: []string{"a", "b"}, Directions: []search.Direction{down, down}},
		"direction":   {Metric: "a", Direction: "up"},
	} {
		if bad.Check() == nil {
			t.Errorf("%s: %+v is in order", name, bad)
		}
	}
}
