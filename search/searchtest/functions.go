package searchtest

import (
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// Hartmann3 is the Hartmann function in three dimensions (Dixon & Szegő 1978).
func Hartmann3() Objective {
	height := [4]float64{1, 1.2, 3, 3.2}
	sharpness := [4][3]float64{{3, 10, 30}, {0.1, 10, 35}, {3, 10, 30}, {0.1, 10, 35}}
	centre := [4][3]float64{
		{0.3689, 0.1170, 0.2673}, {0.4699, 0.4387, 0.7470}, {0.1091, 0.8732, 0.5547}, {0.0381, 0.5743, 0.8828},
	}
	o := vectorObjective("hartmann3", 3, 0, 1, func(x []float64) float64 {
		sum := 0.0
		for i, h := range height {
			exponent := 0.0
			for j, v := range x {
				exponent += sharpness[i][j] * (v - centre[i][j]) * (v - centre[i][j])
			}
			sum -= h * math.Exp(-exponent)
		}
		return sum
	})
	o.Optimum = -3.8627797869493365
	return o
}

// Ackley is the function of Ackley (1987), with many local minima around a
// narrow global one, 0 at the origin. The range is not symmetric, so that the
// middle is not the answer.
func Ackley(dimensions int) Objective {
	return vectorObjective("ackley", dimensions, -15, 30, func(x []float64) float64 {
		squares, cosines, n := 0.0, 0.0, float64(len(x))
		for _, v := range x {
			squares += v * v
			cosines += math.Cos(2 * math.Pi * v)
		}
		return 20 + math.E - 20*math.Exp(-0.2*math.Sqrt(squares/n)) - math.Exp(cosines/n)
	})
}

// Levy is the function of Levy & Montalvo (1985); its minimum is 0, where all
// coordinates are 1.
func Levy(dimensions int) Objective {
	return vectorObjective("levy", dimensions, -10, 10, func(x []float64) float64 {
		w := func(i int) float64 { return 1 + (x[i]-1)/4 }
		last := len(x) - 1
		sum := math.Pow(math.Sin(math.Pi*w(0)), 2)
		for i := range last {
			sum += math.Pow(w(i)-1, 2) * (1 + 10*math.Pow(math.Sin(math.Pi*w(i)+1), 2))
		}
		return sum + math.Pow(w(last)-1, 2)*(1+math.Pow(math.Sin(2*math.Pi*w(last)), 2))
	})
}

// StyblinskiTang is the function of Styblinski & Tang (1990), with 2^d minima.
func StyblinskiTang(dimensions int) Objective {
	o := vectorObjective("styblinski-tang", dimensions, -5, 5, func(x []float64) float64 {
		sum := 0.0
		for _, v := range x {
			sum += v*v*v*v - 16*v*v + 5*v
		}
		return sum / 2
	})
	o.Optimum = -39.16616570377142 * float64(dimensions)
	return o
}

// vectorObjective is a function of real parameters with one range.
func vectorObjective(name string, dimensions int, low, high float64, f func(x []float64) float64) Objective {
	names := axes(dimensions)
	return Objective{
		Name:  name,
		Space: cube(names, low, high),
		Value: func(params map[string]any) float64 {
			x := make([]float64, len(names))
			for i, n := range names {
				x[i] = params[n].(float64)
			}
			return f(x)
		},
	}
}

// Choices is made up of eight choices of four or five each, some of which
// only pay together, and two numbers. Its optimum is 0: every choice c, and
// both numbers at 0.3 and 6.
func Choices() Objective {
	letters := []any{"a", "b", "c", "d", "e"}
	cost := [5]float64{1.5, 0.6, 0, 0.9, 2}
	names := make([]string, 8)
	space := make(search.Space, 0, len(names)+2)
	for i := range names {
		names[i] = fmt.Sprintf("c%d", i)
		space = append(space, search.Param{Name: names[i], Distribution: search.Categorical{Choices: letters[:4+i%2]}})
	}
	space = append(space,
		search.Param{Name: "x", Distribution: search.Float{Low: 0, High: 1}},
		search.Param{Name: "n", Distribution: search.Int{Low: 1, High: 20}})
	return Objective{
		Name: "choices", Space: space,
		Value: func(params map[string]any) float64 {
			sum, previous := 0.0, false
			for i, name := range names {
				letter := params[name].(string)
				sum += cost[letter[0]-'a'] * (1 + 0.2*float64(i))
				// Neighbours that disagree cost something of their own.
				if right := letter == "c"; i > 0 && right != previous {
					sum += 0.4
				}
				previous = params[name] == "c"
			}
			x, n := params["x"].(float64), float64(params["n"].(int64))
			return sum + 8*(x-0.3)*(x-0.3) + 0.02*(n-6)*(n-6)
		},
	}
}

// Nested is a made-up model selection: a family of models, and in one of them
// another choice below it, each with parameters of its own. Its optimum is 0,
// in the boosted trees.
func Nested() Objective {
	when := func(name string, values ...any) map[string][]any { return map[string][]any{name: values} }
	return Objective{
		Name: "nested",
		Space: search.Space{
			{Name: "model", Distribution: search.Categorical{Choices: []any{"svm", "trees", "net"}}},
			{Name: "c", Distribution: search.Float{Low: 1e-3, High: 1e3, Log: true}, When: when("model", "svm")},
			{Name: "gamma", Distribution: search.Float{Low: 1e-4, High: 10, Log: true}, When: when("model", "svm")},
			{Name: "depth", Distribution: search.Int{Low: 1, High: 16}, When: when("model", "trees")},
			{Name: "trees", Distribution: search.Int{Low: 10, High: 1000, Log: true}, When: when("model", "trees")},
			{Name: "boosting", Distribution: search.Categorical{Choices: []any{false, true}}, When: when("model", "trees")},
			{Name: "shrinkage", Distribution: search.Float{Low: 1e-3, High: 1, Log: true}, When: when("boosting", true)},
			{Name: "layers", Distribution: search.Int{Low: 1, High: 5}, When: when("model", "net")},
			{Name: "lr", Distribution: search.Float{Low: 1e-5, High: 1, Log: true}, When: when("model", "net")},
			{Name: "dropout", Distribution: search.Float{Low: 0, High: 0.8, Step: 0.1}, When: when("model", "net")},
			{Name: "scaling", Distribution: search.Categorical{Choices: []any{"none", "unit", "normal"}}},
		},
		Value: nested,
	}
}

func nested(params map[string]any) float64 {
	square := func(v float64) float64 { return v * v }
	decades := func(name string, at float64) float64 { return square(math.Log10(params[name].(float64)) - at) }
	scaling := map[any]float64{"none": 0.3, "unit": 0.1, "normal": 0}[params["scaling"]]
	switch params["model"] {
	case "svm":
		return 0.4 + scaling + 0.1*decades("c", 1) + 0.2*decades("gamma", -2)
	case "net":
		return 0.15 + scaling + 0.15*decades("lr", -3) + 0.05*square(float64(params["layers"].(int64))-3) + square(params["dropout"].(float64)-0.3)
	}
	v := 0.3*scaling + 0.01*square(float64(params["depth"].(int64))-6) + 0.2*square(math.Log10(float64(params["trees"].(int64)))-2.5)
	if params["boosting"] == true {
		return v + 0.5*decades("shrinkage", -1)
	}
	return v + 0.25
}

// Integers is a rotated quadratic bowl on eight integers, 0 at 3, 7, 3, 7, ….
func Integers() Objective {
	names := axes(8)
	space := make(search.Space, len(names))
	for i, name := range names {
		space[i] = search.Param{Name: name, Distribution: search.Int{Low: 0, High: 12}}
	}
	return Objective{
		Name: "integers", Space: space,
		Value: func(params map[string]any) float64 {
			sum, total := 0.0, 0.0
			for i, name := range names {
				d := float64(params[name].(int64)) - []float64{3, 7}[i%2]
				total += d
				sum += float64(1+i%4) * d * d
			}
			return sum + 0.5*total*total
		},
	}
}

// Noisy adds normal noise to an objective. The noise is drawn from the
// parameters, so that a run can be repeated; a configuration has the same
// noise always.
func Noisy(o Objective, sigma float64) Objective {
	clean := o.Value
	o.Name = "noisy-" + o.Name
	o.Value = func(params map[string]any) float64 {
		key := fmt.Sprint(params) // fmt sorts map keys
		return clean(params) + sigma*search.Rand(0, 0, key).NormFloat64()
	}
	return o
}
