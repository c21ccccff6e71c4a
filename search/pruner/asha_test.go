package pruner

import (
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
