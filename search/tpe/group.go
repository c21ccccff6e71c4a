package tpe

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// A group is a set of parameters that exist under the same conditions and are
// therefore sampled jointly (Optuna's group decomposition: a parameter that
// exists in only some of the trials would otherwise leave the joint estimate
// with those trials alone).
type group struct {
	names         []string
	distributions []search.Distribution
	good, bad     *mixture
}

// decompose divides the parameters that have more than one value into groups
// by their conditions, in the order of their first members.
func decompose(space search.Space) []*group {
	var groups []*group
	byCondition := make(map[string]*group)
	for _, p := range space {
		if p.Distribution.Single() {
			continue
		}
		key := conditionKey(p.When)
		g := byCondition[key]
		if g == nil {
			g = &group{}
			byCondition[key] = g
			groups = append(groups, g)
		}
		g.names = append(g.names, p.Name)
		g.distributions = append(g.distributions, p.Distribution)
	}
	return groups
}

// conditionKey is equal for conditions that are written alike, up to order.
func conditionKey(when map[string][]any) string {
	terms := make([]string, 0, len(when))
	for name, values := range when {
		options := make([]string, len(values))
		for i, v := range values {
			options[i] = fmt.Sprintf("%#v", v)
		}
		slices.Sort(options)
		terms = append(terms, fmt.Sprintf("%q=%s", name, strings.Join(options, ",")))
	}
	slices.SortFunc(terms, cmp.Compare)
	return strings.Join(terms, ";")
}

// fit estimates the densities of the good and the bad trials.
func (g *group) fit(o observations) {
	bad, kept := g.points(o.bad)
	weights := recencyWeights(len(kept))
	running := 0
	for k, i := range kept {
		if o.bad[i].State == search.Running {
			weights[k] *= runningWeight
			running++
		}
	}
	g.bad = newMixture(g.distributions, bad, weights)

	good, kept := g.points(o.good)
	weights = make([]float64, 0, len(kept)+2)
	for _, i := range kept {
		weights = append(weights, o.weight[i])
	}
	if running > 0 && len(good) >= fewestMerged {
		good, weights = append(good, g.centre(good, weights)), append(weights, float64(running))
	}
	g.good = newMixture(g.distributions, good, append(weights, 1))
}

// runningWeight is the weight of a RUNNING trial among the bad ones. The lie
// that it is bad need only keep other suggestions from the same place: with
// the weight of a trial that was measured it drives them out of a good region
// in which eight workers look. With 30 seeds and eight workers bench/search
// sees little difference from 0.07 to 0.4; against that, 1 makes the distances
// to the optimum larger by a fifth on the functions held out and not on the
// others, and 0 by a third on the others.
const runningWeight = 0.15

// points returns the group's values in the trials that have all of them, and
// the places of those trials. A value that the distribution does not contain,
// because the space was another when the trial was made, leaves the trial out.
func (g *group) points(trials []*search.Trial) (points [][]float64, kept []int) {
	d := len(g.names)
	points = make([][]float64, 0, len(trials))
	kept = make([]int, 0, len(trials))
	flat := make([]float64, 0, d*len(trials))
	for i, t := range trials {
		start := len(flat)
		for j, name := range g.names {
			v, ok := t.Params[name]
			if !ok || !cube.Compatible(t.Distributions[name], g.distributions[j], v) {
				break
			}
			flat = append(flat, v)
		}
		if len(flat)-start < d {
			flat = flat[:start]
			continue
		}
		points = append(points, flat[start:len(flat):len(flat)])
		kept = append(kept, i)
	}
	return points, kept
}

// suggest draws candidates from the density of the good trials and returns
// the one with the largest ratio of the good to the bad density, which has
// the largest expected improvement (Bergstra et al. 2011, equation 6). Values
// of known that are not NaN are kept. A candidate whose key is in tried wins
// only over others like it.
func (g *group) suggest(rng *rand.Rand, candidates int, known []float64, tried map[string]bool) []float64 {
	var winner []float64
	highest, repeats := math.Inf(-1), true
	for _, point := range g.good.sample(rng, candidates, known) {
		score := g.good.logDensity(point) - g.bad.logDensity(point)
		again := len(tried) > 0 && tried[keyOf(point)]
		better := score > highest // never, where it is NaN
		if winner == nil || repeats && !again || repeats == again && better {
			winner, highest, repeats = point, score, again
		}
	}
	return winner
}

// triedIn returns the keys of the group's values in the trials other than
// number; as for [search.Distinct], those of an earlier study do not count.
func triedIn(h *search.History, number int, g *group) map[string]bool {
	tried := make(map[string]bool, len(h.Trials))
	point := make([]float64, len(g.names))
	for _, t := range h.Trials {
		if t.Number < 0 || t.Number == number {
			continue
		}
		for j, name := range g.names {
			v, ok := t.Params[name]
			if !ok {
				v = math.NaN() // equal to no value
			}
			point[j] = v
		}
		tried[keyOf(point)] = true
	}
	return tried
}

// keyOf is equal for equal points.
func keyOf(point []float64) string {
	key := make([]byte, 0, 8*len(point))
	for _, v := range point {
		key = binary.LittleEndian.AppendUint64(key, math.Float64bits(v+0)) // +0: -0 equals 0
	}
	return string(key)
}
