package searchtest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"

	"github.com/hpsearch/hpsearch/search"
)

// A Tradeoff is a function of several values, all to be minimized.
type Tradeoff struct {
	Name  string
	Space search.Space
	// Reference is the point that hypervolumes are measured from, and Volume
	// that of the whole Pareto front.
	Reference []float64
	Volume    float64
	// Values takes external parameter values. It is safe for concurrent use.
	Values func(params map[string]any) []float64
}

// Tradeoffs returns all tradeoffs of this package.
func Tradeoffs() []Tradeoff {
	return []Tradeoff{ZDT(1, 10), ZDT(2, 10), ZDT(3, 10), DTLZ2(3, 7), MixedTradeoff()}
}

// ZDT returns one of the first three functions of E. Zitzler, K. Deb, L.
// Thiele, "Comparison of multiobjective evolutionary algorithms: empirical
// results", Evolutionary Computation 8(2), 2000: fronts that are convex (1),
// concave (2) and in five pieces (3).
func ZDT(kind, dimensions int) Tradeoff {
	names := numbered(dimensions)
	shape := map[int]func(f, g float64) float64{
		1: func(f, g float64) float64 { return 1 - math.Sqrt(f/g) },
		2: func(f, g float64) float64 { return 1 - f/g*f/g },
		3: func(f, g float64) float64 { return 1 - math.Sqrt(f/g) - f/g*math.Sin(10*math.Pi*f) },
	}[kind]
	t := Tradeoff{
		Name: fmt.Sprintf("zdt%d", kind), Space: cube(names, 0, 1), Reference: []float64{1.1, 5},
		Values: func(params map[string]any) []float64 {
			f, rest := params[names[0]].(float64), 0.0
			for _, name := range names[1:] {
				rest += params[name].(float64)
			}
			g := 1 + 9*rest/float64(dimensions-1)
			return []float64{f, g * shape(f, g)}
		},
	}
	const steps = 200_000
	lowest := math.Inf(1)
	for i := range steps { // the area between the front, where g is 1, and the reference
		f := (float64(i) + 0.5) / steps
		lowest = min(lowest, shape(f, 1))
		t.Volume += (t.Reference[1] - lowest) / steps
	}
	t.Volume += 0.1 * (t.Reference[1] - lowest)
	return t
}

// DTLZ2 is the second function of K. Deb, L. Thiele, M. Laumanns, E. Zitzler,
// "Scalable test problems for evolutionary multiobjective optimization", 2005:
// its front is the part of the unit sphere with no coordinate below 0. There
// are two or three objectives.
func DTLZ2(objectives, dimensions int) Tradeoff {
	names := numbered(dimensions)
	t := Tradeoff{
		Name: "dtlz2", Space: cube(names, 0, 1), Reference: slices.Repeat([]float64{1.1}, objectives),
		Values: func(params map[string]any) []float64 {
			g := 0.0
			for _, name := range names[objectives-1:] {
				d := params[name].(float64) - 0.5
				g += d * d
			}
			values := slices.Repeat([]float64{1 + g}, objectives)
			for i := range values {
				for _, name := range names[:objectives-1-i] {
					values[i] *= math.Cos(params[name].(float64) * math.Pi / 2)
				}
				if i > 0 {
					values[i] *= math.Sin(params[names[objectives-1-i]].(float64) * math.Pi / 2)
				}
			}
			return values
		},
	}
	// What the sphere or the circle cuts out of the cube is not dominated.
	t.Volume = math.Pow(1.1, float64(objectives)) - map[int]float64{2: math.Pi / 4, 3: math.Pi / 6}[objectives]
	return t
}

// MixedTradeoff is [Mixed] beside what a configuration costs, made up, too:
// the logarithm of layers times width, which depends on the optimizer.
// Its front is not known; Volume is the best that long searches have found.
func MixedTradeoff() Tradeoff {
	o := Mixed()
	return Tradeoff{
		Name: "mixed", Space: o.Space, Reference: []float64{4, 14}, Volume: 39.84,
		Values: func(params map[string]any) []float64 {
			cost := math.Log2(float64(params["layers"].(int64)) * float64(params["width"].(int64)))
			if params["optimizer"] == "adam" {
				cost++
			}
			return []float64{o.Value(params), cost}
		},
	}
}

