package nsga2

import (
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// The constants of Deb et al. 2002, section V: how often two parents are
// crossed, and how close to them (η) children of crossover and of mutation
// are. A parameter is mutated with probability 1/d.
const (
	crossoverRate = 0.9
	crossoverEta  = 20.0
	mutationEta   = 20.0
)

// A genome is the parameters that have more than one value, as coordinates.
type genome struct {
	axes []cube.Axis
	at   map[string]int // the place in axes
}

func newGenome(space search.Space) *genome {
	g := &genome{axes: cube.Axes(space), at: make(map[string]int)}
	for i := range g.axes {
		g.at[g.axes[i].Name] = i
	}
	return g
}

// A brood makes the children of a population. It is not safe for concurrent
// use.
type brood struct {
	*genome
	population
	members []*search.Trial // population's indexes are into it
	space   search.Space
	fixed   map[string]any
	rng     *rand.Rand
}

// child returns the configuration of one child of two parents, a branch of
// conditional parameters after the other: what only one parent has is taken
// from that one, what none has is drawn at random.
func (b *brood) child() (map[string]float64, error) {
	mother, father := b.parent(), b.parent()
	crossed := b.rng.Float64() < crossoverRate
	return b.space.Fill(b.fixed, func(p search.Param, _ map[string]float64) (float64, error) {
		axis := &b.axes[b.at[p.Name]]
		v, inMother := mother.Params[p.Name]
		w, inFather := father.Params[p.Name]
		switch {
		case !inMother && !inFather:
			return search.Uniform(b.rng, p.Distribution), nil
		case !inMother:
			v = w
		case inFather && crossed:
			v = b.cross(axis, v, w)
		}
		if b.rng.Float64() < 1/float64(len(b.axes)) {
			v = b.mutate(axis, v)
		}
		return v, nil
	})
}

// parent is the winner of a tournament of two: the lower front, then the one
// that stands more apart, then the first.
func (b *brood) parent() *search.Trial {
	n := len(b.population.members)
	i, j := b.rng.IntN(n), b.rng.IntN(n)
	if b.rank[j] < b.rank[i] || b.rank[j] == b.rank[i] && b.crowding[j] > b.crowding[i] {
		i = j
	}
	return b.members[b.population.members[i]]
}

// cross returns the value of a child: a choice is one of the parents'; of
// numbers, half are the mother's, and half come from simulated binary
// crossover.
func (b *brood) cross(axis *cube.Axis, v, w float64) float64 {
	if b.rng.IntN(2) == 0 {
		return v
	}
	if axis.Choices > 0 {
		return w
	}
	return axis.Value(binaryCrossover(b.rng, axis.Unit(v), axis.Unit(w), crossoverEta))
}

// binaryCrossover returns one of the two children that simulated binary
// crossover within [0, 1] gives (K. Deb, R. B. Agrawal, "Simulated binary
// crossover for continuous search space", Complex Systems 9, 1995; with the
// bounds of Deb's NSGA-II program). Their distance from the parents, relative
// to that of the parents from each other, falls with eta.
func binaryCrossover(rng *rand.Rand, a, b, eta float64) float64 {
	low, high := min(a, b), max(a, b)
	u, upper := rng.Float64(), rng.IntN(2) == 1
	width := high - low
	if width < 1e-14 {
		return a
	}
	room := low // from the parent to the bound
	if upper {
		room = 1 - high
	}
	alpha := 2 - math.Pow(1+2*room/width, -(eta+1))
	spread := 1 / (2 - u*alpha)
	if u <= 1/alpha {
		spread = u * alpha
	}
	spread = math.Pow(spread, 1/(eta+1))
	if upper {
		return 0.5 * (low + high + spread*width)
	}
	return 0.5 * (low + high - spread*width)
}

// mutate returns another value: any other choice, or a number nearby; of a
// number with steps at least the next one.
func (b *brood) mutate(axis *cube.Axis, v float64) float64 {
	if axis.Choices > 0 {
		other := float64(b.rng.IntN(axis.Choices - 1))
		if other >= v {
			other++
		}
		return other
	}
	u := axis.Unit(v)
	mutant := axis.Value(polynomial(b.rng, u, mutationEta))
	if mutant == v && !math.IsInf(axis.Count, 1) {
		return b.neighbour(axis, v)
	}
	return mutant
}

// neighbour returns the value one step up or down.
func (b *brood) neighbour(axis *cube.Axis, v float64) float64 {
	d := axis.Distribution
	step := 1.0
	switch d := d.(type) {
	case search.Float:
		step = d.Step
	case search.Int:
		step = float64(d.StepSize())
	}
	if b.rng.IntN(2) == 0 {
		step = -step
	}
	if other := search.Nearest(d, v+step); other != v {
		return other
	}
	return search.Nearest(d, v-step)
}

// polynomial moves u within [0, 1] by the polynomial mutation of Deb's
// NSGA-II program: by a share of the range that falls with eta.
func polynomial(rng *rand.Rand, u, eta float64) float64 {
	r := rng.Float64()
	if r < 0.5 {
		return u + math.Pow(2*r+(1-2*r)*math.Pow(1-u, eta+1), 1/(eta+1)) - 1
	}
	return u + 1 - math.Pow(2*(1-r)+2*(r-0.5)*math.Pow(u, eta+1), 1/(eta+1))
}
