package tpe

import (
	"math"
	"math/rand/v2"
)

// choices are the kernels of a categorical parameter: each observation's
// kernel gives the observed choice the weight 1 + w and every other choice w,
// where w = 1/(n+1) for n observations; the prior, the last kernel, gives all
// choices the same. (Optuna's TPESampler with prior weight 1; compare the
// Aitchison-Aitken kernel in Watanabe 2023, arXiv:2304.11127, section 3.3.)
type choices struct {
	count     int
	observed  []int
	rowMass   float64
	hit, miss float64 // how many times the prior's probability
}

func newChoices(count int, observed []float64) *choices {
	w := 1 / float64(len(observed)+1)
	c := &choices{count: count, observed: make([]int, len(observed)), rowMass: 1 + w*float64(count)}
	for i, v := range observed {
		c.observed[i] = int(v)
	}
	c.hit = (1 + w) / c.rowMass * float64(count)
	c.miss = w / c.rowMass * float64(count)
	return c
}

// sample implements kernels.
func (c *choices) sample(rng *rand.Rand, i int) float64 {
	if i < len(c.observed) && rng.Float64()*c.rowMass < 1 {
		return float64(c.observed[i])
	}
	return float64(rng.IntN(c.count))
}

// weigh implements kernels.
func (c *choices) weigh(v float64, t *terms) {
	t.common -= math.Log(float64(c.count))
	choice := int(v)
	factor := t.factor[:len(c.observed)]
	for i, o := range c.observed {
		if o == choice {
			factor[i] *= c.hit
		} else {
			factor[i] *= c.miss
		}
	}
}

// steepest implements kernels.
func (c *choices) steepest() float64 { return math.Log(c.hit) }
