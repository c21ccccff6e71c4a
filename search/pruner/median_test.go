package pruner

import (
	"context"
	"errors"
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

var nan = math.NaN()

// peers returns COMPLETE trials that reported these values at steps 0, 1, ….
func peers(curves ...[]float64) []*search.Trial {
	trials := make([]*search.Trial, len(curves))
	for i, curve := range curves {
		trials[i] = running(i, curve...)
		trials[i].State, trials[i].Values = search.Complete, []float64{0}
	}
	return trials
}

func running(number int, curve ...float64) *search.Trial {
	t := &search.Trial{Number: number, State: search.Running}
	for step, v := range curve {
		t.Intermediate = append(t.Intermediate, search.Report{Step: step, Value: v})
	}
	return t
}

func at(steps []int, values ...float64) *search.Trial {
	t := running(99, values...)
	for i := range steps {
		t.Intermediate[i].Step = steps[i]
	}
	return t
}

// The expectations, where no NaN is the latest report, are what optuna 5.0.0's
// MedianPruner says to the same trials.
func TestMedian(t *testing.T) {
	t.Parallel()
	flat := peers([]float64{1, 1, 1}, []float64{2, 2, 2}, []float64{3, 3, 3})
	even := peers([]float64{1, 1}, []float64{2, 2}, []float64{3, 3}, []float64{10, 10})
	for _, test := range []struct {
		name     string
		options  MedianOptions
		maximize bool
		history  []*search.Trial
		trial    *search.Trial
		want     bool
	}{
		{"worse than the median", MedianOptions{StartupTrials: 1}, false, flat, running(9, 2.5), true},
		{"equal to the median", MedianOptions{StartupTrials: 1}, false, flat, running(9, 2), false},
		{"better than the median", MedianOptions{StartupTrials: 1}, false, flat, running(9, 1.5), false},
		{"maximize: worse", MedianOptions{StartupTrials: 1}, true, flat, running(9, 1.5), true},
		{"maximize: better", MedianOptions{StartupTrials: 1}, true, flat, running(9, 2.5), false},
		{"even number: above the middle", MedianOptions{StartupTrials: 1}, false, even, running(9, 2.6), true},
		{"even number: in the middle", MedianOptions{StartupTrials: 1}, false, even, running(9, 2.4), false},
		{"an earlier report was good", MedianOptions{StartupTrials: 1}, false, flat, running(9, 1, 9), false},
		{"too few trials by default", MedianOptions{}, false, flat, running(9, 99), false},
		{"too few trials", MedianOptions{StartupTrials: 4}, false, flat, running(9, 99), false},
		{"enough trials", MedianOptions{StartupTrials: 3}, false, flat, running(9, 99), true},
		{"no peers", MedianOptions{StartupTrials: 1}, false, nil, running(9, 99), false},
		{"no report", MedianOptions{StartupTrials: 1}, false, flat, running(9), false},
		{"in the warm-up", MedianOptions{StartupTrials: 1, WarmupSteps: 2}, false, flat, running(9, 99, 99), false},
		{"after the warm-up", MedianOptions{StartupTrials: 1, WarmupSteps: 2}, false, flat, running(9, 99, 99, 99), true},
		{"a step that nobody reported", MedianOptions{StartupTrials: 1}, false, flat, at([]int{7}, 99), false},
		{"between two decisions", MedianOptions{StartupTrials: 1, Interval: 2}, false, flat, running(9, 1, 99), false},
		{"between two decisions, after one that was missed", MedianOptions{StartupTrials: 1, Interval: 2, WarmupSteps: 1}, false, flat, at([]int{0, 2}, 99, 99), true},
		{"at a decision", MedianOptions{StartupTrials: 1, Interval: 2}, false, flat, running(9, 99, 99, 99), true},
		{"too few peers at the step", MedianOptions{StartupTrials: 1, MinTrials: 4}, false, flat, running(9, 99), false},
		{"enough peers at the step", MedianOptions{StartupTrials: 1, MinTrials: 3}, false, flat, running(9, 99), true},
		{"NaN", MedianOptions{StartupTrials: 1}, false, flat, running(9, nan), true},
		{"NaN, maximize", MedianOptions{StartupTrials: 1}, true, flat, running(9, nan), true},
		{"NaN after a good report", MedianOptions{StartupTrials: 1}, false, flat, running(9, 1, nan), true},
		{"NaN at a step that nobody reported", MedianOptions{StartupTrials: 1}, false, flat, at([]int{7}, nan), true},
		{"NaN before enough trials", MedianOptions{}, false, flat, running(9, nan), false},
		{"NaN in the warm-up", MedianOptions{StartupTrials: 1, WarmupSteps: 1}, false, flat, running(9, nan), false},
		{"an earlier NaN", MedianOptions{StartupTrials: 1}, false, flat, running(9, nan, 1), false},
		{"NaN among the peers", MedianOptions{StartupTrials: 1}, false, peers([]float64{nan}, []float64{1}, []float64{3}), running(9, 2.5), true},
		{"only NaN among the peers", MedianOptions{StartupTrials: 1}, false, peers([]float64{nan}, []float64{nan}), running(9, 99), false},
		{"infinite", MedianOptions{StartupTrials: 1}, false, flat, running(9, math.Inf(1)), true},
		{"pruned and running trials are no peers", MedianOptions{StartupTrials: 1}, false, []*search.Trial{running(0, 1), {Number: 1, State: search.Pruned, Intermediate: running(1, 1).Intermediate}}, running(9, 99), false},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			m, err := NewMedian(test.options)
			if err != nil {
				t.Fatal(err)
			}
			h := &search.History{Study: &search.Study{Directions: []search.Direction{search.Minimize}}, Trials: test.history}
			if test.maximize {
				h.Study.Directions[0] = search.Maximize
			}
			got, err := m.Prune(context.Background(), h, test.trial)
			if err != nil || got != test.want {
				t.Errorf("prune is %t, %v; want %t", got, err, test.want)
			}
		})
	}
}

func TestMedianRefusesNegatives(t *testing.T) {
	t.Parallel()
	for _, o := range []MedianOptions{{StartupTrials: -1}, {WarmupSteps: -1}, {Interval: -1}, {MinTrials: -1}} {
		if _, err := NewMedian(o); err == nil {
			t.Errorf("NewMedian(%+v) succeeded", o)
		}
	}
}

func TestMedianCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	m, err := NewMedian(MedianOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Prune(ctx, &search.History{}, running(0, 1)); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestNone(t *testing.T) {
	t.Parallel()
	got, err := None{}.Prune(context.Background(), &search.History{Trials: peers([]float64{1})}, running(9, nan))
	if got || err != nil {
		t.Errorf("prune is %t, %v", got, err)
	}
}
