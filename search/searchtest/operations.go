package searchtest

import (
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

// Operations is a sum over five choices among four, whose 1,024 values are
// different.
func Operations() Objective {
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

// AmongBest returns how many of the trials have one of the count lowest values
// of a finite objective.
func AmongBest(o Objective, trials []*search.Trial, count int) (int, error) {
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
