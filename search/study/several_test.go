package study_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/study"
)

func TestSeveralObjectives(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	store := memory(t)
	def := definition()
	def.Sampler.Kind = "nsga2"
	def.Objective = search.ObjectiveSpec{Metrics: []string{"loss", "speed"}, Directions: []search.Direction{"", search.Maximize}}
	s := create(t, store, def, study.Options{})
	if _, err := store.Best(ctx, s.Study().ID); !errors.Is(err, search.ErrNotFound) {
		t.Errorf("Best() = %v", err)
	}
	for number, values := range [][]float64{{1, 5}, {2, 6}, {2, 5}, {3, math.NaN()}} {
		trial := ask(t, s)
		if err := s.Tell(ctx, trial.Number, 1); err == nil || !strings.Contains(err.Error(), "needs one value for each metric (loss, speed), not 1") {
			t.Errorf("one value: %v", err)
		}
		if err := s.TellPruned(ctx, trial.Number); err == nil {
			t.Error("a trial of two objectives was pruned")
		}
		want := search.Complete
		if number == 3 {
			want = search.Failed
		}
		if err := s.Tell(ctx, trial.Number, values...); err != nil {
			t.Error(err)
		}
		told := expectState(t, store, s, number, want)
		if want == search.Complete && (told.Values[1] != values[1] || told.Metrics["speed"] != values[1]) {
			t.Errorf("trial %d has the values %v and the metrics %v", number, told.Values, told.Metrics)
		}
	}
	front, err := s.Front(ctx)
	if err != nil || len(front) != 2 || front[0].Number != 0 || front[1].Number != 1 {
		t.Errorf("Front() = %v, %v, want trials 0 and 1", front, err)
	}
	def.Name, def.Sampler.Kind = "refused", "gp"
	if _, err := study.Create(ctx, store, def, study.Options{}); err == nil || !strings.Contains(err.Error(), "use nsga2") {
		t.Errorf("with gp: %v", err)
	}
	sampler := struct{ search.Sampler }{}
	if _, err := study.Create(ctx, store, def, study.Options{Sampler: sampler}); err != nil {
		t.Errorf("with a sampler of the caller's: %v", err)
	}
}

func TestTerminator(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	def := definition()
	tolerance := 1e6
	def.Budget.Terminator = &search.TerminatorSpec{Kind: "regret-bound", Error: &tolerance, MinTrials: 4, Interval: 2}
	s := create(t, memory(t), def, study.Options{})
	for range 4 {
		trial := ask(t, s)
		if err := s.Tell(ctx, trial.Number, trial.Params["x"]); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Ask(ctx); !errors.Is(err, search.ErrNothing) || !strings.Contains(err.Error(), "(terminator): after 4 complete trials") {
		t.Errorf("Ask() = %v", err)
	}
	def.Name, def.Budget.Terminator = "refused", &search.TerminatorSpec{Kind: "guess"}
	if _, err := study.Create(ctx, memory(t), def, study.Options{}); err == nil || !strings.Contains(err.Error(), `unknown terminator "guess"`) {
		t.Errorf("Create() = %v", err)
	}
}
