package main

import (
	"fmt"
	"math"
	"sync"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// A landscape is a random smooth function over a finite space: a sum of
// waves over the places of the values. Numbers lie on a line, in the order of
// their values, and choices somewhere in the plane. Some settings matter much
// more than others, as in real trainings.
type landscape struct {
	space search.Space
	waves []wave
	bowl  []float64      // by parameter: how much the distance to its best place costs
	best  []float64      // that place
	place [][][2]float64 // by parameter and value
	index []map[any]int  // of a value
	least func() float64 // the lowest value
	worst func() float64 // the highest value
}

type wave struct {
	height, phase float64
	slope         [][2]float64 // by parameter
}

// newLandscape draws a landscape; ordered says which parameters' values lie
// on a line.
func newLandscape(seed int64, space search.Space, ordered func(j int) bool) *landscape {
	const waves = 40
	rng := search.Rand(seed, 0, "landscape")
	l := &landscape{space: space}
	rough := make([]float64, len(space))
	for j, p := range space {
		n := int(search.Cardinality(p.Distribution))
		places, index := make([][2]float64, n), make(map[any]int, n)
		for k := range n {
			index[p.Distribution.External(search.ValueAt(p.Distribution, int64(k)))] = k
			if ordered(j) {
				places[k][0] = float64(k) / float64(n-1)
			} else {
				places[k] = [2]float64{rng.Float64(), rng.Float64()}
			}
		}
		l.place, l.index = append(l.place, places), append(l.index, index)
		importance := math.Exp(1.2 * rng.NormFloat64())
		rough[j] = 2 * importance
		l.bowl, l.best = append(l.bowl, 2*importance), append(l.best, rng.Float64())
	}
	for range waves {
		w := wave{height: 1.2 * rng.NormFloat64() / math.Sqrt(waves), phase: 2 * math.Pi * rng.Float64()}
		for j := range space {
			w.slope = append(w.slope, [2]float64{rough[j] * rng.NormFloat64(), rough[j] * rng.NormFloat64()})
		}
		l.waves = append(l.waves, w)
	}
	extremes := sync.OnceValues(l.extremes)
	l.least = func() float64 { low, _ := extremes(); return low }
	l.worst = func() float64 { _, high := extremes(); return high }
	return l
}

func (l *landscape) at(digits []int) float64 {
	sum := 0.0
	for j, k := range digits {
		d := l.place[j][k][0] - l.best[j]
		sum += l.bowl[j] * d * d
	}
	for _, w := range l.waves {
		angle := w.phase
		for j, k := range digits {
			p := l.place[j][k]
			angle += w.slope[j][0]*p[0] + w.slope[j][1]*p[1]
		}
		sum += w.height * math.Cos(angle)
	}
	return sum
}

// extremes looks at every configuration.
func (l *landscape) extremes() (lowest, highest float64) {
	lowest, highest = math.Inf(1), math.Inf(-1)
	digits := make([]int, len(l.space))
	for {
		v := l.at(digits)
		lowest, highest = min(lowest, v), max(highest, v)
		j := 0
		for ; j < len(digits); j++ {
			if digits[j]++; digits[j] < len(l.place[j]) {
				break
			}
			digits[j] = 0
		}
		if j == len(digits) {
			return lowest, highest
		}
	}
}

func (l *landscape) digits(params map[string]any) []int {
	digits := make([]int, len(l.space))
	for j, p := range l.space {
		digits[j] = l.index[j][params[p.Name]]
	}
	return digits
}

// objective measures from the lowest value, so that the optimum is 0.
func (l *landscape) objective(name string) searchtest.Objective {
	return searchtest.Objective{Name: name, Space: l.space, Value: func(params map[string]any) float64 {
		return l.at(l.digits(params)) - l.least()
	}}
}

// orderedLandscape has six settings whose choices are rising numbers, as in
// tables of trained networks, and one of names.
func orderedLandscape() searchtest.Objective {
	var space search.Space
	for j := range 6 {
		space = append(space, search.Param{Name: fmt.Sprint("n", j), Distribution: search.Categorical{
			Choices: []any{int64(8), int64(16), int64(32), int64(64), int64(128), int64(256)}[:4+j%3]}})
	}
	space = append(space, search.Param{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b", "c", "d"}}})
	return newLandscape(11, space, func(j int) bool { return j < 6 }).objective("landscape-ordered")
}

// cellLandscape has six choices of five operations, as a table of
// architectures.
func cellLandscape() searchtest.Objective {
	var space search.Space
	for j := range 6 {
		space = append(space, search.Param{Name: fmt.Sprint("edge", j), Distribution: search.Categorical{
			Choices: []any{"none", "skip", "conv1", "conv3", "pool"}}})
	}
	return newLandscape(12, space, func(int) bool { return false }).objective("landscape-cells")
}

// unevenLandscape has ranges and choices. A part of it fails, which counts as
// the worst value, the lowest fiftieth of the span is a plateau, and
// the noise grows with the value.
func unevenLandscape() function {
	space := search.Space{
		{Name: "a", Distribution: search.Int{Low: 1, High: 10}},
		{Name: "b", Distribution: search.Int{Low: 0, High: 60, Step: 5}},
		{Name: "c", Distribution: search.Float{Low: 0, High: 0.9, Step: 0.1}},
		{Name: "d", Distribution: search.Int{Low: 1, High: 9}},
		{Name: "e", Distribution: search.Categorical{Choices: []any{"x", "y", "z"}}},
		{Name: "f", Distribution: search.Categorical{Choices: []any{false, true}}},
	}
	l := newLandscape(13, space, func(j int) bool { return j < 4 })
	clean := l.objective("landscape-uneven")
	f := function{Objective: clean}
	f.measure = func(params map[string]any) float64 {
		span := l.worst() - l.least()
		if d := l.digits(params); d[0]+d[3] > 14 && d[5] == 1 {
			return span
		}
		v := clean.Value(params)
		rng := search.Rand(0, 0, fmt.Sprint(params)) // fmt sorts map keys
		return math.Max(v, 0.02*span) + (0.01*span+0.05*v)*rng.NormFloat64()
	}
	return f
}
