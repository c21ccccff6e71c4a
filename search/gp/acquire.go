package gp

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
	"github.com/hpsearch/hpsearch/search/qmc"
)

const (
	starts       = 6    // candidates that are improved
	climbs       = 30   // iterations of each ascent
	rounds       = 4    // of ascents and moves in turn
	fewValues    = 48   // up to which a number is moved by steps, not by its slope
	workOfDraws  = 6e6  // multiplications spent on candidates
	mostDraws    = 1024 // candidates
	fewestDraws  = 192
	incumbents   = 4    // best trials whose surroundings are looked at
	localShare   = 0.4  // of the candidates
	mutationRate = 0.2  // chance of a discrete parameter to change near an incumbent
	leastChance  = 1e-6 // of a candidate to be new
)

// A candidate is a configuration with the coordinates it was made from: u
// holds one of the unit cube for each axis, also where the parameter is
// inactive.
type candidate struct {
	u, x   []float64
	params map[string]float64
	score  float64
}

// An acquisition searches for the largest ln of the expected improvement.
type acquisition struct {
	*frame
	*posterior
	space search.Space
	fixed map[string]any
	best  float64 // the lowest mean so far
	free  []bool  // by axis: not fixed
	tried search.Tried
	// rounded is nil when the objective does not seem to round its parameters.
	rounded *roundings
	// ahead is the best candidate so far that was not tried; its params are nil
	// when there is none.
	ahead candidate

	x, dMean, dDev []float64
}

// newAcquisition prepares a search; what was tried need not be found.
func newAcquisition(f *frame, p *posterior, space search.Space, fixed map[string]any, tried search.Tried) *acquisition {
	a := &acquisition{
		frame: f, posterior: p, space: space, fixed: fixed, best: p.lowest(), free: make([]bool, len(f.axes)), tried: tried,
		x: make([]float64, len(f.axes)), dMean: make([]float64, len(f.axes)), dDev: make([]float64, len(f.axes)),
	}
	for j := range f.axes {
		_, isFixed := fixed[f.axes[j].Name]
		a.free[j] = !isFixed
	}
	return a
}

// realize makes the configuration of u, and remembers it when it is ahead.
func (a *acquisition) realize(u []float64) (candidate, error) {
	c := candidate{u: u, x: make([]float64, len(u))}
	var err error
	c.params, err = cube.Fill(a.space, a.fixed, a.axes, u)
	if err != nil {
		return c, err
	}
	a.point(c.params, c.x)
	c.score = a.at(c.x)
	if a.rounded != nil {
		// There is nothing to gain where a trial has been.
		c.score += math.Log(max(leastChance, a.rounded.chance(c.x)))
	}
	if (a.ahead.params == nil || c.score > a.ahead.score) && !a.tried.Has(c.params) {
		a.ahead = c
	}
	return c, nil
}

// at returns the ln of the expected improvement at coordinates x.
func (a *acquisition) at(x []float64) float64 {
	mean, sd := a.predict(x)
	h, _, _ := logImprovement((a.best - mean) / sd)
	return h + math.Log(sd)
}

// maximize returns the best configuration that it finds and that was not
// tried; one that was only when it finds no other. incumbents are coordinates of
// the unit cube.
//
// Where the process takes the values to be noisy, the expected improvement may
// well be largest at a configuration that was tried. In a finite space that is
// the rule after some dozen trials: the climbs lead there, and what is looked
// for stands beside their path.
func (a *acquisition) maximize(rng *rand.Rand, incumbents [][]float64) (candidate, error) {
	drawn, err := a.draw(rng, incumbents)
	if err != nil {
		return candidate{}, err
	}
	top := drawn[0]
	for _, start := range drawn[:min(starts, len(drawn))] {
		c, err := a.improve(rng, start)
		if err != nil {
			return c, err
		}
		if c.score > top.score {
			top = c
		}
	}
	if a.ahead.params == nil {
		return top, nil
	}
	return a.ahead, a.advance(rng)
}

// advance moves the candidate that is ahead in its discrete parameters, past
// what was tried.
func (a *acquisition) advance(rng *rand.Rand) error {
	for range a.axes {
		before := a.ahead
		if _, err := a.step(rng, before); err != nil || a.ahead.score == before.score {
			return err
		}
	}
	return nil
}

func descending(a, b candidate) int { return cmp.Compare(b.score, a.score) }

// draw returns candidates spread over the space and around the incumbents.
func (a *acquisition) draw(rng *rand.Rand, incumbents [][]float64) ([]candidate, error) {
	n := len(a.posterior.x)
	size := max(fewestDraws, min(mostDraws, int(workOfDraws/float64(n*n))))
	local := int(localShare * float64(size))
	sobol := qmc.NewSobol(min(len(a.axes), qmc.MaxDimensions), rng.Int64())
	drawn := make([]candidate, 0, size)
	for k := range size {
		u := make([]float64, len(a.axes))
		switch {
		case k < len(incumbents):
			copy(u, incumbents[k])
		case k < local:
			copy(u, incumbents[k%len(incumbents)])
			a.perturb(rng, u)
		default:
			covered := min(len(u), qmc.MaxDimensions)
			sobol.Point(uint32(k-local), u[:covered])
			for j := covered; j < len(u); j++ {
				u[j] = rng.Float64()
			}
		}
		c, err := a.realize(u)
		if err != nil {
			return nil, err
		}
		drawn = append(drawn, c)
	}
	slices.SortStableFunc(drawn, descending)
	return drawn, nil
}

