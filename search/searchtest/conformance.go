package searchtest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

// A Factory makes the sampler under test.
type Factory func(seed int64) (search.Sampler, error)

// A Suite says what is expected of a sampler beside the contract.
type Suite struct {
	New Factory
	// Unseeded leaves out the checks that equal seeds give equal suggestions.
	Unseeded bool
	// Converges leaves out the check that other seeds give other suggestions:
	// the sampler looks for the best point, and may find it from anywhere.
	Converges bool
}

// Run checks the contract of [search.Sampler] in subtests.
func (s Suite) Run(t *testing.T) {
	t.Run("distributions", s.testDistributions)
	t.Run("histories", s.testHistories)
	t.Run("conditional", s.testConditional)
	t.Run("fixed", s.testFixed)
	t.Run("distinct", s.testDistinct)
	t.Run("changed space", s.testChangedSpace)
	t.Run("earlier study", s.testEarlier)
	t.Run("cancelled", s.testCancelled)
	t.Run("bounds", s.testBounds)
	if !s.Unseeded {
		t.Run("seed", s.testSeed)
	}
}

func (s Suite) sampler(t testing.TB, seed int64) search.Sampler {
	t.Helper()
	sampler, err := s.New(seed)
	if err != nil {
		t.Fatalf("new sampler: %v", err)
	}
	return sampler
}

// fataler is what testing.T and rapid.T have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// suggest asks for a suggestion and checks it against the contract.
func suggest(t fataler, sampler search.Sampler, h *search.History, number int, space search.Space, fixed map[string]any) map[string]float64 {
	t.Helper()
	params, err := sampler.Suggest(context.Background(), h, number, space, fixed)
	if err != nil {
		t.Fatalf("trial %d: %v", number, err)
	}
	if err := Check(space, fixed, params); err != nil {
		t.Fatalf("trial %d: %v", number, err)
	}
	return params
}

// Check reports how a suggestion breaks the contract: it must hold a
// contained value for every active parameter, fixed ones unchanged, and
// nothing else.
func Check(space search.Space, fixed map[string]any, params map[string]float64) error {
	chosen := maps.Clone(fixed)
	if chosen == nil {
		chosen = make(map[string]any)
	}
	active := 0
	for _, p := range space {
		v, ok := params[p.Name]
		if on := p.Active(chosen); on != ok {
			return fmt.Errorf("parameter %q: active is %t, suggested is %t, in %v", p.Name, on, ok, params)
		}
		if !ok {
			delete(chosen, p.Name)
			continue
		}
		active++
		if !p.Distribution.Contains(v) {
			return fmt.Errorf("parameter %q: %v is not in %v", p.Name, v, p.Distribution)
		}
		if want, isFixed := fixed[p.Name]; isFixed {
			if internal, err := p.Distribution.Internal(want); err != nil || internal != v {
				return fmt.Errorf("parameter %q was fixed to %v and became %v", p.Name, want, v)
			}
		}
		chosen[p.Name] = p.Distribution.External(v)
	}
	if active != len(params) {
		return fmt.Errorf("%d values for %d active parameters: %v", len(params), active, params)
	}
	return nil
}

// Distributions returns one distribution of every kind, the awkward included.
func Distributions() []search.Distribution {
	return []search.Distribution{
		search.Float{Low: -1, High: 1},
		search.Float{Low: 3, High: 3},
		search.Float{Low: 1, High: math.Nextafter(1, 2)},
		search.Float{Low: -8e307, High: 8e307},
		search.Float{Low: 1e-6, High: 1e-1, Log: true},
		search.Float{Low: 5e-324, High: 1e308, Log: true},
		search.Float{Low: 0, High: 1, Step: 0.1},
		search.Float{Low: 0, High: 1, Step: 0.3},
		search.Float{Low: -2, High: 5, Step: 100},
		search.Int{Low: 0, High: 1},
		search.Int{Low: -7, High: 7},
		search.Int{Low: 4, High: 4},
		search.Int{Low: 0, High: 10, Step: 4},
		search.Int{Low: 1, High: 1024, Log: true},
		search.Int{Low: 1, High: 2, Log: true},
		search.Int{Low: 285874132624031, High: 285874132624032, Log: true}, // whose logarithms are equal
		search.Float{Low: 1, High: math.Nextafter(1, 2), Log: true},
		search.Int{Low: -1 << 53, High: 1 << 53},
		search.Categorical{Choices: []any{"only"}},
		search.Categorical{Choices: []any{nil, true, int64(1), 2.5, "x"}},
	}
}

