package pruner

import (
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// The rungs that a trial has come to at the end, and what they are without a
// lowest one.
func TestRungs(t *testing.T) {
	t.Parallel()
	ended := func(step int) []*search.Trial {
		return []*search.Trial{
			{Number: 0, State: search.Complete, Intermediate: []search.Report{{Step: 1}, {Step: step}}},
			{Number: 1, State: search.Running, Intermediate: []search.Report{{Step: 1}, {Step: 5 * step}}},
		}
	}
	for _, test := range []struct {
		name    string
		options ASHAOptions
		history []*search.Trial
		step    int
		want    []int
	}{
		{"81 steps", ASHAOptions{MaxResource: 81}, nil, 81, []int{11, 22, 44}},
		{"27 steps", ASHAOptions{MaxResource: 27}, nil, 27, []int{4, 8, 16}},
		{"8 steps: the end is no rung", ASHAOptions{MaxResource: 8}, nil, 8, []int{1, 2, 4}},
		{"3 steps", ASHAOptions{MaxResource: 3}, nil, 3, []int{1, 2}},
		{"1 step", ASHAOptions{MaxResource: 1}, nil, 1, nil},
		{"a third of the way", ASHAOptions{MaxResource: 81}, nil, 27, []int{11, 22}},
		{"nothing is complete", ASHAOptions{}, nil, 81, nil},
		{"others took 27 steps", ASHAOptions{}, ended(27), 27, []int{4, 8, 16}},
		{"others took 8 steps: the end is no rung", ASHAOptions{}, ended(8), 8, []int{1, 2, 4}},
		{"steps from 0 to 80", ASHAOptions{}, ended(80), 80, []int{10, 20, 40}},
		{"others had nothing but a step 0", ASHAOptions{}, ended(0), 0, nil},
		{"another reduction", ASHAOptions{MaxResource: 81, Reduction: 4}, nil, 81, []int{11, 44}},
		{"a warm-up", ASHAOptions{MaxResource: 81, WarmupSteps: 20}, nil, 81, []int{20, 40, 80}},
		{"the lowest left out", ASHAOptions{MaxResource: 81, EarlyStopping: 1}, nil, 81, []int{22, 44}},
		{"a lowest one is given", ASHAOptions{MinResource: 3, Reduction: 3}, ended(81), 81, []int{3, 9, 27, 81}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			a, err := NewASHA(test.options)
			if err != nil {
				t.Fatal(err)
			}
			if got := a.rungs(&search.History{Trials: test.history}, test.step); !slices.Equal(got, test.want) {
				t.Errorf("rungs %v, want %v", got, test.want)
			}
		})
	}
}

// A trial that its curve says will not become the best ends in the second half of
// a training, though it is among the better half there, and at the middle where no
// rung is in that half: so in each of Hyperband's brackets.
func TestLeastChance(t *testing.T) {
	t.Parallel()
	// Eight steps; what falls by f from the second to the fourth falls by f once
	// more, and a little otherwise.
	curve := func(number int, start, f float64) *search.Trial {
		c := &search.Trial{Number: number, State: search.Complete}
		for step := 1; step <= 8; step++ {
			c.Intermediate = append(c.Intermediate, search.Report{Step: step, Value: start - f*math.Log2(float64(step)) + 0.01*float64(number%3)})
		}
		c.Values = []float64{c.Intermediate[7].Value}
		return c
	}
	var others []*search.Trial
	for i, f := range []float64{2, 1, 3, 0.5, 2.5, 1.5, 1} {
		others = append(others, curve(i, 20+float64(i%4), f))
	}
	flat, steep := curve(9, 15, 0.1), curve(9, 17.9, 3) // the best of all comes to 13.01
	for _, test := range []struct {
		name    string
		options ASHAOptions
		others  int
		trial   *search.Trial
		want    bool
	}{
		{"nothing more to come", ASHAOptions{MaxResource: 8, LeastChance: 0.1}, 7, flat, true},
		{"the last step of others", ASHAOptions{LeastChance: 0.1}, 7, flat, true},
		{"much to come", ASHAOptions{MaxResource: 8, LeastChance: 0.1}, 7, steep, false},
		{"the rule of the paper", ASHAOptions{MaxResource: 8}, 7, flat, false},
		{"few complete trials", ASHAOptions{MaxResource: 8, LeastChance: 0.1}, 5, flat, false},
		{"the first half", ASHAOptions{MaxResource: 16, LeastChance: 0.1}, 7, flat, false},
		{"rungs at 1 and 3", ASHAOptions{MaxResource: 8, Reduction: 3, LeastChance: 0.1}, 7, flat, true},
		{"a warm-up", ASHAOptions{MaxResource: 8, WarmupSteps: 5, LeastChance: 0.1}, 7, flat, false},
	} {
		for _, maximize := range []bool{false, true} {
			h := &search.History{Study: &search.Study{Directions: []search.Direction{search.Minimize}}}
			sign := 1.0
			if maximize {
				h.Study.Directions[0], sign = search.Maximize, -1
			}
			trial := signed(test.trial, sign)
			trial.Intermediate, trial.State, trial.Values = trial.Intermediate[:4], search.Running, nil
			for _, other := range others[:test.others] {
				h.Trials = append(h.Trials, signed(other, sign))
			}
			a, err := NewASHA(test.options)
			if err != nil {
				t.Fatal(err)
			}
			b, err := NewHyperband(HyperbandOptions{
				MaxResource: test.options.MaxResource, WarmupSteps: test.options.WarmupSteps, LeastChance: test.options.LeastChance,
			})
			if err != nil {
				t.Fatal(err)
			}
			for trial.Number = 9; trial.Number < 20; trial.Number++ { // of several brackets
				for _, p := range []search.Pruner{a, b} {
					if got, err := p.Prune(t.Context(), h, trial); err != nil || got != test.want {
						t.Errorf("%s, maximize %v, %T: trial %d is pruned: %v, %v", test.name, maximize, p, trial.Number, got, err)
					}
				}
			}
		}
	}
	for _, chance := range []float64{-0.1, 1, math.NaN()} {
		_, ofASHA := NewASHA(ASHAOptions{LeastChance: chance})
		_, ofHyperband := NewHyperband(HyperbandOptions{LeastChance: chance})
		if ofASHA == nil || ofHyperband == nil {
			t.Errorf("a least chance of %v was accepted", chance)
		}
	}
}

// signed returns a copy of a trial with its values times sign.
func signed(t *search.Trial, sign float64) *search.Trial {
	c := *t
	c.Intermediate, c.Values = slices.Clone(t.Intermediate), slices.Clone(t.Values)
	for i := range c.Intermediate {
		c.Intermediate[i].Value *= sign
	}
	for i := range c.Values {
		c.Values[i] *= sign
	}
	return &c
}
