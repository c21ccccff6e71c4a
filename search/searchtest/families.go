package searchtest

import (
	"fmt"
	"math"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// A Family is a kind of learning curves: a space of settings and how training
// with them goes.
type Family struct {
	Name  string
	Space search.Space
	Steps int // of a training
	Train func(number int, params map[string]any) Course
	// Clean is the last value of a training without the noise of the reports;
	// nil where they have none.
	Clean func(params map[string]any) float64
}

// Families returns made-up families: [Curves]; the same with five percent of
// noise in every report; and curves on which nothing is seen at first, so that
// early reports say little.
func Families() []Family {
	space, course := Curves()
	clean := func(params map[string]any) float64 { return course(0, params).Values[CurveSteps-1] }
	return []Family{
		{Name: "crossing", Space: space, Steps: CurveSteps, Train: course},
		{Name: "noisy", Space: space, Steps: CurveSteps, Train: noisyCourse, Clean: clean},
		{Name: "late", Space: space, Steps: CurveSteps, Train: lateCourse},
	}
}

// noisyCourse draws the noise from the parameters.
func noisyCourse(number int, params map[string]any) Course {
	c := course(number, params)
	rng := search.Rand(0, 0, fmt.Sprint(params)) // fmt sorts map keys
	for i := range c.Values {
		c.Values[i] *= 1 + 0.05*rng.NormFloat64()
	}
	return c
}

// lateCourse starts to learn after some epochs, the later the smaller the rate
// and the wider and deeper the network.
func lateCourse(_ int, params map[string]any) Course {
	square := func(v float64) float64 { return v * v }
	rate, width := math.Log10(params["lr"].(float64)), math.Log2(float64(params["width"].(int64)))
	layers, dropout := float64(params["layers"].(int64)), params["dropout"].(float64)
	best := -3.0
	floor := 0.2 + 0.03*square(width-8.5) + 0.015*square(layers-5) + 0.5*square(dropout-0.3) +
		0.02*square(math.Log10(params["decay"].(float64))+4)
	if params["optimizer"] == "sgd" {
		best = -1
		floor += 0.2*square(params["momentum"].(float64)-0.8) + 0.05
	}
	floor += 0.08 * square(rate-best)
	half := 6 * math.Pow(2, -0.7*(rate-best)+0.15*(width-8)+0.1*(layers-4)) // epochs
	c := Course{Values: make([]float64, CurveSteps), Step: time.Minute}
	for i := range c.Values {
		s := float64(i + 1)
		c.Values[i] = (floor + (2.3-floor)/(1+math.Pow(s/half, 2.5))) * (1 + 0.005*math.Sin(7*s+50*dropout))
	}
	if rate > best+1.5 {
		c.Fails, c.Reason = 2, search.ReasonDiverged
	}
	return c
}
