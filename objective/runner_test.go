package objective_test

import (
	"context"
	"path/filepath"
	"slices"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

// firstChoices suggests the enqueued values, and the first choice where there
// is none.
type firstChoices struct{}

func (firstChoices) Suggest(_ context.Context, _ *search.History, _ int, space search.Space, fixed map[string]any) (map[string]float64, error) {
	return space.Fill(fixed, func(search.Param, map[string]float64) (float64, error) { return 0, nil })
}

// pruneSlow prunes the trials of mode slow, after each report.
type pruneSlow struct{}

func (pruneSlow) Prune(_ context.Context, _ *search.History, t *search.Trial) (bool, error) {
	return t.External()["mode"] == "slow", nil
}

// onReport calls a function at each report.
type onReport struct {
	search.NopObserver
	do func()
}

func (o onReport) TrialReported(*search.Trial, search.Report) { o.do() }

// study creates a study in memory whose first trials have the given modes of
// the fake trainer, and the runner's configuration for it.
func study(t *testing.T, modes ...string) search.RunnerConfig {
	t.Helper()
	store, err := storage.Open(t.Context(), "memory:")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := store.Close(); err != nil {
			t.Error(err)
		}
	})
	def := search.Definition{
		Version: 1, Name: "s",
		Objective: search.ObjectiveSpec{Kind: "meta-training", Metric: "val_loss", Direction: search.Minimize},
		Train:     map[string]any{"value": 0.25},
	}
	choices := search.Categorical{}
	for _, mode := range modes {
		if !slices.Contains(choices.Choices, any(mode)) {
			choices.Choices = append(choices.Choices, mode)
		}
		def.Enqueue = append(def.Enqueue, map[string]any{"mode": mode})
	}
	def.Space = search.Space{{Name: "mode", Distribution: choices}}
	created, err := store.CreateStudy(t.Context(), def)
	if err != nil {
		t.Fatal(err)
	}
	return search.RunnerConfig{
		Store: store, Study: created, Sampler: firstChoices{}, History: search.NewHistoryCache(store, created),
		NewObjective: func(int) (search.Objective, error) { return objective.NewProcess(fake(t, "ok")) },
		Budget:       search.Budget{Trials: len(modes), Parallel: 2},
		DataDir:      t.TempDir(),
	}
}

func runStudy(t *testing.T, config search.RunnerConfig, want search.Ending) {
	t.Helper()
	runner, err := search.NewRunner(config)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := runner.Run(t.Context()); got != want || err != nil {
		t.Fatalf("Run() = %q, %v, want %q", got, err, want)
	}
}

// describe returns state and reason of every trial.
func describe(t *testing.T, config search.RunnerConfig) []string {
	t.Helper()
	trials, err := config.Store.Trials(t.Context(), config.Study.ID, search.TrialQuery{After: -1})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, trial := range trials {
		line := string(trial.State)
		if trial.Reason != "" {
			line += " " + trial.Reason
		}
		got = append(got, line)
	}
	return got
}

func TestStudyOfTrainers(t *testing.T) {
	t.Parallel()
	config := study(t, "ok", "kill", "crash-once", "slow", "out-of-memory", "garbage", "ok", "nan")
	config.Pruner = pruneSlow{}
	runStudy(t, config, search.EndBudget)
	want := []string{
		"COMPLETE", "FAIL crashed", "COMPLETE", "PRUNED", "FAIL out-of-memory", "FAIL error", "COMPLETE", "FAIL diverged",
	}
	if diff := cmp.Diff(want, describe(t, config)); diff != "" {
		t.Errorf("trials (-want +got):\n%s", diff)
	}
	best, err := config.Store.Best(t.Context(), config.Study.ID)
	if err != nil || best.Number != 0 || best.Value() != 0.25 ||
		best.Artifacts["model"] != filepath.Join("trials", "0", "model") {
		t.Errorf("best %+v, %v", best, err)
	}
}

func TestStudyOfTrainersStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	config := study(t, "slow", "slow", "ok")
	var runner *search.Runner
	var reports atomic.Int64
	config.Observer = onReport{do: func() {
		if reports.Add(1) == 2 { // both slow trials are under way
			runner.Stop(search.StopCancelled)
		}
	}}
	var err error
	if runner, err = search.NewRunner(config); err != nil {
		t.Fatal(err)
	}
	if ending, err := runner.Run(t.Context()); ending != search.EndStopped || err != nil {
		t.Fatalf("Run() = %q, %v", ending, err)
	}
	if diff := cmp.Diff([]string{"WAITING", "WAITING", "WAITING"}, describe(t, config)); diff != "" {
		t.Errorf("after the stop (-want +got):\n%s", diff)
	}
	config.Observer, config.Pruner = nil, pruneSlow{}
	runStudy(t, config, search.EndBudget)
	if diff := cmp.Diff([]string{"PRUNED", "PRUNED", "COMPLETE"}, describe(t, config)); diff != "" {
		t.Errorf("at the end (-want +got):\n%s", diff)
	}
}
