package searchtest

import (
	"fmt"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// operations is a sum over five choices among four, whose 1,024 values are
// different.
func operations() Objective {
	const parameters = 5
	space := make(search.Space, parameters)
	for i := range space {
		space[i] = search.Param{Name: fmt.Sprint("op", i), Distribution: search.Categorical{Choices: []any{"a", "b", "c", "d"}}}
	}
	costs := map[any]float64{"a": 0.9, "b": 0, "c": 0.2, "d": 0.5}
	return Objective{Name: "operations", Space: space, Value: func(params map[string]any) float64 {
		sum := 0.0
		for i, p := range space {
			sum += costs[params[p.Name]] * (1 + 0.237*float64(i))
		}
		return sum
	}}
}

// GoesOnBesideTried checks that a sampler goes on beside the best configuration
// of a finite space once that has been tried, and does not fall back on chance:
// in 70 trials it finds at least so many of the best 50, with one and with eight
// trials at a time.
func GoesOnBesideTried(t *testing.T, s search.Sampler, least int) {
	t.Helper()
	o := operations()
	for _, parallel := range []int{1, 8} {
		h, err := Run(s, o, 70, parallel)
		if err != nil {
			t.Fatal(err)
		}
		found, err := amongBest(o, h.Trials, 50)
		if err != nil {
			t.Fatal(err)
		}
		t.Logf("%d pending: %d of the best 50 in %d trials", parallel, found, len(h.Trials))
		if found < least {
			t.Errorf("with %d pending, %d of the best 50 configurations were found in %d trials", parallel, found, len(h.Trials))
		}
	}
}

// amongBest returns how many of the trials have one of the count lowest values
// of a finite objective.
func amongBest(o Objective, trials []*search.Trial, count int) (int, error) {
	var values []float64
	walk := search.NewWalk(o.Space, nil, func(p search.Param, k int64) (v, n float64) {
		return search.ValueAt(p.Distribution, k), search.Cardinality(p.Distribution)
	})
	for {
		params, err := walk.Next()
		if err != nil {
			return 0, err
		}
		if params == nil {
			break
		}
		values = append(values, o.Value(NewTrial(0, o.Space, params).External()))
	}
	slices.Sort(values)
	found := 0
	for _, t := range trials {
		if t.Value() <= values[count-1] {
			found++
		}
	}
	return found, nil
}
