package main

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
	"github.com/hpsearch/hpsearch/search/searchtest/nets"
)

// heldOut are functions that the constants of the samplers were not chosen on:
// well known ones, random landscapes over choices and steps, and real
// trainings. Three rules were, after they had been the same on the other ones:
// tpe's weight of running trials, that gp takes ascending numbers among choices
// as numbers, and what it does where an objective rounds.
func heldOut() ([]function, error) {
	list := []function{
		plain(reals("griewank", 6, -300, 600, 0, griewank)),
		plain(reals("michalewicz", 5, 0, math.Pi, -4.687658179088, michalewicz)),
		plain(reals("schwefel", 4, -500, 500, 0, schwefel)),
		plain(reals("rastrigin", 5, -4, 5.12, 0, rastrigin)),
		plain(reals("goldstein-price", 2, -2, 2, 3, goldsteinPrice)),
		plain(reals("camel", 2, -3, 3, -1.031628453489877, camel)),
		plain(reals("dixon-price", 6, -10, 10, 0, dixonPrice)),
		plain(reals("powell", 8, -4, 5, 0, powell)),
		plain(reals("trid", 6, -36, 36, -50, trid)),
		noisy(reals("goldstein-price", 2, -2, 2, 3, goldsteinPrice), 20),
		noisy(reals("trid", 6, -36, 36, -50, trid), 30),
		plain(orderedLandscape()), plain(cellLandscape()), unevenLandscape(),
	}
	for _, name := range nets.Names() {
		table, err := nets.Load(name)
		if err != nil {
			return nil, err
		}
		list = append(list,
			plain(table.Objective("net-"+name+"-choices", table.Choices())),
			plain(table.Objective("net-"+name+"-ranges", table.Ranges())))
	}
	return list, nil
}

// reals is a function of real parameters with one range.
func reals(name string, dimensions int, low, high, optimum float64, f func(x []float64) float64) searchtest.Objective {
	names := make([]string, dimensions)
	space := make(search.Space, dimensions)
	for i := range names {
		names[i] = "x" + string(rune('a'+i))
		space[i] = search.Param{Name: names[i], Distribution: search.Float{Low: low, High: high}}
	}
	return searchtest.Objective{Name: name, Space: space, Optimum: optimum, Value: func(params map[string]any) float64 {
		x := make([]float64, dimensions)
		for i, n := range names {
			x[i] = params[n].(float64)
		}
		return f(x)
	}}
}

// The formulas and optima are those of S. Surjanovic, D. Bingham, "Virtual
// Library of Simulation Experiments", https://www.sfu.ca/~ssurjano. Ranges
// with the optimum in the middle were made uneven.

func griewank(x []float64) float64 {
	sum, product := 0.0, 1.0
	for i, v := range x {
		sum += v * v / 4000
		product *= math.Cos(v / math.Sqrt(float64(i+1)))
	}
	return sum - product + 1
}

func michalewicz(x []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum -= math.Sin(v) * math.Pow(math.Sin(float64(i+1)*v*v/math.Pi), 20)
	}
	return sum
}

func schwefel(x []float64) float64 {
	sum := 418.9828872724338 * float64(len(x))
	for _, v := range x {
		sum -= v * math.Sin(math.Sqrt(math.Abs(v)))
	}
	return sum
}

func rastrigin(x []float64) float64 {
	sum := 10 * float64(len(x))
	for _, v := range x {
		sum += v*v - 10*math.Cos(2*math.Pi*v)
	}
	return sum
}

func goldsteinPrice(x []float64) float64 {
	a, b := x[0], x[1]
	s, d := a+b+1, 2*a-3*b
	return (1 + s*s*(19-14*a+3*a*a-14*b+6*a*b+3*b*b)) * (30 + d*d*(18-32*a+12*a*a+48*b-36*a*b+27*b*b))
}

func camel(x []float64) float64 {
	a, b := x[0]*x[0], x[1]*x[1]
	return (4-2.1*a+a*a/3)*a + x[0]*x[1] + (4*b-4)*b
}

func dixonPrice(x []float64) float64 {
	sum := (x[0] - 1) * (x[0] - 1)
	for i := 1; i < len(x); i++ {
		d := 2*x[i]*x[i] - x[i-1]
		sum += float64(i+1) * d * d
	}
	return sum
}

func powell(x []float64) float64 {
	sum := 0.0
	for i := 0; i+3 < len(x); i += 4 {
		a, b, c, d := x[i], x[i+1], x[i+2], x[i+3]
		sum += (a+10*b)*(a+10*b) + 5*(c-d)*(c-d) + math.Pow(b-2*c, 4) + 10*math.Pow(a-d, 4)
	}
	return sum
}

func trid(x []float64) float64 {
	sum := 0.0
	for i, v := range x {
		sum += (v - 1) * (v - 1)
		if i > 0 {
			sum -= v * x[i-1]
		}
	}
	return sum
}