// RunTradeoff is [Run] for a tradeoff.
func RunTradeoff(sampler search.Sampler, t Tradeoff, trials, parallel int) (*search.History, error) {
	h := NewHistory(search.Minimize)
	h.Study.Directions = t.directions()
	for number := range trials {
		if done := number - parallel; done >= 0 {
			t.complete(h, done)
		}
		params, err := sampler.Suggest(context.Background(), h, number, t.Space, nil)
		if err != nil {
			return nil, fmt.Errorf("%s, trial %d: %w", t.Name, number, err)
		}
		h.Trials = append(h.Trials, NewTrial(number, t.Space, params))
	}
	for number := max(0, trials-parallel); number < trials; number++ {
		t.complete(h, number)
	}
	return h, nil
}

func (t Tradeoff) directions() []search.Direction {
	return slices.Repeat([]search.Direction{search.Minimize}, len(t.Reference))
}

// complete replaces a RUNNING trial by its COMPLETE copy.
func (t Tradeoff) complete(h *search.History, number int) {
	done := *h.Trials[number]
	done.State = search.Complete
	done.Values = t.Values(done.External())
	h.Trials[number] = &done
}

// Share returns the hypervolume that the COMPLETE trials dominate, as a share
// of what the front does.
func (t Tradeoff) Share(trials []*search.Trial) float64 {
	var points [][]float64
	for _, trial := range search.ParetoFront(t.directions(), trials) { // the others add nothing but time
		points = append(points, trial.Values)
	}
	return Hypervolume(points, t.Reference) / t.Volume
}

// Hypervolume returns the volume of all that is dominated by at least one of
// the points and dominates the reference; lower is better. Its time grows with
// the power of the number of objectives less one.
func Hypervolume(points [][]float64, reference []float64) float64 {
	var inside [][]float64
	for _, p := range points {
		within := true
		for i, v := range p {
			within = within && v < reference[i]
		}
		if within {
			inside = append(inside, p)
		}
	}
	return sliced(inside, reference)
}

// sliced sums the slices between one value of the last objective and the
// next (E. Zitzler's hypervolume by slicing objectives).
func sliced(points [][]float64, reference []float64) float64 {
	last := len(reference) - 1
	if last == 0 {
		lowest := reference[0]
		for _, p := range points {
			lowest = min(lowest, p[0])
		}
		return reference[0] - lowest
	}
	points = slices.Clone(points)
	slices.SortFunc(points, func(a, b []float64) int {
		switch {
		case a[last] < b[last]:
			return -1
		case a[last] > b[last]:
			return 1
		}
		return 0
	})
	volume := 0.0
	for i, p := range points {
		top := reference[last]
		if i+1 < len(points) {
			top = points[i+1][last]
		}
		if top > p[last] {
			volume += (top - p[last]) * sliced(points[:i+1], reference[:last])
		}
	}
	return volume
}

func numbered(n int) []string {
	names := make([]string, n)
	for i := range names {
		names[i] = "x" + strconv.Itoa(i)
	}
	return names
}

// WithTwoObjectives lets [Suite] test a sampler on studies of two objectives:
// the sampler sees every trial with a second value, which goes up where the
// first goes down.
func WithTwoObjectives(next Factory) Factory {
	return func(seed int64) (search.Sampler, error) {
		s, err := next(seed)
		return doubled{s}, err
	}
}

type doubled struct{ search.Sampler }

// Suggest implements [search.Sampler].
func (d doubled) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	study := *h.Study
	study.Directions = []search.Direction{h.Study.Direction(), search.Minimize}
	seen := &search.History{Study: &study, Trials: make([]*search.Trial, len(h.Trials))}
	for i, t := range h.Trials {
		two := *t
		if len(t.Values) == 1 {
			two.Values = []float64{t.Values[0], -t.Values[0] * t.Values[0]}
		}
		seen.Trials[i] = &two
	}
	return d.Sampler.Suggest(ctx, seen, number, space, fixed)
}
