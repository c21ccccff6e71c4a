package tpe

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// A scale maps a numeric parameter's internal values to the axis on which its
// kernels are Gaussian: the value itself, or its logarithm. A stepped range
// is widened by half a step at both ends, so that each value owns a cell of
// one step; its probability is the mass of the cell. (Bergstra et al. 2013,
// section 4, and Watanabe 2023, arXiv:2304.11127, section 3.3.)
type scale struct {
	dist      search.Distribution
	log       bool
	step      float64 // 0: continuous
	low, high float64 // of the axis
}

func newScale(d search.Distribution) scale {
	s := scale{dist: d}
	switch d := d.(type) {
	case search.Float:
		s.log, s.step, s.low, s.high = d.Log, d.Step, d.Low, d.High
		if d.Step > 0 {
			s.high = d.Low + float64(d.Steps())*d.Step
		}
	case search.Int:
		s.log, s.step = d.Log, float64(d.StepSize())
		s.low, s.high = float64(d.Low), float64(d.Low+d.Steps()*d.StepSize())
	}
	s.low, s.high = s.low-s.step/2, s.high+s.step/2
	s.log = s.log && search.LogMatters(s.low, s.high)
	if s.log {
		s.low, s.high = math.Log(s.low), math.Log(s.high)
	}
	return s
}

// on maps an internal value to the axis.
func (s *scale) on(v float64) float64 {
	if s.log {
		v = math.Log(v)
	}
	return max(s.low, min(s.high, v))
}

// off maps a point of the axis to the nearest internal value.
func (s *scale) off(x float64) float64 {
	if s.log {
		x = math.Exp(x)
	}
	return search.Nearest(s.dist, x)
}

// cell returns the ends of the part of the axis that belongs to a value.
func (s *scale) cell(v float64) (float64, float64) {
	a, b := v-s.step/2, v+s.step/2
	if s.log {
		return math.Log(a), math.Log(b)
	}
	return a, b
}
