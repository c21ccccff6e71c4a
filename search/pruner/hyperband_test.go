package pruner

import (
	"context"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// The brackets get as many trials as the paper's algorithm starts in them.
func TestShares(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name    string
		options HyperbandOptions
		most    int
		want    []int
	}{
		{"from 1 to 81 by 3, as in the paper", HyperbandOptions{MinResource: 1, Reduction: 3}, 81, []int{81, 34, 15, 8, 5}},
		{"from 3 to 27 by 3", HyperbandOptions{MinResource: 3, Reduction: 3}, 27, []int{9, 5, 3}},
		{"from 4 to 27 by 2", HyperbandOptions{MinResource: 4, Reduction: 2}, 27, []int{4, 3, 3}},
	} {
		if got := test.options.shares(test.most); !slices.Equal(got, test.want) {
			t.Errorf("%s: shares %v, want %v", test.name, got, test.want)
		}
	}
}

// Without options, trials are cut first at a ninth of what the complete ones
// took, and at nothing before there is one.
func TestHyperbandLearnsTheLength(t *testing.T) {
	t.Parallel()
	b, err := NewHyperband(HyperbandOptions{})
	if err != nil {
		t.Fatal(err)
	}
	const steps = 27
	curve := func(number int, value func(step int) float64) *search.Trial {
		t := &search.Trial{Number: number, State: search.Complete}
		for step := 1; step <= steps; step++ {
			t.Intermediate = append(t.Intermediate, search.Report{Step: step, Value: value(step)})
		}
		return t
	}
	h := &search.History{Study: &search.Study{Name: "length", Directions: []search.Direction{search.Minimize}}}
	for number := range 60 {
		h.Trials = append(h.Trials, curve(number, func(int) float64 { return 0 }))
	}
	bad := curve(60, func(step int) float64 { return float64(step) })
	bad.State = search.Running
	reports, cuts := bad.Intermediate, 0
	for step := 1; step <= steps; step++ {
		bad.Intermediate = reports[:step]
		prune, err := b.Prune(context.Background(), h, bad)
		if err != nil {
			t.Fatal(err)
		}
		if prune {
			cuts++
		}
		if prune && !slices.Contains([]int{3, 9}, step) {
			t.Errorf("cut at step %d", step)
		}
	}
	if cuts == 0 {
		t.Error("a trial worse than all others was never cut")
	}
	bad.Intermediate = reports[:3]
	for _, other := range h.Trials {
		other.State = search.Running
	}
	if prune, err := b.Prune(context.Background(), h, bad); prune || err != nil {
		t.Errorf("before a trial was complete: %t, %v", prune, err)
	}
}
