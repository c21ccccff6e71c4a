package searchtest

import (
	"fmt"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/hpsearch/hpsearch/search"
)

// testBounds suggests for random spaces with random histories.
func (s Suite) testBounds(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) { SuggestAnywhere(t, s.New) })
}

// SuggestAnywhere draws a seed, a space and a history, and checks what a
// sampler suggests there against the contract.
func SuggestAnywhere(t *rapid.T, newSampler Factory) {
	sampler, err := newSampler(rapid.Int64().Draw(t, "seed"))
	if err != nil {
		t.Fatalf("new sampler: %v", err)
	}
	space := DrawSpace(t)
	h := drawHistory(t, space)
	suggest(t, sampler, h, len(h.Trials), space, nil)
}

// DrawSpace draws a valid space of up to five parameters, some conditional.
func DrawSpace(t *rapid.T) search.Space {
	size := rapid.IntRange(1, 5).Draw(t, "parameters")
	space := make(search.Space, 0, size)
	for i := range size {
		p := search.Param{Name: fmt.Sprintf("p%d", i), Distribution: DrawDistribution(t)}
		if i > 0 && rapid.IntRange(0, 2).Draw(t, "conditional") == 0 {
			parent := space[rapid.IntRange(0, i-1).Draw(t, "parent")]
			if n := search.Cardinality(parent.Distribution); !math.IsInf(n, 1) {
				k := rapid.Int64Range(0, int64(n)-1).Draw(t, "condition")
				v := parent.Distribution.External(search.ValueAt(parent.Distribution, k))
				p.When = map[string][]any{parent.Name: {v}}
			}
		}
		space = append(space, p)
	}
	if err := space.Validate(nil); err != nil {
		t.Fatalf("drew an invalid space: %v", err)
	}
	return space
}

// DrawDistribution draws a valid distribution of any kind.
func DrawDistribution(t *rapid.T) search.Distribution {
	switch rapid.IntRange(0, 5).Draw(t, "kind") {
	case 0:
		low := rapid.Float64Range(-1e300, 1e300).Draw(t, "low")
		return search.Float{Low: low, High: rapid.Float64Range(low, 1e300).Draw(t, "high")}
	case 1:
		low := rapid.Float64Range(1e-300, 1e300).Draw(t, "low")
		return search.Float{Low: low, High: rapid.Float64Range(low, 1e300).Draw(t, "high"), Log: true}
	case 2:
		low := rapid.Float64Range(-1e6, 1e6).Draw(t, "low")
		high := rapid.Float64Range(low, 1e6).Draw(t, "high")
		return search.Float{Low: low, High: high, Step: rapid.Float64Range(1e-3, 1e5).Draw(t, "step")}
	case 3:
		low := rapid.Int64Range(-1<<53, 1<<53).Draw(t, "low")
		high := rapid.Int64Range(low, 1<<53).Draw(t, "high")
		return search.Int{Low: low, High: high, Step: rapid.Int64Range(1, 1<<40).Draw(t, "step")}
	case 4:
		low := rapid.Int64Range(1, 1<<53).Draw(t, "low")
		return search.Int{Low: low, High: rapid.Int64Range(low, 1<<53).Draw(t, "high"), Log: true}
	}
	choices := make([]any, rapid.IntRange(1, 6).Draw(t, "choices"))
	for i := range choices {
		choices[i] = int64(i)
	}
	return search.Categorical{Choices: choices}
}

// drawHistory draws up to 30 trials in any state and with any values, at the
// ends of the ranges more often than uniform draws would be.
func drawHistory(t *rapid.T, space search.Space) *search.History {
	h := NewHistory(rapid.SampledFrom([]search.Direction{search.Minimize, search.Maximize}).Draw(t, "direction"))
	rng := search.Rand(rapid.Int64().Draw(t, "history"), 0, "searchtest")
	for number := range rapid.IntRange(0, 30).Draw(t, "trials") {
		params, err := space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
			switch rng.IntN(4) {
			case 0:
				return search.Nearest(p.Distribution, math.Inf(-1)), nil
			case 1:
				return search.Nearest(p.Distribution, math.Inf(1)), nil
			}
			return search.Uniform(rng, p.Distribution), nil
		})
		if err != nil {
			t.Fatalf("history: %v", err)
		}
		trial := NewTrial(number, space, params)
		value := []float64{rng.NormFloat64(), 0, math.NaN(), math.Inf(1)}[rng.IntN(4)]
		trial.State = []search.State{search.Complete, search.Complete, search.Pruned, search.Running, search.Failed}[rng.IntN(5)]
		switch trial.State {
		case search.Complete:
			trial.Values = []float64{value}
		case search.Pruned:
			trial.Intermediate = []search.Report{{Step: rng.IntN(5), Value: value}}
		case search.Failed:
			trial.Reason = search.ReasonDiverged
		}
		h.Trials = append(h.Trials, trial)
	}
	return h
}