func (s Suite) testDistributions(t *testing.T) {
	t.Parallel()
	for i, d := range Distributions() {
		t.Run(fmt.Sprint(d), func(t *testing.T) {
			t.Parallel()
			sampler := s.sampler(t, int64(i))
			space := search.Space{{Name: "p", Distribution: d}}
			h := NewHistory(search.Maximize)
			for number := range 40 {
				params := suggest(t, sampler, h, number, space, nil)
				trial := NewTrial(number, space, params)
				trial.State, trial.Values = search.Complete, []float64{params["p"]}
				h.Trials = append(h.Trials, trial)
			}
		})
	}
}

func (s Suite) testConditional(t *testing.T) {
	t.Parallel()
	o := Mixed()
	h, err := Run(s.sampler(t, 4), o, 60, 3)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[any]bool)
	for _, trial := range h.Trials {
		if err := Check(o.Space, nil, trial.Params); err != nil {
			t.Errorf("trial %d: %v", trial.Number, err)
		}
		seen[trial.External()["optimizer"]] = true
	}
	if len(seen) != 3 {
		t.Errorf("of three branches only %v were tried in 60 trials", seen)
	}
}

func (s Suite) testFixed(t *testing.T) {
	t.Parallel()
	o := Mixed()
	sampler := s.sampler(t, 5)
	h, err := Run(sampler, o, 30, 1)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]any{"optimizer": "sgd", "lr": 0.01, "layers": 4, "width": int64(128), "dropout": 0.1, "momentum": 0.9}
	for _, test := range []struct {
		name    string
		history *search.History
		fixed   map[string]any
	}{
		{"at the start", NewHistory(search.Minimize), map[string]any{"optimizer": "adam", "width": 8}},
		{"one", h, map[string]any{"lr": 1.0}},
		{"other settings", h, map[string]any{"model": []any{"a", "b"}, "ways": 5}},
		{"inactive ones are left out", h, map[string]any{"optimizer": "none", "momentum": 0.5}},
		{"all", h, all},
	} {
		suggest(t, sampler, test.history, 30, o.Space, test.fixed)
	}
	// A configuration that was tried is not replaced when all of it is fixed.
	again := NewTrial(30, o.Space, suggest(t, sampler, h, 30, o.Space, all))
	h.Trials = append(h.Trials, again)
	if diff := cmp.Diff(again.Params, suggest(t, sampler, h, 31, o.Space, all)); diff != "" {
		t.Errorf("the same fixed configuration again (-first +second):\n%s", diff)
	}
	for _, history := range []*search.History{NewHistory(search.Minimize), h} {
		if _, err := sampler.Suggest(context.Background(), history, 30, o.Space, map[string]any{"lr": 2.0}); err == nil {
			t.Error("a fixed value outside the distribution was accepted")
		}
	}
}

// testDistinct asks for more configurations than there are, with some of the
// trials before still running.
func (s Suite) testDistinct(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
		{Name: "n", Distribution: search.Int{Low: 1, High: 5}},
		{Name: "s", Distribution: search.Float{Low: 0, High: 1, Step: 0.5}, When: map[string][]any{"c": {"b"}}},
	}
	const size = 5 + 5*3
	for seed, pending := range []int{1, 2, 8} {
		sampler := s.sampler(t, int64(seed))
		h := NewHistory(search.Minimize)
		seen := make(map[string]bool)
		for number := range size + 3 {
			params := suggest(t, sampler, h, number, space, nil)
			key := fmt.Sprint(params) // fmt sorts map keys
			if number < size && seen[key] {
				t.Fatalf("%d pending, trial %d repeats %v though only %d of %d are tried", pending, number, params, len(seen), size)
			}
			seen[key] = true
			h.Trials = append(h.Trials, NewTrial(number, space, params))
			if k := number + 1 - pending; k >= 0 {
				end(h, k, ends[k%len(ends)])
			}
		}
	}
}

