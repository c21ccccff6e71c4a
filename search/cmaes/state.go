package cmaes

import (
	"cmp"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/c-bata/goptuna/cmaes"
	"gonum.org/v1/gonum/mat"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// A member is a finished trial as a point of the unit cube.
type member struct {
	point  []float64 // NaN where the parameter is inactive
	value  float64   // lower is better; +Inf when nothing good is known
	number int
}

// collect returns the finished trials other than number that fit the space.
// PRUNED trials and those that failed because of their configuration take
// part as the worst of their generation.
func collect(h *search.History, number int, axes []cube.Axis) []member {
	sign := 1.0
	if h.Study != nil && h.Study.Direction() == search.Maximize {
		sign = -1
	}
	var members []member
	for _, t := range h.Trials {
		if t.Number == number || t.State != search.Complete && t.State != search.Pruned && !t.ConfigFailed() || !cube.Fits(axes, t) {
			continue
		}
		m := member{point: make([]float64, len(axes)), value: math.Inf(1), number: t.Number}
		if v := sign * t.Value(); t.State == search.Complete && !math.IsNaN(v) {
			m.value = max(-math.MaxFloat64, v)
		}
		for j := range axes {
			m.point[j] = math.NaN()
			if v, ok := t.Params[axes[j].Name]; ok {
				m.point[j] = axes[j].Unit(v)
			}
		}
		members = append(members, m)
	}
	return members
}

// state is the strategy after a number of generations.
type state struct {
	axes       []cube.Axis
	ordered    []int    // the axes that the strategy moves along
	members    []member // the best quarter of all
	optimizer  *cmaes.Optimizer
	population int
	rng        *rand.Rand
}

const (
	firstSigma   = 0.2  // of the unit cube, around the best startup trial
	restartSigma = 0.3  // around a random point
	converged    = 1e-4 // spread of a generation at which it is restarted
)

// replay tells the optimizer about all whole generations.
func (s *Sampler) replay(axes []cube.Axis, members []member, number int) (*state, error) {
	st := &state{axes: axes, rng: search.Rand(s.options.Seed, number, "cmaes")}
	for j := range axes {
		if axes[j].Choices == 0 {
			st.ordered = append(st.ordered, j)
		}
	}
	startup := min(len(members), s.options.StartupTrials)
	best := slices.MinFunc(members[:startup], func(a, b member) int {
		return cmp.Or(cmp.Compare(a.value, b.value), a.number-b.number)
	})
	defer func() { st.members = better(members) }()
	if len(st.ordered) == 0 {
		return st, nil
	}
	st.population = s.options.Population
	if st.population == 0 {
		st.population = 4 + int(3*math.Log(float64(len(st.ordered))))
	}
	mean := make([]float64, len(st.ordered))
	for k, j := range st.ordered {
		mean[k] = known(best.point[j], 0.5)
	}
	if err := st.restart(mean, firstSigma); err != nil {
		return nil, err
	}
	restarts := 0
	for rest := members[startup:]; len(rest) >= st.population; {
		generation := rest[:st.population]
		rest = rest[st.population:]
		if !st.tell(generation) {
			continue
		}
		restarts++
		st.population *= 2
		from := search.Rand(s.options.Seed, restarts, "cmaes/restart")
		for k := range mean {
			mean[k] = from.Float64()
		}
		if err := st.restart(mean, restartSigma); err != nil {
			return nil, err
		}
	}
	return st, nil
}

// restart begins with a new distribution. The optimizer's own generator is
// used by Ask alone, after all generations have been told.
func (st *state) restart(mean []float64, sigma float64) error {
	d := len(mean)
	bounds := mat.NewDense(d, 2, nil)
	for k := range d {
		bounds.Set(k, 1, 1)
	}
	var err error
	st.optimizer, err = cmaes.NewOptimizer(slices.Clone(mean), sigma,
		cmaes.OptimizerOptionPopulationSize(st.population),
		cmaes.OptimizerOptionSeed(st.rng.Int64()),
		cmaes.OptimizerOptionBounds(bounds))
	if err != nil {
		return fmt.Errorf("cmaes: %w", err)
	}
	return nil
}

// tell ends a generation and reports whether the strategy has to begin anew:
// it has converged, or its covariance has become singular, as it may by trials
// that it did not suggest itself (enqueued ones, a warm start). An inactive
// coordinate is taken to be the mean of the generation's active ones, which
// leaves the distribution where it is.
func (st *state) tell(generation []member) bool {
	solutions := make([]*cmaes.Solution, len(generation))
	for i := range solutions {
		solutions[i] = &cmaes.Solution{Params: make([]float64, len(st.ordered)), Value: generation[i].value}
	}
	spread := 0.0
	for k, j := range st.ordered {
		sum, count, low, high := 0.0, 0.0, 1.0, 0.0
		for _, m := range generation {
			if v := m.point[j]; !math.IsNaN(v) {
				sum, count, low, high = sum+v, count+1, min(low, v), max(high, v)
			}
		}
		mean := 0.5
		if count > 0 {
			mean = sum / count
			spread = max(spread, high-low)
		}
		for i, m := range generation {
			solutions[i].Params[k] = known(m.point[j], mean)
		}
	}
	err := st.optimizer.Tell(solutions)
	return err != nil || spread < converged || st.optimizer.ShouldStop()
}

// sample draws a point of the unit cube.
func (st *state) sample() ([]float64, error) {
	point := make([]float64, len(st.axes))
	if st.optimizer != nil {
		x, err := st.optimizer.Ask()
		if err != nil {
			return nil, fmt.Errorf("cmaes: %w", err)
		}
		for k, j := range st.ordered {
			point[j] = known(x[k], 0.5)
		}
	}
	margin := 1 / float64(len(st.axes)*max(leastPopulation, st.population))
	for j := range st.axes {
		axis := &st.axes[j]
		switch {
		case axis.Choices > 0:
			point[j] = st.choice(j)
		case !math.IsInf(axis.Count, 1) && st.rng.Float64() < margin:
			step := 1 / axis.Count
			if st.rng.IntN(2) == 0 {
				step = -step
			}
			point[j] += step
		}
	}
	return point, nil
}

// choice draws from the better members, or uniformly with the weight of one
// of them for each choice.
func (st *state) choice(j int) float64 {
	var seen []float64
	for _, m := range st.members {
		if !math.IsNaN(m.point[j]) {
			seen = append(seen, m.point[j])
		}
	}
	if i := st.rng.IntN(len(seen) + st.axes[j].Choices); i < len(seen) {
		return seen[i]
	}
	return st.rng.Float64()
}

// better returns the best quarter of the members, at least one.
func better(members []member) []member {
	sorted := slices.Clone(members)
	slices.SortStableFunc(sorted, func(a, b member) int { return cmp.Compare(a.value, b.value) })
	return sorted[:(len(sorted)+3)/4]
}

func known(v, otherwise float64) float64 {
	if math.IsNaN(v) {
		return otherwise
	}
	return v
}
