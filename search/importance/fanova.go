package importance

import (
	"math"
	"math/rand/v2"
	"slices"

	"gonum.org/v1/gonum/stat"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// The forest of fANOVA: as many trees as in Optuna's evaluator.
const (
	trees = 64
	// maxSample bounds what a tree is grown from, so that long studies take
	// seconds.
	maxSample = 2000
)

// FANOVA returns the importance of each parameter of the space, in its order,
// by functional analysis of variance (Hutter et al., "An Efficient Approach
// for Assessing Hyperparameter Importance", ICML 2014): a random forest
// predicts the value, and a parameter's importance is the share of the
// forest's variance over the space that its marginal explains, the mean over
// the trees.
//
// The variance is over the space as a sampler without knowledge draws from
// it: over the logarithm of a log range, unlike in Optuna, and over choices
// rather than over indicators of them. A parameter that some COMPLETE trial
// lacks, because it is conditional, has NaN: [PEDANOVA] can tell. The result
// follows from the trials and the seed.
func FANOVA(space search.Space, trials []*search.Trial, seed int64) []Importance {
	all := usable(space, trials)
	importances := make([]Importance, len(space))
	var axes []axis
	for i, p := range space {
		importances[i].Param = p.Name
		switch {
		case slices.ContainsFunc(all, func(t *search.Trial) bool { _, ok := t.Params[p.Name]; return !ok }):
			importances[i].Value = math.NaN()
		case !p.Distribution.Single():
			axes = append(axes, axis{Axis: cube.NewAxis(p), param: i})
		}
	}
	if len(all) < 2 || len(axes) == 0 {
		return importances
	}
	x, y := matrix(axes, all)
	grown := 0
	for tree := range trees {
		rng := search.Rand(seed, tree, "importance/fanova")
		leaves := grow(axes, x, y, bootstrap(rng, len(y)))
		shares, ok := shares(axes, leaves)
		if !ok {
			continue // a tree of a single leaf explains nothing
		}
		grown++
		for i, a := range axes {
			importances[a.param].Value += shares[i]
		}
	}
	for _, a := range axes {
		importances[a.param].Value /= math.Max(1, float64(grown))
	}
	return normalized(importances)
}

// An axis is a parameter as the trees see it: a range from 0 to 1, or choices
// 0 … Choices-1.
type axis struct {
	cube.Axis
	param int // in the space
}

// at returns the coordinate of an internal value.
func (a *axis) at(v float64) float64 {
	if a.Choices > 0 {
		return v
	}
	return a.Unit(v)
}

// matrix returns the trials' coordinates, a row an axis, and their values,
// less the mean and relative to the largest.
func matrix(axes []axis, trials []*search.Trial) (x [][]float64, y []float64) {
	x, y = make([][]float64, len(axes)), make([]float64, len(trials))
	for i, a := range axes {
		x[i] = make([]float64, len(trials))
		for j, t := range trials {
			x[i][j] = a.at(t.Params[a.Name])
		}
	}
	largest := 0.0
	for j, t := range trials {
		y[j] = t.Value()
		largest = max(largest, math.Abs(y[j]))
	}
	if largest == 0 {
		return x, y
	}
	for j := range y {
		y[j] /= largest // the squares of huge values are infinite
	}
	mean := stat.Mean(y, nil)
	for j := range y {
		y[j] -= mean // of large values little would be left in sums of squares
	}
	return x, y
}

// bootstrap draws trials with replacement.
func bootstrap(rng *rand.Rand, n int) []int {
	sample := make([]int, min(n, maxSample))
	for i := range sample {
		sample[i] = rng.IntN(n)
	}
	return sample
}

// shares returns the share of a tree's variance that the marginal of each
// axis explains; false when the tree has no variance.
func shares(axes []axis, leaves []leaf) ([]float64, bool) {
	values, volumes := make([]float64, len(leaves)), make([]float64, len(leaves))
	for i, l := range leaves {
		values[i], volumes[i] = l.value, l.volume(axes, -1)
	}
	_, total := stat.PopMeanVariance(values, volumes)
	if !(total > 0) {
		return nil, false
	}
	explained := make([]float64, len(axes))
	for i, a := range axes {
		marginal, sizes := a.marginal(axes, leaves, i)
		_, variance := stat.PopMeanVariance(marginal, sizes)
		explained[i] = math.Max(0, variance) / total
	}
	return explained, true
}

// marginal returns the mean of the tree over all other axes, piece by piece
// of this one, and the sizes of the pieces.
func (a axis) marginal(axes []axis, leaves []leaf, i int) (values, sizes []float64) {
	if a.Choices > 0 {
		return a.marginalOfChoices(axes, leaves, i)
	}
	edges := []float64{0, 1}
	for _, l := range leaves {
		edges = append(edges, l.sides[i].low, l.sides[i].high)
	}
	slices.Sort(edges)
	edges = slices.Compact(edges)
	steps := make([]float64, len(edges)) // by how much the marginal changes at an edge
	for _, l := range leaves {
		others := l.value * l.volume(axes, i)
		from, _ := slices.BinarySearch(edges, l.sides[i].low)
		to, _ := slices.BinarySearch(edges, l.sides[i].high)
		steps[from] += others
		steps[to] -= others
	}
	level := 0.0
	for e := range edges[1:] {
		level += steps[e]
		values = append(values, level)
		sizes = append(sizes, edges[e+1]-edges[e])
	}
	return values, sizes
}

func (a axis) marginalOfChoices(axes []axis, leaves []leaf, i int) (values, sizes []float64) {
	values, sizes = make([]float64, a.Choices), make([]float64, a.Choices)
	for c := range values {
		sizes[c] = 1
	}
	for _, l := range leaves {
		others := l.value * l.volume(axes, i)
		for c := range values {
			if l.sides[i].choices[c] {
				values[c] += others
			}
		}
	}
	return values, sizes
}