// ends are ways in which a trial may end: none of them is tried again.
var ends = []search.State{search.Complete, search.Pruned, search.Complete, search.Failed}

// end ends trial number of a history.
func end(h *search.History, number int, state search.State) {
	done := *h.Trials[number]
	done.State = state
	switch state {
	case search.Complete:
		done.Values = []float64{done.Params["n"]}
	case search.Pruned:
		done.Intermediate = []search.Report{{Step: 1, Value: done.Params["n"]}}
	case search.Failed:
		done.Reason = search.ReasonDiverged
	}
	h.Trials[number] = &done
}

// testChangedSpace gives the sampler trials of another space, as after a
// warm start.
func (s Suite) testChangedSpace(t *testing.T) {
	t.Parallel()
	before := search.Space{
		{Name: "a", Distribution: search.Float{Low: 0, High: 100}},
		{Name: "b", Distribution: search.Categorical{Choices: []any{"x", "y", "z"}}},
		{Name: "c", Distribution: search.Int{Low: 0, High: 9}},
	}
	after := search.Space{
		{Name: "a", Distribution: search.Float{Low: 1, High: 2, Log: true}},
		{Name: "b", Distribution: search.Categorical{Choices: []any{"y"}}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"p", "q"}}},
		{Name: "d", Distribution: search.Int{Low: 1, High: 3}},
	}
	sampler := s.sampler(t, 6)
	h, err := Run(sampler, Objective{Name: "before", Space: before, Value: func(p map[string]any) float64 { return p["a"].(float64) }}, 40, 1)
	if err != nil {
		t.Fatal(err)
	}
	for number := 40; number < 50; number++ {
		suggest(t, sampler, h, number, after, nil)
	}
}

func (s Suite) testCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.sampler(t, 7).Suggest(ctx, NewHistory(search.Minimize), 0, Branin().Space, nil)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: error %v, want %v", err, context.Canceled)
	}
}

func (s Suite) testSeed(t *testing.T) {
	t.Parallel()
	o := Mixed()
	first, err := Run(s.sampler(t, 8), o, 30, 2)
	if err != nil {
		t.Fatal(err)
	}
	other := s.sampler(t, 9)
	// One sampler, asked by many goroutines at once and in any order, repeats
	// what another one of the same seed said.
	sampler := s.sampler(t, 8)
	var group sync.WaitGroup
	for number, want := range first.Trials {
		group.Go(func() {
			h := pendingHistory(first, number, 2)
			params, err := sampler.Suggest(context.Background(), h, number, o.Space, nil)
			if diff := cmp.Diff(want.Params, params); err != nil || diff != "" {
				t.Errorf("trial %d again: error %v (-first +second):\n%s", number, err, diff)
			}
			params, err = other.Suggest(context.Background(), h, number, o.Space, nil)
			if err != nil || !s.Converges && cmp.Equal(want.Params, params) {
				t.Errorf("trial %d with another seed: error %v, parameters %v unchanged", number, err, params)
			}
		})
	}
	group.Wait()
}

// pendingHistory returns the history that Run had when it asked for trial
// number: the parallel-1 trials before it were RUNNING.
func pendingHistory(h *search.History, number, parallel int) *search.History {
	before := &search.History{Study: h.Study}
	for _, t := range h.Trials[:number] {
		if t.Number > number-parallel {
			running := *t
			running.State, running.Values = search.Running, nil
			t = &running
		}
		before.Trials = append(before.Trials, t)
	}
	return before
}
