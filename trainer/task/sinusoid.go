package task

import (
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// The sine curves of Finn, Abbeel and Levine 2017, section 5.1, are
// y = a sin(x - p) with uniform a, p and x.
const (
	leastAmplitude, mostAmplitude = 0.1, 5.0
	mostPhase                     = math.Pi // from 0
	farthest                      = 5.0     // x in [-farthest, farthest]
)

// A Sinusoid is the family of sine curves: a task is to predict y of one curve
// from some of its points. It holds nothing; every point is a function of the
// seeds and its number. It is immutable and safe for concurrent use.
type Sinusoid struct {
	trainSeed, fixedSeed int64
	// Points of an episode, in training and in validation and test.
	train, eval points
}

type points struct{ support, query int }

func (p points) total() int { return p.support + p.query }

// NewSinusoid returns the family with shots points in the support set and
// query_shots in the query set of a task. Training follows the run's seed;
// validation and test follow split_seed.
func NewSinusoid(c *setting.Config, seed int64) *Sinusoid {
	return &Sinusoid{
		trainSeed: seed, fixedSeed: c.Tasks.SplitSeed,
		train: points{c.Shots, c.QueryShots}, eval: points{c.EvalShots, c.QueryShots},
	}
}

func (f *Sinusoid) role(i int) (name string, seed int64, of points) {
	if roles[i] == Train {
		return roles[i], f.trainSeed, f.train
	}
	return roles[i], f.fixedSeed, f.eval
}

// curve returns a generator that has drawn the curve of an episode, to draw
// its points from.
func (f *Sinusoid) curve(role, episode int) (r *rand.Rand, amplitude, phase float64) {
	name, seed, _ := f.role(role)
	r = generator(seed, name+" sinusoid", episode)
	amplitude = leastAmplitude + (mostAmplitude-leastAmplitude)*uniform(r)
	return r, amplitude, mostPhase * uniform(r)
}

// Points returns x and y of examples, which are numbered as in the episodes.
func (f *Sinusoid) Points(examples []int) (x, y []float32) {
	x, y = make([]float32, len(examples)), make([]float32, len(examples))
	var r *rand.Rand
	var amplitude, phase float64
	previous := -1 // the last example that r has drawn
	for i, e := range examples {
		role, at := e%len(roles), e/len(roles)
		_, _, of := f.role(role)
		episode, k := at/of.total(), at%of.total()
		if previous < 0 || e != previous+len(roles) || k == 0 {
			r, amplitude, phase = f.curve(role, episode)
			for range k {
				uniform(r)
			}
		}
		v := farthest * (2*uniform(r) - 1)
		x[i], y[i] = float32(v), float32(amplitude*math.Sin(v-phase))
		previous = e
	}
	return x, y
}

// episode returns an episode of a role.
func (f *Sinusoid) episode(role, i int) Episode {
	_, _, of := f.role(role)
	all := make([]int, of.total())
	for k := range all {
		all[k] = (i*of.total()+k)*len(roles) + role
	}
	_, y := f.Points(all)
	n := of.support
	return Episode{Support: Set{Examples: all[:n:n], Values: y[:n:n]}, Query: Set{Examples: all[n:], Values: y[n:]}}
}

// plan returns the episodes of a run.
func (f *Sinusoid) plan() *Plan {
	return &Plan{Train: curves{f, 0}, Validation: curves{f, 1}, Test: curves{f, 2}}
}

// curves are the episodes of one role.
type curves struct {
	of   *Sinusoid
	role int
}

// Episode implements [Episodes].
func (c curves) Episode(i int) Episode { return c.of.episode(c.role, i) }

// uniform returns a number in [0, 1), as intN does, without rand/v2's methods.
func uniform(r *rand.Rand) float64 { return float64(r.Uint64()>>11) / (1 << 53) }
