package main

import "github.com/hpsearch/hpsearch/search/searchtest"

// A function is an objective, and how it is measured when there is noise:
// trials are chosen by what is measured and judged by the objective.
type function struct {
	searchtest.Objective
	measure func(params map[string]any) float64
	epochs  func(params map[string]any) int // that a training runs; nil for other functions
}

func plain(o searchtest.Objective) function { return function{Objective: o, measure: o.Value} }

// noisy measures with normal noise of standard deviation sigma.
func noisy(o searchtest.Objective, sigma float64) function {
	measured := searchtest.Noisy(o, sigma)
	o.Name = measured.Name
	return function{Objective: o, measure: measured.Value}
}

// tabled are the functions of the first table.
func tabled() []function {
	return []function{
		plain(searchtest.Branin()), plain(searchtest.Hartmann3()), plain(searchtest.Hartmann6()),
		plain(searchtest.Rosenbrock(8)), plain(searchtest.Ackley(5)), plain(searchtest.Levy(6)),
		plain(searchtest.StyblinskiTang(5)), noisy(searchtest.Branin(), 5), noisy(searchtest.Hartmann6(), 0.2),
		plain(searchtest.Integers()), plain(searchtest.Mixed()), plain(searchtest.Nested()), plain(searchtest.Choices()),
	}
}
