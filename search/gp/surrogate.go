package gp

import (
	"errors"
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// A Surrogate is a Gaussian process that was fitted to trials: what the
// measured value would be anywhere in the space. It is not safe for
// concurrent use.
type Surrogate struct {
	frame       *frame
	posterior   *posterior
	mean, width float64 // what the values were scaled by
	at          []float64
}

// ErrFewTrials is returned by [NewSurrogate] when there is nothing to learn
// from.
var ErrFewTrials = errors.New("gp: a surrogate needs at least two trials of the space, and a parameter with more than one value")

// NewSurrogate fits a process to the values that trials of the space were
// measured at, one for each trial. Trials of another space are left out. Its
// time grows with the cube of the number of trials.
func NewSurrogate(space search.Space, trials []*search.Trial, values []float64) (*Surrogate, error) {
	s := &Surrogate{frame: newFrame(space)}
	var x [][]float64
	var y []float64
	for i, t := range trials {
		if point := s.frame.pointOf(t); point != nil {
			x, y = append(x, point), append(y, values[i])
		}
	}
	if len(x) < 2 || len(s.frame.axes) == 0 {
		return nil, ErrFewTrials
	}
	for _, v := range y {
		s.mean += v / float64(len(y))
	}
	for _, v := range y {
		s.width += (v - s.mean) * (v - s.mean) / float64(len(y))
	}
	if s.width = math.Sqrt(s.width); s.width == 0 {
		s.width = 1 // all are equal
	}
	for i := range y {
		y[i] = (y[i] - s.mean) / s.width
	}
	var err error
	if s.posterior, err = condition(s.frame.layout, fit(s.frame.layout, x, y), x, y); err != nil {
		return nil, err
	}
	s.at = make([]float64, len(s.frame.axes))
	return s, nil
}

// Predict returns mean and standard deviation of the value at a
// configuration, without the noise of a measurement.
func (s *Surrogate) Predict(params map[string]float64) (mean, sd float64) {
	s.frame.point(params, s.at)
	mean, sd = s.posterior.predict(s.at)
	return s.mean + s.width*mean, s.width * sd
}

// Noise returns the standard deviation of a measurement of one and the same
// configuration.
func (s *Surrogate) Noise() float64 { return s.width * math.Sqrt(s.posterior.noise) }
