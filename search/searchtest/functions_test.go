package searchtest

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

func TestFunctionsReachTheirOptimum(t *testing.T) {
	t.Parallel()
	vector := func(values ...float64) map[string]any {
		params := make(map[string]any)
		for i, name := range axes(len(values)) {
			params[name] = values[i]
		}
		return params
	}
	integers := make(map[string]any)
	for i, name := range axes(8) {
		integers[name] = []int64{3, 7}[i%2]
	}
	choices := map[string]any{"x": 0.3, "n": int64(6)}
	for _, name := range []string{"c0", "c1", "c2", "c3", "c4", "c5", "c6", "c7"} {
		choices[name] = "c"
	}
	trees := map[string]any{
		"model": "trees", "depth": int64(6), "trees": int64(316), "boosting": true, "shrinkage": 0.1, "scaling": "normal",
	}
	const low = -2.903534018185960
	for _, test := range []struct {
		objective Objective
		at        map[string]any
	}{
		{Hartmann3(), vector(0.114589, 0.555649, 0.852547)},
		{Ackley(5), vector(0, 0, 0, 0, 0)},
		{Levy(3), vector(1, 1, 1)},
		{StyblinskiTang(2), vector(low, low)},
		{Choices(), choices},
		{Nested(), trees},
		{Integers(), integers},
	} {
		if err := test.objective.Space.Validate(nil); err != nil {
			t.Errorf("%s: %v", test.objective.Name, err)
		}
		best := test.objective.Value(test.at)
		if math.Abs(best-test.objective.Optimum) > 1e-5 {
			t.Errorf("%s at %v is %.12g, want %.12g", test.objective.Name, test.at, best, test.objective.Optimum)
		}
		rng := search.Rand(1, 0, test.objective.Name)
		for range 2000 {
			params, err := test.objective.Space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
				return search.Uniform(rng, p.Distribution), nil
			})
			if err != nil {
				t.Fatal(err)
			}
			if v := test.objective.Value(NewTrial(0, test.objective.Space, params).External()); v < test.objective.Optimum-1e-9 {
				t.Fatalf("%s is %g, below its optimum %g", test.objective.Name, v, test.objective.Optimum)
			}
		}
	}
}

func TestNoisy(t *testing.T) {
	t.Parallel()
	clean, noisy := Branin(), Noisy(Branin(), 2)
	sum, squares := 0.0, 0.0
	const n = 2000
	for i := range n {
		params := map[string]any{"x1": float64(i%15) - 5, "x2": float64(i) / n * 15}
		d := noisy.Value(params) - clean.Value(params)
		if again := noisy.Value(params) - clean.Value(params); again != d {
			t.Fatalf("the noise at %v is %g and then %g", params, d, again)
		}
		sum, squares = sum+d, squares+d*d
	}
	if mean, sd := sum/n, math.Sqrt(squares/n); math.Abs(mean) > 0.2 || math.Abs(sd-2) > 0.2 {
		t.Errorf("the noise has mean %g and deviation %g, want 0 and 2", mean, sd)
	}
}
