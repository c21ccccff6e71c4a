package task

import (
	"math"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// A Scale maps the values of a regression to those that are trained on: less
// their mean, divided by their standard deviation, both over the examples of
// meta-training. The same numbers serve validation and test, which are thus
// not looked at; a loss of 1 is that of answering with the mean of
// meta-training. The zero value changes nothing.
type Scale struct {
	Mean      float64 `json:"mean"`
	Deviation float64 `json:"deviation"`
}

// Apply maps a value as it was read to the one that is trained on.
func (s Scale) Apply(v float64) float32 {
	if s.Deviation == 0 {
		return float32(v)
	}
	return float32((v - s.Mean) / s.Deviation)
}

// Back maps what a network says to the values as they were read.
func (s Scale) Back(v float64) float64 {
	if s.Deviation == 0 {
		return v
	}
	return v*s.Deviation + s.Mean
}

// classless reports whether the tasks have examples, but no classes.
func (f *Family) classless() bool {
	return f.Type == setting.Regression || f.Type == setting.Generation
}

// scale returns that of a split's meta-training tasks. Values that are all
// equal are moved to 0.
func (f *Family) scale(s Split) Scale {
	if f.Values == nil {
		return Scale{}
	}
	n, sum := 0, 0.0
	each := func(do func(v float64)) {
		for _, g := range f.groups(s, Train) {
			for _, c := range g.classes {
				for _, x := range f.Classes[c].Examples {
					do(f.Values[x])
				}
			}
		}
	}
	each(func(v float64) { n, sum = n+1, sum+v })
	mean, squares := sum/float64(n), 0.0
	each(func(v float64) { squares += (v - mean) * (v - mean) })
	deviation := math.Sqrt(squares / float64(n))
	if deviation == 0 {
		deviation = 1
	}
	return Scale{Mean: mean, Deviation: deviation}
}
