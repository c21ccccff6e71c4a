// Package searchtest tests samplers: a conformance suite that every sampler
// runs, and objectives with known optima to measure them on.
package searchtest

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// An Objective is a function to be minimized whose optimum is known.
type Objective struct {
	Name    string
	Space   search.Space
	Optimum float64
	// Value takes external parameter values. It is safe for concurrent use.
	Value func(params map[string]any) float64
}

// Objectives returns all objectives of this package.
func Objectives() []Objective {
	return []Objective{Branin(), Hartmann6(), Rosenbrock(8), Mixed()}
}

// Branin is the Branin-Hoo function on its usual square (Dixon & Szegő 1978).
// It has three global minima.
func Branin() Objective {
	return Objective{
		Name: "branin",
		Space: search.Space{
			{Name: "x1", Distribution: search.Float{Low: -5, High: 10}},
			{Name: "x2", Distribution: search.Float{Low: 0, High: 15}},
		},
		Optimum: 0.39788735772973816,
		Value: func(params map[string]any) float64 {
			x, y := params["x1"].(float64), params["x2"].(float64)
			u := y - 5.1/(4*math.Pi*math.Pi)*x*x + 5/math.Pi*x - 6
			return u*u + 10*(1-1/(8*math.Pi))*math.Cos(x) + 10
		},
	}
}

// Hartmann6 is the Hartmann function in six dimensions (Dixon & Szegő 1978).
func Hartmann6() Objective {
	height := [4]float64{1, 1.2, 3, 3.2}
	sharpness := [4][6]float64{
		{10, 3, 17, 3.5, 1.7, 8}, {0.05, 10, 17, 0.1, 8, 14},
		{3, 3.5, 1.7, 10, 17, 8}, {17, 8, 0.05, 10, 0.1, 14},
	}
	centre := [4][6]float64{
		{0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886}, {0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991},
		{0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.6650}, {0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381},
	}
	names := axes(6)
	return Objective{
		Name:    "hartmann6",
		Space:   cube(names, 0, 1),
		Optimum: -3.3223680114155147,
		Value: func(params map[string]any) float64 {
			sum := 0.0
			for i, h := range height {
				exponent := 0.0
				for j, name := range names {
					d := params[name].(float64) - centre[i][j]
					exponent += sharpness[i][j] * d * d
				}
				sum -= h * math.Exp(-exponent)
			}
			return sum
		},
	}
}

// Rosenbrock is the valley of Rosenbrock (1960) in dimensions dimensions, at
// least 2, on [-5, 10].
func Rosenbrock(dimensions int) Objective {
	names := axes(dimensions)
	return Objective{
		Name:  "rosenbrock",
		Space: cube(names, -5, 10),
		Value: func(params map[string]any) float64 {
			sum := 0.0
			for i := range names[1:] {
				x, next := params[names[i]].(float64), params[names[i+1]].(float64)
				sum += 100*(next-x*x)*(next-x*x) + (1-x)*(1-x)
			}
			return sum
		},
	}
}

// Mixed is a made-up tuning problem with every kind of parameter and two
// conditional branches. Its optimum, 0, is sgd at lr 0.01, momentum 0.9, 4
// layers, width 128 and dropout 0.1; the best of adam is 0.1.
func Mixed() Objective {
	sgd := map[string][]any{"optimizer": {"sgd"}}
	adam := map[string][]any{"optimizer": {"adam"}}
	return Objective{
		Name: "mixed",
		Space: search.Space{
			{Name: "optimizer", Distribution: search.Categorical{Choices: []any{"adam", "sgd", "none"}}},
			{Name: "lr", Distribution: search.Float{Low: 1e-5, High: 1, Log: true}},
			{Name: "layers", Distribution: search.Int{Low: 1, High: 8}},
			{Name: "width", Distribution: search.Int{Low: 8, High: 1024, Log: true}},
			{Name: "dropout", Distribution: search.Float{Low: 0, High: 0.5, Step: 0.1}},
			{Name: "momentum", Distribution: search.Float{Low: 0, High: 0.99}, When: sgd},
			{Name: "beta", Distribution: search.Float{Low: 0.5, High: 0.999}, When: adam},
		},
		Value: mixed,
	}
}

func mixed(params map[string]any) float64 {
	square := func(v float64) float64 { return v * v }
	v := 0.3*square(math.Log10(params["lr"].(float64))+2) +
		0.05*square(float64(params["layers"].(int64))-4) +
		0.1*square(math.Log2(float64(params["width"].(int64)))-7) +
		2*square(params["dropout"].(float64)-0.1)
	switch params["optimizer"] {
	case "sgd":
		return v + 3*square(params["momentum"].(float64)-0.9)
	case "adam":
		return v + 0.1 + 3*square(params["beta"].(float64)-0.9)
	}
	return v + 2
}

func axes(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "x" + string(rune('a'+i%26))
		if i >= 26 {
			names[i] += names[i-26][1:]
		}
	}
	return names
}

func cube(names []string, low, high float64) search.Space {
	space := make(search.Space, len(names))
	for i, name := range names {
		space[i] = search.Param{Name: name, Distribution: search.Float{Low: low, High: high}}
	}
	return space
}
