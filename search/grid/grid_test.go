package grid_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/grid"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

var space = search.Space{
	{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
	{Name: "n", Distribution: search.Int{Low: 1, High: 3}},
	{Name: "one", Distribution: search.Float{Low: 2, High: 2}},
	{Name: "s", Distribution: search.Float{Low: 0, High: 1, Step: 0.5}, When: map[string][]any{"c": {"b"}}},
}

const size = 3 + 3*3

// Every configuration is suggested once, in order, also when the study is cut
// off and trials finish out of turn; then nothing is left.
func TestEveryConfigurationOnce(t *testing.T) {
	t.Parallel()
	h := searchtest.NewHistory(search.Minimize)
	var last map[string]float64
	for number := range size {
		s := newSampler(t, grid.Options{}) // as in another process
		params, err := s.Suggest(context.Background(), h, number, space, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := searchtest.Check(space, nil, params); err != nil {
			t.Errorf("trial %d: %v", number, err)
		}
		for _, trial := range h.Trials {
			if cmp.Equal(trial.Params, params) {
				t.Errorf("trial %d repeats %v", number, params)
			}
		}
		h.Trials = append(h.Trials, searchtest.NewTrial(number, space, params))
		last = params
	}
	if diff := cmp.Diff(map[string]float64{"c": 1, "n": 3, "one": 2, "s": 1}, last); diff != "" {
		t.Errorf("the last configuration (-want +got):\n%s", diff)
	}
	s := newSampler(t, grid.Options{})
	if _, err := s.Suggest(context.Background(), h, size, space, nil); !errors.Is(err, search.ErrNothing) {
		t.Errorf("after the last one: error %v, want %v", err, search.ErrNothing)
	}
	// An enqueued configuration is completed all the same.
	params, err := s.Suggest(context.Background(), h, size, space, map[string]any{"n": 2})
	if err != nil || params["n"] != 2 {
		t.Errorf("an enqueued one: %v, %v", params, err)
	}
}

// The trials of an earlier study may be tried again.
func TestEarlierTrials(t *testing.T) {
	t.Parallel()
	h := searchtest.NewHistory(search.Minimize)
	first, err := newSampler(t, grid.Options{}).Suggest(context.Background(), h, 0, space, nil)
	if err != nil {
		t.Fatal(err)
	}
	h.Trials = append(h.Trials, searchtest.NewTrial(-1, space, first))
	again, err := newSampler(t, grid.Options{}).Suggest(context.Background(), h, 0, space, nil)
	if diff := cmp.Diff(first, again); err != nil || diff != "" {
		t.Errorf("error %v, differs (-first +again):\n%s", err, diff)
	}
}

func TestConfigurations(t *testing.T) {
	t.Parallel()
	endless := searchtest.Branin().Space
	for _, test := range []struct {
		name  string
		space search.Space
		o     grid.Options
		most  int
		want  int // 0: refused
	}{
		{"all", space, grid.Options{}, size, size},
		{"more than most", space, grid.Options{}, size - 1, 0},
		{"none", space, grid.Options{}, 0, 0},
		{"continuous", endless, grid.Options{}, 1000, 0},
		{"points", endless, grid.Options{Points: 4}, 1000, 16},
	} {
		study := &search.Study{Definition: search.Definition{Space: test.space}}
		all, ok := newSampler(t, test.o).Configurations(study, test.most)
		if ok != (test.want > 0) || len(all) != test.want {
			t.Errorf("%s: %d, %t, want %d", test.name, len(all), ok, test.want)
		}
		keys := map[string]bool{}
		for _, params := range all {
			keys[search.ConfigKey(test.space, params)] = true
		}
		if len(keys) != len(all) {
			t.Errorf("%s: %d different ones of %d", test.name, len(keys), len(all))
		}
	}
}

func TestPoints(t *testing.T) {
	t.Parallel()
	s := newSampler(t, grid.Options{Points: 3})
	one := search.Space{{Name: "lr", Distribution: search.Float{Low: 1e-4, High: 1, Log: true}}}
	h := searchtest.NewHistory(search.Minimize)
	for number, want := range []float64{1e-4, 1e-2, 1} {
		params, err := s.Suggest(context.Background(), h, number, one, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got := params["lr"]; got < want*(1-1e-9) || got > want*(1+1e-9) {
			t.Errorf("trial %d has lr %v, want %v", number, got, want)
		}
		h.Trials = append(h.Trials, searchtest.NewTrial(number, one, params))
	}
}

func TestErrors(t *testing.T) {
	t.Parallel()
	h := searchtest.NewHistory(search.Minimize)
	_, err := newSampler(t, grid.Options{}).Suggest(context.Background(), h, 0, searchtest.Branin().Space, nil)
	if err == nil || !strings.Contains(err.Error(), `parameter "x1" is continuous`) || !strings.Contains(err.Error(), "points") {
		t.Errorf("a continuous range: %v", err)
	}
	// A continuous parameter that is fixed is no obstacle.
	if _, err := newSampler(t, grid.Options{}).Suggest(context.Background(), h, 0, searchtest.Branin().Space, map[string]any{"x1": 1.0, "x2": 2.0}); err != nil {
		t.Error(err)
	}
	if _, err := newSampler(t, grid.Options{}).Suggest(context.Background(), h, 0, space, map[string]any{"n": 9}); err == nil {
		t.Error("a fixed value outside the range was accepted")
	}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := newSampler(t, grid.Options{}).Suggest(ctx, h, 0, space, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: %v", err)
	}
	for _, points := range []int{-1, 1} {
		if _, err := grid.New(grid.Options{Points: points}); err == nil {
			t.Errorf("%d points were accepted", points)
		}
	}
}

func newSampler(t *testing.T, o grid.Options) *grid.Sampler {
	t.Helper()
	s, err := grid.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return s
}
