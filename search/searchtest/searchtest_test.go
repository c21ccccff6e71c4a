package searchtest

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

func TestObjectivesReachTheirOptimum(t *testing.T) {
	t.Parallel()
	vector := func(values ...float64) map[string]any {
		params := make(map[string]any)
		for i, name := range axes(len(values)) {
			params[name] = values[i]
		}
		return params
	}
	mixedAt := func(optimizer string, extra string, v float64) map[string]any {
		return map[string]any{"optimizer": optimizer, "lr": 0.01, "layers": int64(4), "width": int64(128), "dropout": 0.1, extra: v}
	}
	for _, test := range []struct {
		objective Objective
		at        map[string]any
		want      float64
	}{
		{Branin(), map[string]any{"x1": math.Pi, "x2": 2.275}, Branin().Optimum},
		{Branin(), map[string]any{"x1": -math.Pi, "x2": 12.275}, Branin().Optimum},
		{Branin(), map[string]any{"x1": 0.0, "x2": 0.0}, 55.602112642270264},
		{Hartmann6(), vector(0.20168952, 0.15001069, 0.47687398, 0.27533243, 0.31165162, 0.65730054), Hartmann6().Optimum},
		{Rosenbrock(8), vector(1, 1, 1, 1, 1, 1, 1, 1), 0},
		{Rosenbrock(2), vector(0, 1), 101},
		{Mixed(), mixedAt("sgd", "momentum", 0.9), 0},
		{Mixed(), mixedAt("adam", "beta", 0.9), 0.1},
		{Mixed(), mixedAt("none", "", 0), 2},
	} {
		if got := test.objective.Value(test.at); math.Abs(got-test.want) > 1e-9 {
			t.Errorf("%s at %v is %.12g, want %.12g", test.objective.Name, test.at, got, test.want)
		}
	}
	for _, o := range append(Objectives(), Rosenbrock(60)) {
		if err := o.Space.Validate(nil); err != nil {
			t.Errorf("%s: %v", o.Name, err)
		}
	}
}

// The conformance suite would notice each of these.
func TestCheckNotices(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "a", Distribution: search.Categorical{Choices: []any{"x", "y"}}},
		{Name: "b", Distribution: search.Int{Low: 1, High: 3}, When: map[string][]any{"a": {"y"}}},
	}
	for _, test := range []struct {
		params map[string]float64
		fixed  map[string]any
		want   string // part of the error; none when empty
	}{
		{map[string]float64{"a": 0}, nil, ""},
		{map[string]float64{"a": 1, "b": 3}, map[string]any{"a": "y"}, ""},
		{map[string]float64{}, nil, `parameter "a": active is true`},
		{map[string]float64{"a": 1}, nil, `parameter "b": active is true`},
		{map[string]float64{"a": 0, "b": 1}, nil, `parameter "b": active is false`},
		{map[string]float64{"a": 1, "b": 4}, nil, "4 is not in"},
		{map[string]float64{"a": 1, "b": math.NaN()}, nil, "NaN is not in"},
		{map[string]float64{"a": 0, "c": 1}, nil, "2 values for 1 active"},
		{map[string]float64{"a": 0}, map[string]any{"a": "y"}, "was fixed to y"},
	} {
		err := Check(space, test.fixed, test.params)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%v: unexpected error %v", test.params, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%v: error %v, want one with %q", test.params, err, test.want)
		}
	}
}

// scripted suggests x = number and notes what it saw of the history.
type scripted struct{ seen []string }

func (s *scripted) Suggest(_ context.Context, h *search.History, number int, _ search.Space, _ map[string]any) (map[string]float64, error) {
	var states strings.Builder
	for _, t := range h.Trials {
		states.WriteByte(t.State[0])
	}
	s.seen = append(s.seen, states.String())
	return map[string]float64{"x": float64(number)}, nil
}

func TestRunKeepsTrialsPending(t *testing.T) {
	t.Parallel()
	o := Objective{
		Name:  "count",
		Space: search.Space{{Name: "x", Distribution: search.Int{Low: 0, High: 9}}},
		Value: func(params map[string]any) float64 { return float64(10 - params["x"].(int64)) },
	}
	s := &scripted{}
	h, err := Run(s, o, 5, 3)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(s.seen), "[ R RR CRR CCRR]"; got != want {
		t.Errorf("saw %s, want %s (Complete, Running)", got, want)
	}
	if got := Lowest(h); got != 6 || len(h.Trials) != 5 {
		t.Errorf("the lowest of %d trials is %v, want 6 of 5", len(h.Trials), got)
	}
}
