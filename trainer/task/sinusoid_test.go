package task

import (
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

func sinusoid(t *testing.T, changes map[string]any, seed int64) *Plan {
	t.Helper()
	values := map[string]any{
		"model": map[string]any{"kind": "mlp", "hidden": 40}, "tasks": map[string]any{"kind": "sinusoid"},
		"algorithm": "maml", "shots": 5, "query_shots": 10,
	}
	for name, v := range changes {
		values[name] = v
	}
	c, err := setting.Parse(values)
	if err != nil {
		t.Fatal(err)
	}
	p, err := NewPlan(nil, c, seed)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestSinusoidFits finds each episode's amplitude and phase from its points
// and holds them against the ranges of the paper.
func TestSinusoidFits(t *testing.T) {
	t.Parallel()
	p := sinusoid(t, nil, 3)
	family := p.Train.(curves).of
	var amplitudes, phases, xs []float64
	for i := range 400 {
		for _, episodes := range []Episodes{p.Train, p.Validation, p.Test} {
			e := episodes.Episode(i)
			if len(e.Support.Examples) != 5 || len(e.Query.Examples) != 10 || len(e.Support.Values) != 5 || len(e.Query.Values) != 10 {
				t.Fatalf("episode %d has %d and %d points", i, len(e.Support.Examples), len(e.Query.Examples))
			}
			x, y := family.Points(slices.Concat(e.Support.Examples, e.Query.Examples))
			if !slices.Equal(y, slices.Concat(e.Support.Values, e.Query.Values)) {
				t.Fatal("the points of an episode have other values than its sets")
			}
			amplitude, phase := fitSine(t, x, y)
			amplitudes, phases = append(amplitudes, amplitude), append(phases, phase)
			for _, v := range x {
				xs = append(xs, float64(v))
			}
		}
	}
	for _, c := range []struct {
		name      string
		values    []float64
		low, high float64
	}{{"amplitude", amplitudes, 0.1, 5}, {"phase", phases, 0, math.Pi}, {"x", xs, -5, 5}} {
		low, high, mean := slices.Min(c.values), slices.Max(c.values), 0.0
		for _, v := range c.values {
			mean += v / float64(len(c.values))
		}
		width := c.high - c.low
		if low < c.low-1e-3 || high > c.high+1e-3 || low > c.low+width/50 || high < c.high-width/50 || math.Abs(mean-(c.low+c.high)/2) > width/30 {
			t.Errorf("%s in [%g, %g] with mean %g, want uniform in [%g, %g]", c.name, low, high, mean, c.low, c.high)
		}
	}
}

// fitSine solves y = a cos(p) sin(x) - a sin(p) cos(x) by least squares.
func fitSine(t *testing.T, x, y []float32) (amplitude, phase float64) {
	t.Helper()
	var ss, sc, cc, sy, cy float64
	for i := range x {
		s, c, v := math.Sin(float64(x[i])), math.Cos(float64(x[i])), float64(y[i])
		ss, sc, cc, sy, cy = ss+s*s, sc+s*c, cc+c*c, sy+s*v, cy+c*v
	}
	det := ss*cc - sc*sc
	a, b := (sy*cc-cy*sc)/det, (cy*ss-sy*sc)/det
	for i := range x {
		if d := a*math.Sin(float64(x[i])) + b*math.Cos(float64(x[i])) - float64(y[i]); math.Abs(d) > 1e-4 {
			t.Fatalf("point %d is %g off the sine", i, d)
		}
	}
	phase = math.Atan2(-b, a)
	if phase < -1e-3 {
		phase += 2 * math.Pi
	}
	return math.Hypot(a, b), phase
}

// TestSinusoidDraws: training follows the run's seed, validation and test
// follow split_seed, and a point does not depend on what else is asked for.
func TestSinusoidDraws(t *testing.T) {
	t.Parallel()
	a, b := sinusoid(t, nil, 1), sinusoid(t, nil, 2)
	if slices.Equal(a.Train.Episode(0).Support.Values, b.Train.Episode(0).Support.Values) {
		t.Error("another seed trains on the same points")
	}
	if !slices.Equal(a.Validation.Episode(7).Query.Values, b.Validation.Episode(7).Query.Values) {
		t.Error("another seed is validated on other points")
	}
	if slices.Equal(a.Validation.Episode(0).Query.Values, a.Test.Episode(0).Query.Values) {
		t.Error("validation and test have the same points")
	}
	e := a.Test.Episode(3)
	family := a.Test.(curves).of
	all := slices.Concat(e.Support.Examples, a.Train.Episode(1).Query.Examples, e.Query.Examples)
	slices.Reverse(all)
	x, y := family.Points(all)
	for i, example := range all {
		if oneX, oneY := family.Points([]int{example}); oneX[0] != x[i] || oneY[0] != y[i] {
			t.Fatalf("example %d is (%g, %g) alone and (%g, %g) in company", example, oneX[0], oneY[0], x[i], y[i])
		}
	}
	other := sinusoid(t, map[string]any{"eval_shots": 7}, 1)
	if n := len(other.Test.Episode(0).Support.Values); n != 7 {
		t.Errorf("%d support points with eval_shots 7", n)
	}
}
