package tpe

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// cells are the kernels of a stepped range. Many of them are equal, and many
// candidates have the same value: what costs most, the mass of a value's cell,
// is computed once for each pair of these.
type cells struct {
	gaussians
	normal normal
	// Kernel i is the shape[i]-th distinct one of centre and width, which the
	// kernel example[shape[i]] is an instance of.
	shape, example []int
	mass           map[float64]cellMass // by value
}

// A cellMass is the probability of one value under the prior and, by shape,
// how many times that it is under the other kernels.
type cellMass struct {
	logPrior float64
	ratio    []float64
}

func newCells(d search.Distribution, observed []float64) *cells {
	c := &cells{gaussians: newGaussians(d, observed, 1), normal: newNormal(), mass: make(map[float64]cellMass)}
	n := len(observed)
	c.shape, c.example = make([]int, n+1), make([]int, 0, n+1)
	first := 0 // of the shapes that share the current centre
	for k, i := range c.order {
		if k > 0 && c.mu[i] != c.mu[c.order[k-1]] {
			first = len(c.example)
		}
		c.shape[i] = c.shapeAmong(first, i)
	}
	c.shape[n] = len(c.example)
	c.example = append(c.example, n)
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
	m, ok := c.mass[v]
	if !ok {
		m = c.massOf(v)
		c.mass[v] = m
	}
	t.common += m.logPrior
	factor := t.factor[:len(c.shape)]
	for i, s := range c.shape {
		factor[i] *= m.ratio[s]
	}
}

func (c *cells) massOf(v float64) cellMass {
	a, b := c.cell(v)
	ratio := make([]float64, len(c.example))
	for s, i := range c.example {
		inside := 1 - c.below[i] - c.above[i]
		ratio[s] = c.normal.mass((a-c.mu[i])*c.inverse[i], (b-c.mu[i])*c.inverse[i]) / inside
	}
	prior := ratio[len(ratio)-1]
	for s := range ratio {
		ratio[s] /= prior
	}
	return cellMass{logPrior: math.Log(prior), ratio: ratio}
}

// steepest implements kernels: the narrowest kernel is a hundredth of the
// prior.
func (c *cells) steepest() float64 { return math.Log(200) }
