package tpe

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// cells are the kernels of a stepped range. Many of them are equal, and in a
// range of few values many candidates are: what costs most, the mass of a
// value's cell, is computed once for each pair of these.
type cells struct {
	gaussians
	normal normal
	// Kernel i is the shape[i]-th distinct one of centre and width, which the
	// kernel example[shape[i]] is an instance of.
	shape, example []int
	inside         []float64            // by shape: 1 over the mass inside the range
	known          map[float64]cellMass // by value; nil: too many values to keep
	scratch        []float64            // of the last value, where known is nil
}

// A cellMass is the probability of one value under the prior and, by shape,
// how many times that it is under the other kernels.
type cellMass struct {
	logPrior float64
	ratio    []float64
}

// fewValues is up to how many values a range's masses are kept: of more, the
// candidates of one suggestion are seldom equal.
const fewValues = 256

func newCells(d search.Distribution, observed []float64) *cells {
	c := &cells{gaussians: newGaussians(d, observed, 1), normal: newNormal()}
	n := len(observed)
	block := make([]int, 2*(n+1))
	c.shape, c.example = block[:n+1], block[n+1:n+1]
	first := 0 // of the shapes that share the current centre
	for k, i := range c.order {
		if k > 0 && c.mu[i] != c.mu[c.order[k-1]] {
			first = len(c.example)
		}
		c.shape[i] = c.shapeAmong(first, i)
	}
	c.shape[n] = len(c.example)
	c.example = append(c.example, n)
	c.inside = make([]float64, 2*len(c.example))
	c.inside, c.scratch = c.inside[:len(c.example)], c.inside[len(c.example):]
	for s, i := range c.example {
		c.inside[s] = 1 / (1 - c.below[i] - c.above[i])
	}
	if search.Cardinality(d) <= fewValues {
		c.known = make(map[float64]cellMass)
	}
	return c
}

// shapeAmong looks for the width of kernel i in example[first:]; there are at
// most three, the inner and the two outer ones of a run of equal centres.
func (c *cells) shapeAmong(first, i int) int {
	for s := first; s < len(c.example); s++ {
		if c.inverse[c.example[s]] == c.inverse[i] {
			return s
		}
	}
	c.example = append(c.example, i)
	return len(c.example) - 1
}

// weigh implements kernels.
func (c *cells) weigh(v float64, t *terms) {
	m, ok := c.known[v]
	if !ok {
		m = c.massOf(v)
	}
	t.common += m.logPrior
	factor := t.factor[:len(c.shape)]
	for i, s := range c.shape {
		factor[i] *= m.ratio[s]
	}
}

func (c *cells) massOf(v float64) cellMass {
	ratio := c.scratch
	if c.known != nil {
		ratio = make([]float64, len(c.example))
	}
	a, b := c.cell(v)
	for s, i := range c.example {
		ratio[s] = c.normal.mass((a-c.mu[i])*c.inverse[i], (b-c.mu[i])*c.inverse[i]) * c.inside[s]
	}
	prior := ratio[len(ratio)-1]
	scale := 1 / prior
	for s := range ratio {
		ratio[s] *= scale
	}
	m := cellMass{logPrior: math.Log(prior), ratio: ratio}
	if c.known != nil {
		c.known[v] = m
	}
	return m
}

// steepest implements kernels: the narrowest kernel is a hundredth of the
// prior.
func (c *cells) steepest() float64 { return math.Log(200) }
