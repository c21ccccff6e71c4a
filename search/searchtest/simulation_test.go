package searchtest

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

// halves suggests n/2 for trial n.
type halves struct{}

func (halves) Suggest(_ context.Context, _ *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	return space.Fill(fixed, func(search.Param, map[string]float64) (float64, error) { return float64(number) / 2, nil })
}

// above prunes reports above a value.
type above float64

func (a above) Prune(_ context.Context, _ *search.History, t *search.Trial) (bool, error) {
	last, _ := t.Last()
	return last.Value > float64(a), nil
}

func simulation() Simulation {
	return Simulation{
		Space:   search.Space{{Name: "x", Distribution: search.Float{Low: 0, High: 50}}},
		Sampler: halves{},
		Train: func(_ int, params map[string]any) Course {
			x := params["x"].(float64)
			return Course{Values: []float64{x + 1, x}, Step: time.Duration((x + 1) * float64(time.Minute))}
		},
		Trials: 4,
	}
}

// line writes a moment down.
func line(m Moment) string {
	return fmt.Sprintf("%s: trial %d %s, %d steps, best %g", m.Time, m.Number, m.State, m.Steps, m.Best)
}

func TestSimulation(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name   string
		change func(*Simulation)
		want   []string
	}{
		{"one worker", func(s *Simulation) { s.Trials = 2 }, []string{
			"1m0s: trial 0 RUNNING, 1 steps, best NaN",
			"2m0s: trial 0 COMPLETE, 2 steps, best 0",
			"3m30s: trial 1 RUNNING, 3 steps, best 0",
			"5m0s: trial 1 COMPLETE, 4 steps, best 0",
		}},
		{"two workers do not wait for each other", func(s *Simulation) { s.Workers, s.Trials = 2, 3 }, []string{
			"1m0s: trial 0 RUNNING, 1 steps, best NaN",
			"1m30s: trial 1 RUNNING, 2 steps, best NaN",
			"2m0s: trial 0 COMPLETE, 3 steps, best 0",
			"3m0s: trial 1 COMPLETE, 4 steps, best 0",
			"4m0s: trial 2 RUNNING, 5 steps, best 0",
			"6m0s: trial 2 COMPLETE, 6 steps, best 0",
		}},
		{"pruning frees the worker", func(s *Simulation) { s.Pruner, s.Trials = above(1), 3 }, []string{
			"1m0s: trial 0 RUNNING, 1 steps, best NaN",
			"2m0s: trial 0 COMPLETE, 2 steps, best 0",
			"3m30s: trial 1 PRUNED, 3 steps, best 0",
			"5m30s: trial 2 PRUNED, 4 steps, best 0",
		}},
		{"failures, to maximize", func(s *Simulation) {
			s.Direction, s.Trials = search.Maximize, 3
			s.Train = func(number int, _ map[string]any) Course {
				c := Course{Values: []float64{1, float64(number)}, Step: time.Second}
				switch number {
				case 0:
					c.Values[1] = math.NaN()
				case 1:
					c.Fails, c.Reason = 1, search.ReasonOutOfMemory
				}
				return c
			}
		}, []string{
			"1s: trial 0 RUNNING, 1 steps, best NaN",
			"2s: trial 0 FAIL, 2 steps, best NaN",
			"3s: trial 1 FAIL, 3 steps, best NaN",
			"4s: trial 2 RUNNING, 4 steps, best NaN",
			"5s: trial 2 COMPLETE, 5 steps, best 2",
		}},
		{"bounded by steps", func(s *Simulation) { s.Trials, s.Steps = 0, 1 }, []string{
			"1m0s: trial 0 RUNNING, 1 steps, best NaN",
			"2m0s: trial 0 COMPLETE, 2 steps, best 0",
		}},
		{"bounded by time", func(s *Simulation) { s.Trials, s.Time = 0, time.Minute }, []string{
			"1m0s: trial 0 RUNNING, 1 steps, best NaN",
			"2m0s: trial 0 COMPLETE, 2 steps, best 0",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			s := simulation()
			test.change(&s)
			log, err := s.Run(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, m := range log.Moments {
				got = append(got, line(m))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("moments (-want +got):\n%s", diff)
			}
		})
	}
}

func TestSimulationRefuses(t *testing.T) {
	t.Parallel()
	unbounded, empty := simulation(), simulation()
	unbounded.Trials = 0
	empty.Train = func(int, map[string]any) Course { return Course{Step: time.Second} }
	for _, s := range []Simulation{unbounded, empty} {
		if _, err := s.Run(t.Context()); err == nil {
			t.Errorf("%+v was run", s)
		}
	}
}

func TestStepsTo(t *testing.T) {
	t.Parallel()
	s := simulation()
	s.Direction, s.Trials = search.Maximize, 3
	log, err := s.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if steps, ok := log.StepsTo(0.5); steps != 4 || !ok {
		t.Errorf("steps to 0.5: %d, %t, want those of two trials", steps, ok)
	}
	if _, ok := log.StepsTo(7); ok {
		t.Error("7 was reached")
	}
	if last := log.Last(); last.Best != 1 || last.Steps != 6 {
		t.Errorf("last moment %+v", last)
	}
}
