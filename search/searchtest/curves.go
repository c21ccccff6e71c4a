package searchtest

import (
	"math"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// CurveSteps is the number of epochs of a trial of [Curves].
const CurveSteps = 81

// Curves is a made-up training of a network: the space of its settings, and
// the course of its validation loss over [CurveSteps] epochs. Curves cross:
// what learns fast is not what ends best. A large learning rate diverges in
// the third epoch, and a wider network takes longer for an epoch.
//
// The loss after epoch s is floor + (2.3-floor) (1+s)^-speed with a ripple of
// one percent that depends on nothing random, so that other programs can
// compute it too (search/pruner/testdata/curves.py does).
func Curves() (search.Space, func(number int, params map[string]any) Course) {
	sgd := map[string][]any{"optimizer": {"sgd"}}
	space := search.Space{
		{Name: "optimizer", Distribution: search.Categorical{Choices: []any{"adam", "sgd"}}},
		{Name: "lr", Distribution: search.Float{Low: 1e-5, High: 1, Log: true}},
		{Name: "decay", Distribution: search.Float{Low: 1e-6, High: 1e-1, Log: true}},
		{Name: "width", Distribution: search.Int{Low: 16, High: 1024, Log: true}},
		{Name: "layers", Distribution: search.Int{Low: 1, High: 8}},
		{Name: "dropout", Distribution: search.Float{Low: 0, High: 0.8}},
		{Name: "momentum", Distribution: search.Float{Low: 0, High: 0.99}, When: sgd},
	}
	return space, course
}

func course(_ int, params map[string]any) Course {
	rate, width := math.Log10(params["lr"].(float64)), float64(params["width"].(int64))
	decay, layers := math.Log10(params["decay"].(float64)), float64(params["layers"].(int64))
	dropout := params["dropout"].(float64)
	square := func(v float64) float64 { return v * v }
	floor := 0.1 + 0.01*square(decay+3) + 0.02*square(math.Log2(width)-8) + 0.01*square(layers-4) + 0.6*square(dropout-0.2)
	best := -3.0
	if params["optimizer"] == "sgd" {
		best = -1.5
		floor += 0.3*square(params["momentum"].(float64)-0.9) - 0.02
	}
	// A rate above the best is fast and ends high, one below is slow.
	floor += 0.05 * square(rate-best)
	speed := math.Max(0.15, 0.9+0.25*(rate-best)-0.04*math.Log2(width/256))
	c := Course{
		Values: make([]float64, CurveSteps),
		Step:   time.Duration(float64(time.Minute) * (0.5 + width/512)),
	}
	for i := range c.Values {
		s := float64(i + 1)
		c.Values[i] = (floor + (2.3-floor)*math.Pow(1+s, -speed)) * (1 + 0.01*math.Sin(12*s+100*dropout))
	}
	if rate > best+1.3 {
		c.Fails, c.Reason = 3, search.ReasonDiverged
	}
	return c
}
