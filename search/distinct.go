package search

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// How hard Distinct tries, in order: draws of the sampler's own, uniform
// draws, and at last a look at up to maxEnumerated configurations.
const (
	ownDraws      = 8
	uniformDraws  = 32
	maxEnumerated = 1 << 14
)

// Distinct returns a configuration that no other trial of the study has,
// whatever became of that trial; those of an earlier study (numbers below 0)
// may be tried again. It asks draw, with attempt = 0, 1, …; when that keeps
// repeating itself, it draws uniformly, and then searches a finite space for
// what is left. Only when the space is exhausted (or too large to
// tell) the first draw is returned. It returns that at once when fixed leaves
// nothing to choose.
//
// rng is used for the uniform draws only.
func Distinct(h *History, number int, space Space, fixed map[string]any, rng *rand.Rand,
	draw func(attempt int) (map[string]float64, error)) (map[string]float64, error) {

	first, err := draw(0)
	if err != nil || !taken(h, number, space, first) {
		return first, err
	}
	free := false // whether pick is ever asked: else all draws are equal
	uniform := func(p Param, _ map[string]float64) (float64, error) {
		free = true
		return Uniform(rng, p.Distribution), nil
	}
	if _, err := space.Fill(fixed, uniform); err != nil || !free {
		return first, err
	}
	for attempt := 1; attempt < ownDraws+uniformDraws; attempt++ {
		var params map[string]float64
		if attempt < ownDraws {
			params, err = draw(attempt)
		} else {
			params, err = space.Fill(fixed, uniform)
		}
		if err != nil || !taken(h, number, space, params) {
			return params, err
		}
	}
	if params := untried(h, number, space, fixed, rng); params != nil {
		return params, nil
	}
	return first, nil
}

// taken reports whether a trial other than number has exactly these
// parameters. It is linear in the number of trials, with an early exit on the
// first parameter that differs; those with the most values come first, since
// by these two configurations are told apart the soonest.
func taken(h *History, number int, space Space, params map[string]float64) bool {
	order := slices.Clone(space)
	slices.SortStableFunc(order, func(a, b Param) int {
		return cmp.Compare(Cardinality(b.Distribution), Cardinality(a.Distribution))
	})
	values := make([]float64, 0, len(params))
	active := make([]string, 0, len(params))
	for _, p := range order {
		if v, ok := params[p.Name]; ok {
			active, values = append(active, p.Name), append(values, v)
		}
	}
	for _, t := range h.Trials {
		if t.Number < 0 || t.Number == number || len(t.Params) != len(params) {
			continue
		}
		equal := true
		for i, name := range active {
			if v, ok := t.Params[name]; !ok || v != values[i] {
				equal = false
				break
			}
		}
		if equal {
			return true
		}
	}
	return false
}

// untried enumerates the space and returns one configuration at random among
// those found that no trial has; nil when there is none or the space has a
// free continuous parameter.
func untried(h *History, number int, space Space, fixed map[string]any, rng *rand.Rand) map[string]float64 {
	for _, p := range space {
		if _, ok := fixed[p.Name]; !ok && math.IsInf(Cardinality(p.Distribution), 1) {
			return nil
		}
	}
	tried := TriedIn(h.Trials, number, space)
	var found map[string]float64
	unseen := 0
	walk := NewWalk(space, fixed, everyValue)
	for range maxEnumerated {
		params, err := walk.Next()
		if err != nil || params == nil {
			break
		}
		if tried.Has(params) {
			continue
		}
		unseen++
		if rng.IntN(unseen) == 0 { // reservoir of one: uniform over what is found
			found = params
		}
	}
	return found
}

// everyValue is what a [Walk] through a whole space asks for.
func everyValue(p Param, k int64) (v, count float64) {
	return ValueAt(p.Distribution, k), Cardinality(p.Distribution)
}
