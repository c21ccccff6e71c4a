package gp

import (
	"math"

	"gonum.org/v1/gonum/floats"
)

// A box bounds the variables of [minimize].
type box struct{ low, high []float64 }

func (b box) clamp(x []float64) {
	for i, v := range x {
		x[i] = max(b.low[i], min(b.high[i], v))
	}
}

// An objective returns its value at x and writes the gradient there to grad.
// It returns +Inf where it is not defined.
type objective func(x, grad []float64) float64

const (
	memory    = 8     // correction pairs
	halvings  = 14    // of a step, before it is given up
	armijo    = 1e-4  // sufficient decrease
	smallStep = 1e-9  // relative decrease that ends the search
	flat      = 1e-6  // largest component of the projected gradient, likewise
	curvature = 1e-10 // least s·y over y·y of a pair that is kept
)

// minimize descends from x, which it overwrites with the lowest point found,
// and returns the value there. It is L-BFGS (J. Nocedal, "Updating
// quasi-Newton matrices with limited storage", 1980) on the variables that
// are not held at a bound by the gradient, with a backtracking search along
// the projected path (D. P. Bertsekas, "Projected Newton methods for
// optimization problems with simple constraints", 1982).
func minimize(f objective, x []float64, bounds box, iterations int) float64 {
	n := len(x)
	bounds.clamp(x)
	grad := make([]float64, n)
	value := f(x, grad)
	next, nextGrad, direction := make([]float64, n), make([]float64, n), make([]float64, n)
	var pairs corrections
	for range iterations {
		if math.IsInf(value, 1) || projectedNorm(x, grad, bounds) < flat {
			break
		}
		pairs.direction(direction, x, grad, bounds)
		nextValue, ok := lineSearch(f, x, value, grad, direction, bounds, next, nextGrad)
		if !ok {
			if len(pairs) == 0 {
				break
			}
			pairs = nil // the model is bad: begin anew with the gradient
			continue
		}
		pairs.add(x, next, grad, nextGrad)
		decrease := value - nextValue
		copy(x, next)
		copy(grad, nextGrad)
		value = nextValue
		if decrease < smallStep*(1+math.Abs(value)) {
			break
		}
	}
	return value
}

// held reports whether variable i stands at a bound that the descent would
// cross.
func held(x, grad float64, low, high float64) bool {
	return x <= low && grad > 0 || x >= high && grad < 0
}

func projectedNorm(x, grad []float64, b box) float64 {
	norm := 0.0
	for i := range x {
		if !held(x[i], grad[i], b.low[i], b.high[i]) {
			norm = max(norm, math.Abs(grad[i]))
		}
	}
	return norm
}

// lineSearch writes the first sufficiently lower point of the path to next.
func lineSearch(f objective, x []float64, value float64, grad, direction []float64, b box, next, nextGrad []float64) (float64, bool) {
	step := 1.0
	for range halvings {
		slope := 0.0
		for i := range x {
			next[i] = max(b.low[i], min(b.high[i], x[i]+step*direction[i]))
			slope += grad[i] * (next[i] - x[i])
		}
		if slope >= 0 {
			return 0, false
		}
		v := f(next, nextGrad)
		if v <= value+armijo*slope {
			return v, true
		}
		shrink := 0.25
		if !math.IsInf(v, 1) && !math.IsNaN(v) { // the minimum of the parabola
			shrink = max(0.1, min(0.5, -0.5*slope/(v-value-slope)))
		}
		step *= shrink
	}
	return 0, false
}

// A correction is a step s and the change y of the gradient along it.
type correction struct {
	s, y     []float64
	sy, gain float64 // s·y and s·y over y·y
}

type corrections []correction

func (c *corrections) add(x, next, grad, nextGrad []float64) {
	p := correction{s: make([]float64, len(x)), y: make([]float64, len(x))}
	floats.SubTo(p.s, next, x)
	floats.SubTo(p.y, nextGrad, grad)
	p.sy = floats.Dot(p.s, p.y)
	yy := floats.Dot(p.y, p.y)
	if p.sy <= curvature*yy {
		return
	}
	p.gain = p.sy / yy
	if len(*c) == memory {
		*c = append((*c)[:0], (*c)[1:]...)
	}
	*c = append(*c, p)
}

// direction writes the quasi-Newton direction of the free variables to d, or
// a short step along the gradient when there is no correction that helps.
func (c corrections) direction(d, x, grad []float64, b box) {
	free := func() {
		for i := range d {
			if held(x[i], grad[i], b.low[i], b.high[i]) {
				d[i] = 0
			}
		}
	}
	copy(d, grad)
	free()
	alpha := make([]float64, len(c))
	for k := len(c) - 1; k >= 0; k-- {
		alpha[k] = floats.Dot(c[k].s, d) / c[k].sy
		floats.AddScaled(d, -alpha[k], c[k].y)
	}
	if len(c) > 0 {
		floats.Scale(c[len(c)-1].gain, d)
	}
	for k := range c {
		beta := floats.Dot(c[k].y, d) / c[k].sy
		floats.AddScaled(d, alpha[k]-beta, c[k].s)
	}
	free()
	floats.Scale(-1, d)
	if len(c) == 0 || floats.Dot(d, grad) >= 0 {
		copy(d, grad)
		free()
		// The first step goes at most a fifth of a unit: all variables here
		// are of order 1.
		floats.Scale(-min(1, 0.2/max(1e-300, floats.Norm(d, math.Inf(1)))), d)
	}
}
