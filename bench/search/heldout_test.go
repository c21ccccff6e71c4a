package main

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// The optima that distances are measured from are the values at the known
// minima, and nothing that is drawn at random lies below them.
func TestOptima(t *testing.T) {
	t.Parallel()
	held, err := heldOut()
	if err != nil {
		t.Fatal(err)
	}
	dixon := make([]float64, 6)
	for i := range dixon {
		dixon[i] = math.Pow(2, -(math.Pow(2, float64(i+1))-2)/math.Pow(2, float64(i+1)))
	}
	minima := map[string][]float64{
		"griewank": make([]float64, 6), "rastrigin": make([]float64, 5), "powell": make([]float64, 8),
		"schwefel": {420.968746, 420.968746, 420.968746, 420.968746}, "goldstein-price": {0, -1},
		"camel": {0.0898420131, -0.7126564030}, "dixon-price": dixon, "trid": {6, 10, 12, 12, 10, 6},
		"michalewicz": {2.202906, 1.570796, 1.284992, 1.923058, 1.720470},
	}
	for _, f := range append(held, tabled()...) {
		if x, ok := minima[f.Name]; ok {
			params := make(map[string]any, len(x))
			for i, p := range f.Space {
				params[p.Name] = x[i]
			}
			if v := f.Value(params); math.Abs(v-f.Optimum) > 1e-5 {
				t.Errorf("%s: %v at the minimum, the optimum is %v", f.Name, v, f.Optimum)
			}
			delete(minima, f.Name)
		}
		for number := range 200 {
			trial, err := randomTrial(search.Rand(1, number, "optima"), number, f.Space)
			if err != nil {
				t.Fatalf("%s: %v", f.Name, err)
			}
			if v := f.Value(trial.External()); !(v >= f.Optimum-1e-9) {
				t.Errorf("%s: %v is below the optimum %v", f.Name, v, f.Optimum)
			}
			if v := f.measure(trial.External()); math.IsNaN(v) || v != f.measure(trial.External()) {
				t.Errorf("%s: measured as %v, and again as something else", f.Name, v)
			}
		}
	}
	if len(minima) > 0 {
		t.Errorf("functions that there are not: %v", minima)
	}
}
