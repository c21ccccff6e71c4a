package view

import (
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

func TestBudgetText(t *testing.T) {
	t.Parallel()
	target := 0.25
	for want, b := range map[string]search.Budget{
		"":                  {Trials: 20},
		"timeout: 1h30m10s": {Timeout: 90*time.Minute + 10*time.Second},
		"parallel: 2, timeout: 30m, max_failed: 5, target: 0.25, no_improvement: 8, terminator: regret-bound, stall_timeout: 1h": {
			Trials: 20, Parallel: 2, Timeout: 30 * time.Minute, MaxFailed: 5, Target: &target, NoImprovement: 8,
			Terminator: &search.TerminatorSpec{Kind: "regret-bound"}, StallTimeout: time.Hour,
		},
	} {
		if got := budgetText(b); got != want {
			t.Errorf("%+v: %q, want %q", b, got, want)
		}
	}
}

func TestDetails(t *testing.T) {
	t.Parallel()
	wraps := map[string]any{"kind": "median", "startup_trials": 3}
	got := details(5, 2, map[string]any{"patience": 4, "wraps": wraps})
	if want := ", startup_trials: 5, warmup_steps: 2, patience: 4, wraps: {kind: median, startup_trials: 3}"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := details(0, 0, nil); got != "" {
		t.Errorf("of nothing: %q", got)
	}
}
