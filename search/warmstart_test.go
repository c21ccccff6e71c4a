package search_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

// twoStudies is a store that also has an earlier study.
type twoStudies struct {
	*fakeStore
	earlier *fakeStore
}

func (s twoStudies) Study(ctx context.Context, name string) (*search.Study, error) {
	switch name {
	case s.earlier.study.Name:
		return s.earlier.Study(ctx, name)
	case s.study.Name:
		return s.fakeStore.Study(ctx, name)
	}
	return nil, search.ErrNotFound
}

func (s twoStudies) Trials(ctx context.Context, id int64, q search.TrialQuery) ([]*search.Trial, error) {
	if id == s.earlier.study.ID {
		return s.earlier.Trials(ctx, id, q)
	}
	return s.fakeStore.Trials(ctx, id, q)
}

// earlierStudy has a trial for each set of external values.
func earlierStudy(t *testing.T, def search.Definition, states []search.State, values ...map[string]any) *fakeStore {
	t.Helper()
	store := newFakeStore(def)
	store.study.ID, store.study.Name = 99, def.Name
	for i, external := range values {
		trial := search.Trial{
			Number: i, State: states[i], Params: map[string]float64{}, Distributions: map[string]search.Distribution{},
		}
		for _, p := range def.Space {
			v, ok := external[p.Name]
			if !ok {
				continue
			}
			internal, err := p.Distribution.Internal(v)
			if err != nil {
				t.Fatal(err)
			}
			trial.Params[p.Name], trial.Distributions[p.Name] = internal, p.Distribution
		}
		if trial.State == search.Complete {
			trial.Values = []float64{float64(i)}
		}
		store.add(trial, time.Time{})
	}
	return store
}

func TestEarlier(t *testing.T) {
	t.Parallel()
	before := definition()
	before.Name = "earlier"
	before.Train = map[string]any{"model": "small", "depth": int64(3)}
	before.Space = search.Space{
		{Name: "x", Distribution: search.Float{Low: 0, High: 10}},
		{Name: "kind", Distribution: search.Categorical{Choices: []any{"b", "a", "c"}}},
		{Name: "freeze", Distribution: search.Categorical{Choices: []any{"none", "all"}}},
	}
	after := definition()
	after.Train = map[string]any{"model": "large", "freeze": "none"}
	after.Space = search.Space{
		{Name: "x", Distribution: search.Float{Low: 0, High: 1}},
		{Name: "depth", Distribution: search.Int{Low: 1, High: 5}},
		{Name: "kind", Distribution: search.Categorical{Choices: []any{"a", "b", "z"}}},
		{Name: "rate", Distribution: search.Float{Low: 0, High: 1}, When: map[string][]any{"kind": {"z", "b"}}},
	}
	after.WarmStart = &search.WarmStart{Study: "earlier", Trials: 7}
	good := map[string]any{"x": 0.5, "kind": "a", "freeze": "none"}
	earlier := earlierStudy(t, before,
		[]search.State{search.Complete, search.Complete, search.Complete, search.Complete, search.Running, search.Complete, search.Pruned, search.Complete},
		good,
		map[string]any{"x": 5.0, "kind": "a", "freeze": "none"}, // out of range
		map[string]any{"x": 0.5, "kind": "c", "freeze": "none"}, // no such choice
		map[string]any{"x": 0.5, "kind": "b", "freeze": "none"}, // lacks rate
		good, // has not finished
		map[string]any{"x": 0.5, "kind": "a", "freeze": "all"}, // fixed to another value
		good,
		good, // came after the later study was created
	)
	store := twoStudies{newFakeStore(after), earlier}
	got, err := search.Earlier(t.Context(), store, &after)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != 2 || got[0].Number != -2 || got[1].Number != -1 || got[0].State != search.Complete || got[1].State != search.Pruned {
		t.Fatalf("%d trials fit: %+v", len(got), got)
	}
	if diff := cmp.Diff(map[string]any{"x": 0.5, "depth": int64(3), "kind": "a"}, got[0].External()); diff != "" {
		t.Errorf("parameters (-want +got):\n%s", diff)
	}
	if n := earlier.trials[0].Number; n != 0 {
		t.Errorf("the earlier study's own trial has become number %d", n)
	}

	after.WarmStart = &search.WarmStart{Study: "deleted", Trials: 7}
	if got, err := search.Earlier(t.Context(), store, &after); len(got) != 0 || err != nil {
		t.Errorf("of a deleted study: %d trials, %v", len(got), err)
	}
}

// recorder remembers the numbers of the trials that it was shown.
type recorder struct {
	seeded
	seen [][]int
}

func (r *recorder) Suggest(ctx context.Context, h *search.History, number int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	var numbers []int
	for _, t := range h.Trials {
		numbers = append(numbers, t.Number)
	}
	r.seen = append(r.seen, numbers)
	return r.seeded.Suggest(ctx, h, number, space, fixed)
}

func TestWarmStartIsForTheSampler(t *testing.T) {
	t.Parallel()
	before := definition()
	before.Name = "earlier"
	earlier := earlierStudy(t, before, []search.State{search.Complete, search.Complete}, map[string]any{"x": 0.25}, map[string]any{"x": 0.75})
	h := newHarness(2, 1, square)
	h.config.Study.Definition.WarmStart = &search.WarmStart{Study: "earlier", Trials: 2}
	store := twoStudies{h.store, earlier}
	sampler := &recorder{seeded: seeded{7}}
	h.config.Store, h.config.Sampler, h.config.History = store, sampler, search.NewHistoryCache(store, h.config.Study)
	h.config.Pruner = noEarlier{t}
	h.run(t, t.Context(), search.EndBudget, nil)
	h.expectStates(t, search.Complete, search.Complete)
	if diff := cmp.Diff([][]int{{-2, -1}, {-2, -1, 0}}, sampler.seen); diff != "" {
		t.Errorf("the sampler saw (-want +got):\n%s", diff)
	}
	if n := earlier.count("Trials"); n != 1 {
		t.Errorf("the earlier study was read %d times", n)
	}
}

// noEarlier is a pruner that must not see trials of an earlier study.
type noEarlier struct{ t *testing.T }

func (n noEarlier) Prune(_ context.Context, h *search.History, _ *search.Trial) (bool, error) {
	for _, t := range h.Trials {
		if t.Number < 0 {
			n.t.Errorf("the pruner saw trial %d", t.Number)
		}
	}
	return false, nil
}

func TestDistinctMayRepeatAnEarlierStudy(t *testing.T) {
	t.Parallel()
	space := search.Space{{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}}}
	h := &search.History{Trials: []*search.Trial{
		{Number: -2, State: search.Complete, Params: map[string]float64{"c": 0}},
		{Number: -1, State: search.Complete, Params: map[string]float64{"c": 1}},
		{Number: 0, State: search.Complete, Params: map[string]float64{"c": 0}},
	}}
	got, err := search.Distinct(h, 1, space, nil, search.Rand(1, 1, "test"), func(int) (map[string]float64, error) {
		return map[string]float64{"c": 0}, nil
	})
	if err != nil || got["c"] != 1 {
		t.Errorf("Distinct() = %v, %v, want the choice that this study has not tried", got, err)
	}
}
