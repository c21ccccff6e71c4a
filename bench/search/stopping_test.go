package main

import (
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// The best trial as it was measured is the one that is judged, also where another
// one is better without the noise.
func TestStepsToJudgesWithoutNoise(t *testing.T) {
	t.Parallel()
	space := search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 10}}}
	log := &searchtest.Log{History: searchtest.NewHistory(search.Minimize)}
	for number, trial := range []struct {
		clean, best float64
		state       search.State
	}{
		{5, 5, search.Complete},
		{1, 5, search.Complete}, // measured as worse than 5
		{0, 5, search.Pruned},
		{4, 2, search.Complete},
		{3, 1.5, search.Complete},
	} {
		log.History.Trials = append(log.History.Trials, searchtest.NewTrial(number, space, map[string]float64{"x": trial.clean}))
		log.Moments = append(log.Moments, searchtest.Moment{Steps: 10 * (number + 1), Number: number, State: trial.state, Best: trial.best})
	}
	noisy := searchtest.Family{Clean: func(params map[string]any) float64 { return params["x"].(float64) }}
	for _, test := range []struct {
		name   string
		family searchtest.Family
		goal   float64
		want   int // 0: not reached
	}{
		{"as measured", searchtest.Family{}, 2, 40},
		{"without the noise", noisy, 3, 50},
		{"without the noise, a trial before", noisy, 4.5, 40},
		{"without the noise, not reached", noisy, 2, 0},
	} {
		steps, ok := stepsTo(log, test.family, test.goal)
		if steps != test.want || ok != (test.want > 0) {
			t.Errorf("%s: %d steps, %t; want %d", test.name, steps, ok, test.want)
		}
	}
}

// Families with noise are there with it and without.
func TestFamiliesJudgeNoiseBothWays(t *testing.T) {
	t.Parallel()
	list, err := families()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[string]bool)
	for _, f := range list {
		seen[f.Name] = f.Clean != nil
	}
	if clean, ok := seen["noisy"]; !ok || clean {
		t.Errorf("noisy is there: %t, judged without noise: %t", ok, clean)
	}
	if !seen["noisy"+cleanly] {
		t.Error("noisy is not judged without noise")
	}
	if len(seen) != len(list) {
		t.Errorf("%d families have %d names", len(list), len(seen))
	}
}