// perturb moves a random subset of the coordinates, by distances from 1/1000
// to 1/5 of the axis.
func (a *acquisition) perturb(rng *rand.Rand, u []float64) {
	width := 0.2 * math.Pow(10, -2.3*rng.Float64())
	moved := max(1, min(len(u), int(math.Exp(rng.Float64()*math.Log(float64(len(u)+1))))))
	for _, j := range rng.Perm(len(u))[:moved] {
		axis := &a.axes[j]
		switch {
		case axis.Choices > 0:
			if rng.Float64() < mutationRate*2 {
				u[j] = rng.Float64()
			}
		case axis.Count <= fewValues:
			if rng.Float64() < mutationRate {
				u[j] = rng.Float64()
			} else {
				u[j] += (float64(rng.IntN(3)) - 1) / axis.Count
			}
		default:
			u[j] += width * rng.NormFloat64()
		}
		u[j] = max(0, min(1, u[j]))
	}
}

// improve climbs from c: along the slope of the continuous parameters and by
// moves of the discrete ones, in turn.
func (a *acquisition) improve(rng *rand.Rand, c candidate) (candidate, error) {
	for range rounds {
		climbed, err := a.climb(c)
		if err != nil {
			return c, err
		}
		moved, ok, err := a.move(rng, climbed)
		if err != nil || !ok {
			return moved, err
		}
		c = moved
	}
	return c, nil
}

// climb ascends over the active continuous parameters.
func (a *acquisition) climb(c candidate) (candidate, error) {
	var smooth []int
	for j := range a.axes {
		if _, active := c.params[a.axes[j].Name]; active && a.free[j] && !a.choice[j] && a.axes[j].Count > fewValues {
			smooth = append(smooth, j)
		}
	}
	if len(smooth) == 0 {
		return c, nil
	}
	bounds := box{low: make([]float64, len(smooth)), high: make([]float64, len(smooth))}
	z := make([]float64, len(smooth))
	for k, j := range smooth {
		bounds.high[k] = 1
		z[k] = c.x[j]
	}
	copy(a.x, c.x)
	minimize(func(z, grad []float64) float64 {
		for k, j := range smooth {
			a.x[j] = z[k]
		}
		return -a.slope(a.x, smooth, grad)
	}, z, bounds, climbs)
	u := slices.Clone(c.u)
	for k, j := range smooth {
		u[j] = z[k]
	}
	climbed, err := a.realize(u) // rounds integers
	if err != nil || climbed.score < c.score {
		return c, err
	}
	return climbed, nil
}

// slope returns the ln of the expected improvement at x and writes the
// derivatives of its negative by the coordinates of axes.
func (a *acquisition) slope(x []float64, axes []int, grad []float64) float64 {
	mean, sd := a.predict(x)
	h, density, mass := logImprovement((a.best - mean) / sd)
	a.gradient(x, sd, axes, a.dMean, a.dDev)
	for k := range axes {
		grad[k] = (mass*a.dMean[k] - density*a.dDev[k]) / sd
	}
	return h + math.Log(sd)
}

// move tries the neighbours in each discrete parameter and takes the best one
// of all, as long as that helps.
func (a *acquisition) move(rng *rand.Rand, c candidate) (candidate, bool, error) {
	moved := false
	for range len(a.axes) {
		best, err := a.step(rng, c)
		if err != nil {
			return c, moved, err
		}
		if best.score <= c.score {
			break
		}
		c, moved = best, true
	}
	return c, moved, nil
}

// step returns the best of c and its neighbours in one discrete parameter.
func (a *acquisition) step(rng *rand.Rand, c candidate) (candidate, error) {
	best := c
	for j := range a.axes {
		v, active := c.params[a.axes[j].Name]
		if !active || !a.free[j] {
			continue
		}
		for _, to := range a.neighbours(rng, j, v) {
			u := slices.Clone(c.u)
			u[j] = to
			next, err := a.realize(u)
			if err != nil {
				return c, err
			}
			if next.score > best.score {
				best = next
			}
		}
	}
	return best, nil
}

// neighbours returns coordinates next to value v of axis j: all other
// choices, up to a number of them, or the values one step up and down.
func (a *acquisition) neighbours(rng *rand.Rand, j int, v float64) []float64 {
	const mostChoices = 16
	axis := &a.axes[j]
	var to []float64
	switch {
	case axis.Choices > mostChoices:
		for range mostChoices {
			to = append(to, rng.Float64())
		}
	case axis.Choices > 0:
		for k := range axis.Choices {
			if float64(k) != v {
				to = append(to, axis.Unit(float64(k)))
			}
		}
	case axis.Count <= fewValues:
		step := 1.0
		switch d := axis.Distribution.(type) {
		case search.Int:
			step = float64(d.StepSize())
		case search.Float:
			step = d.Step
		}
		for _, w := range []float64{v - step, v + step} {
			if n := search.Nearest(axis.Distribution, w); n != v {
				to = append(to, axis.Unit(n))
			}
		}
	}
	return to
}
