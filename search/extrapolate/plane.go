package extrapolate

import "math"

// A plane predicts a value from the tail of a curve.
type plane struct {
	middle             tail
	value              float64 // there
	byLevel, bySlope   float64
	levels, slopes, lx float64 // weighted sums of squares, and of the product
	residual           float64 // variance around the plane
	share              float64 // of it that the plane's middle has
	weight             float64 // mean of the weights, weighted
	freedom            float64
}

// fit is a weighted least squares fit, byLevel in [0, 1] and bySlope at least 0.
func fit(list []example, weight []float64) plane {
	var p plane
	var sum, squares float64
	for i, e := range list {
		w := weight[i]
		sum, squares = sum+w, squares+w*w
		p.middle.level += w * e.level
		p.middle.slope += w * e.slope
		p.value += w * e.value
	}
	p.middle.level, p.middle.slope, p.value = p.middle.level/sum, p.middle.slope/sum, p.value/sum
	var onLevel, onSlope float64
	for i, e := range list {
		u, v, r := e.level-p.middle.level, e.slope-p.middle.slope, e.value-p.value
		p.levels += weight[i] * u * u
		p.slopes += weight[i] * v * v
		p.lx += weight[i] * u * v
		onLevel += weight[i] * u * r
		onSlope += weight[i] * v * r
	}
	p.levels *= 1 + ridge/sum
	p.slopes *= 1 + ridge/sum
	p.solve(onLevel, onSlope)
	rest := 0.0
	for i, e := range list {
		r := e.value - p.mean(e.tail)
		rest += weight[i] * r * r
	}
	effective := sum * sum / squares // the number of trials that weigh
	p.freedom = math.Max(1, effective-3)
	p.residual, p.share, p.weight = rest/sum*effective/p.freedom, 1/effective, squares/sum
	return p
}

// solve finds the slopes of the plane; an axis on which the trials do not differ
// has none.
func (p *plane) solve(onLevel, onSlope float64) {
	ratio := func(a, b float64) float64 {
		if b == 0 {
			return 0
		}
		return a / b
	}
	alone := math.Max(0, math.Min(1, ratio(onLevel, p.levels)))
	det := p.levels*p.slopes - p.lx*p.lx
	if !(det > 1e-12*p.levels*p.slopes) {
		p.byLevel, p.slopes, p.lx = alone, 0, 0
		return
	}
	p.byLevel, p.bySlope = (onLevel*p.slopes-onSlope*p.lx)/det, (onSlope*p.levels-onLevel*p.lx)/det
	if p.byLevel < 0 || p.byLevel > 1 {
		p.byLevel = math.Max(0, math.Min(1, p.byLevel))
		p.bySlope = (onSlope - p.byLevel*p.lx) / p.slopes
	}
	if p.bySlope < 0 {
		p.byLevel, p.bySlope = alone, 0
	}
}

func (p *plane) mean(t tail) float64 {
	return p.value + p.byLevel*(t.level-p.middle.level) + p.bySlope*(t.slope-p.middle.slope)
}

// at predicts; the scale holds what the plane leaves open and how well it is
// known so far from its middle.
func (p *plane) at(t tail) Prediction {
	u, v := t.level-p.middle.level, t.slope-p.middle.slope
	lever := 0.0
	switch det := p.levels*p.slopes - p.lx*p.lx; {
	case det > 0:
		lever = (u*u*p.slopes - 2*u*v*p.lx + v*v*p.levels) / det
	case p.levels > 0:
		lever = u * u / p.levels
	}
	return Prediction{Mean: p.mean(t), Scale: math.Sqrt(p.residual * (1 + p.share + p.weight*lever)), Freedom: p.freedom}
}
