package gp

import (
	"crypto/sha256"
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"sync"
)

// fitTrials bounds how many trials the hyperparameters are fitted to: the
// time of one step of the descent grows with the cube.
const fitTrials = 120

// A fitCache keeps the hyperparameters of the last fits. They are fitted only
// when the number of trials reaches a multiple of a step that grows with it,
// to the trials up to that one. What get returns depends on its arguments
// alone, never on what was asked for before, so that any process suggests the
// same. It is safe for concurrent use.
type fitCache struct {
	mu   sync.Mutex
	fits []cachedFit // the newest last
}

type cachedFit struct {
	key   [sha256.Size]byte
	hyper hyper
}

// rememberedFits is small: a study asks for the last fit, and for the one
// before when a trial finished out of turn.
const rememberedFits = 4

func (c *fitCache) get(f *frame, d *data) hyper {
	n := len(d.x)
	n -= n % refitStep(n)
	part := data{x: slices.Clone(d.x[:n]), y: slices.Clone(d.y[:n]), trials: slices.Clone(d.trials[:n])}
	key := part.key(f)
	c.mu.Lock()
	for _, known := range c.fits {
		if known.key == key {
			c.mu.Unlock()
			return known.hyper
		}
	}
	c.mu.Unlock()
	part.thin(fitTrials)
	h := fit(f.layout, part.x, standardize(part.y))
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.fits) == rememberedFits {
		c.fits = append(c.fits[:0], c.fits[1:]...)
	}
	c.fits = append(c.fits, cachedFit{key: key, hyper: h})
	return h
}

// refitStep is 1 below 32 trials, then the power of two that is a sixteenth
// to a thirty-second of them.
func refitStep(n int) int { return max(1, 1<<bits.Len(uint(n))>>5) }

// key is equal for equal observations on equal axes.
func (d *data) key(f *frame) [sha256.Size]byte {
	buf := make([]byte, 0, 8*len(d.x)*(len(f.axes)+1)+len(f.axes))
	for _, choice := range f.choice {
		if choice {
			buf = append(buf, 1)
		} else {
			buf = append(buf, 0)
		}
	}
	for i, x := range d.x {
		for _, v := range x {
			buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(v))
		}
		buf = binary.LittleEndian.AppendUint64(buf, math.Float64bits(d.y[i]))
	}
	return sha256.Sum256(buf)
}

// incumbents returns the best observations as points of the unit cube.
func (f *frame) incumbents(d *data) [][]float64 {
	order := make([]int, len(d.y))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case d.y[a] < d.y[b]:
			return -1
		case d.y[a] > d.y[b]:
			return 1
		}
		return b - a // the newer one
	})
	points := make([][]float64, 0, incumbents)
	for _, i := range order[:min(incumbents, len(order))] {
		u := slices.Clone(d.x[i])
		for j := range u {
			if !f.choice[j] {
				continue
			}
			if u[j] == noChoice {
				u[j] = noNumber
			} else {
				u[j] = f.axes[j].Unit(u[j])
			}
		}
		points = append(points, u)
	}
	return points
}
