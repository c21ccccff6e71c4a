package terminator

import (
	"errors"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
	"github.com/hpsearch/hpsearch/search/gp"
)

// A judgement is what is known after some trials.
type judgement struct {
	regret float64 // no value is lower than the best one by more than this
	noise  float64 // of a measurement, one standard deviation
	few    bool    // there are too few trials of this space to tell
}

// judge fits a process to trials and their values, of which lower is better.
func judge(space search.Space, fixed map[string]any, trials []*search.Trial, values []float64, rng *rand.Rand) (judgement, error) {
	process, err := gp.NewSurrogate(space, trials, values)
	if errors.Is(err, gp.ErrFewTrials) {
		return judgement{few: true}, nil
	}
	if err != nil {
		return judgement{}, err
	}
	b := bounds{
		Surrogate: process, space: space, fixed: fixed, axes: cube.Axes(space), rng: rng,
		width: math.Sqrt(beta(len(cube.Axes(space)), len(trials))),
	}
	tried := math.Inf(1) // the lowest upper bound of what was tried
	for _, t := range trials {
		mean, sd := process.Predict(t.Params)
		tried = min(tried, mean+b.width*sd)
	}
	lowest, err := b.lowest(trials)
	return judgement{regret: max(0, tried-lowest), noise: process.Noise()}, err
}

// beta is the square of the number of standard deviations that the bounds are
// away from the mean.
func beta(parameters, trials int) float64 {
	n := float64(trials)
	return 2 * math.Log(float64(parameters)*n*n*math.Pi*math.Pi/(6*delta)) / tightened
}

// bounds looks for the lowest bound of the space.
type bounds struct {
	*gp.Surrogate
	space search.Space
	fixed map[string]any
	axes  []cube.Axis
	rng   *rand.Rand
	width float64 // in standard deviations
}

func (b *bounds) lower(params map[string]float64) float64 {
	mean, sd := b.Predict(params)
	return mean - b.width*sd
}

// lowest returns the lowest lower bound that is found: among what was tried,
// at random, and by steps from the best of these.
func (b *bounds) lowest(trials []*search.Trial) (float64, error) {
	lowest, at := math.Inf(1), make([]float64, len(b.axes))
	try := func(params map[string]float64) {
		if v := b.lower(params); v < lowest {
			lowest = v
			for i := range b.axes {
				at[i] = b.rng.Float64() // of a parameter that does not exist
				if internal, ok := params[b.axes[i].Name]; ok {
					at[i] = b.axes[i].Unit(internal)
				}
			}
		}
	}
	for _, t := range trials {
		try(t.Params)
	}
	point := make([]float64, len(b.axes))
	for range samples {
		for i := range point {
			point[i] = b.rng.Float64()
		}
		params, err := cube.Fill(b.space, b.fixed, b.axes, point)
		if err != nil {
			return 0, err
		}
		try(params)
	}
	for k := range steps {
		copy(point, at)
		i := b.rng.IntN(len(point))
		if b.axes[i].Choices > 0 {
			point[i] = b.rng.Float64()
		} else {
			point[i] += 0.2 * math.Pow(1e-3, float64(k)/steps) * b.rng.NormFloat64()
		}
		params, err := cube.Fill(b.space, b.fixed, b.axes, point)
		if err != nil {
			return 0, err
		}
		try(params)
	}
	return lowest, nil
}

// better returns the better half of the trials, at least least and at most
// maxFitted of them, in their order, with their values, of which lower is
// better.
func better(direction search.Direction, trials []*search.Trial, least int) ([]*search.Trial, []float64) {
	order := slices.Clone(trials)
	slices.SortStableFunc(order, func(a, b *search.Trial) int {
		switch {
		case direction.Better(a.Value(), b.Value()):
			return -1
		case direction.Better(b.Value(), a.Value()):
			return 1
		}
		return 0
	})
	n := min(maxFitted, len(order), max(least, int(math.Ceil(best*float64(len(order))))))
	order = order[:n]
	slices.SortFunc(order, func(a, b *search.Trial) int { return a.Number - b.Number })
	values := make([]float64, n)
	for i, t := range order {
		if values[i] = t.Value(); direction == search.Maximize {
			values[i] = -values[i]
		}
	}
	return order, values
}
