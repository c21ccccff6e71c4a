package kinds

import (
	"context"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestEverySamplerKind(t *testing.T) {
	t.Parallel()
	if got, want := SamplerKinds(), []string{"auto", "tpe", "gp", "cmaes", "nsga2", "qmc", "grid", "random", "goptuna-tpe", "goptuna-random"}; !slices.Equal(got, want) {
		t.Errorf("sampler kinds %v, want %v", got, want)
	}
	for _, kind := range append(SamplerKinds(), "") {
		s, err := NewSampler(search.SamplerSpec{Kind: kind, Seed: 1, StartupTrials: 3})
		if err != nil {
			t.Errorf("%q: %v", kind, err)
			continue
		}
		o := searchtest.Mixed()
		if kind == "grid" {
			o.Space = o.Space[2:3] // a continuous range is refused, which its own tests show
			o.Value = func(params map[string]any) float64 { return float64(params["layers"].(int64)) }
		}
		if _, err := searchtest.Run(s, o, 8, 2); err != nil {
			t.Errorf("%q: %v", kind, err)
		}
	}
}

// FuzzSuggest lets every kind suggest for spaces and histories that the fuzzer
// comes up with.
func FuzzSuggest(f *testing.F) {
	suggesting := slices.DeleteFunc(SamplerKinds(), func(kind string) bool { return kind == "grid" }) // see TestEverySamplerKind
	f.Fuzz(rapid.MakeFuzz(func(t *rapid.T) {
		kind := rapid.SampledFrom(suggesting).Draw(t, "kind")
		searchtest.SuggestAnywhere(t, func(seed int64) (search.Sampler, error) {
			return NewSampler(search.SamplerSpec{Kind: kind, Seed: seed})
		})
	}))
}

func TestEveryPrunerKind(t *testing.T) {
	t.Parallel()
	if got, want := PrunerKinds(), []string{"none", "median", "percentile", "threshold", "patient", "asha", "hyperband", "wilcoxon"}; !slices.Equal(got, want) {
		t.Errorf("pruner kinds %v, want %v", got, want)
	}
	trial := &search.Trial{Intermediate: []search.Report{{Step: 1, Value: 1}}}
	required := map[string]map[string]any{"threshold": {"upper": 2}, "patient": {"patience": 1}}
	for _, kind := range append(PrunerKinds(), "") {
		p, err := NewPruner(search.PrunerSpec{Kind: kind, Options: required[kind]})
		if err != nil {
			t.Errorf("%q: %v", kind, err)
			continue
		}
		if prune, err := p.Prune(context.Background(), searchtest.NewHistory(search.Minimize), trial); prune || err != nil {
			t.Errorf("%q: %t, %v", kind, prune, err)
		}
	}
}

func TestOptionsAreRead(t *testing.T) {
	t.Parallel()
	for _, spec := range []search.SamplerSpec{
		{Kind: "tpe", Options: map[string]any{"candidates": 50, "constant_liar": false}},
		{Kind: "tpe", Options: map[string]any{"candidates": 50.0}}, // what JSON makes of 50
		{Kind: "gp", Options: map[string]any{"max_trials": 100, "kriging_believer": false}},
		{Kind: "cmaes", Options: map[string]any{"population": 8}},
		{Kind: "nsga2", Options: map[string]any{"population": 30}},
		{Kind: "grid", Options: map[string]any{"points": 5}},
		{Kind: "goptuna-tpe", Options: map[string]any{"candidates": int64(50)}},
	} {
		if _, err := NewSampler(spec); err != nil {
			t.Errorf("%+v: %v", spec, err)
		}
	}
	for _, spec := range []search.PrunerSpec{
		{Kind: "median", Options: map[string]any{"interval": 2, "min_trials": 3}},
		{Kind: "percentile", Options: map[string]any{"percentile": 12.5, "interval": 2, "min_trials": 3}},
		{Kind: "threshold", Options: map[string]any{"lower": 0, "upper": 1.5, "interval": 2}},
		{Kind: "patient", Options: map[string]any{"patience": 3, "min_delta": 0.1, "wraps": map[string]any{
			"kind": "median", "startup_trials": 3, "warmup_steps": 2, "options": map[string]any{"interval": 2}}}},
		{Kind: "asha", Options: map[string]any{"min_resource": 2, "max_resource": 81, "reduction": 3, "early_stopping": 1}},
		{Kind: "hyperband", Options: map[string]any{"min_resource": 2, "max_resource": 81.0, "reduction": 3}},
		{Kind: "wilcoxon", Options: map[string]any{"p": 0.05}},
	} {
		if _, err := NewPruner(spec); err != nil {
			t.Errorf("%+v: %v", spec, err)
		}
	}
}

func TestSamplerErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		spec search.SamplerSpec
		want string
	}{
		{search.SamplerSpec{Kind: "bayes"}, `unknown sampler "bayes"; the samplers are auto, tpe, gp, cmaes, nsga2, qmc, grid, random, goptuna-tpe, goptuna-random`},
		{search.SamplerSpec{Kind: "tpe", StartupTrials: -1}, `sampler "tpe": startup_trials must not be negative: -1`},
		{search.SamplerSpec{Kind: "tpe", Options: map[string]any{"gamma": 1}}, `sampler "tpe" has no option "gamma"; it has candidates, constant_liar`},
		{search.SamplerSpec{Kind: "tpe", Options: map[string]any{"candidates": 0}}, `sampler "tpe": option "candidates" must be an integer of at least 1, not 0`},
		{search.SamplerSpec{Kind: "tpe", Options: map[string]any{"candidates": 1.5}}, "must be an integer"},
		{search.SamplerSpec{Kind: "tpe", Options: map[string]any{"candidates": 1e300}}, "must be an integer"},
		{search.SamplerSpec{Kind: "tpe", Options: map[string]any{"candidates": "24"}}, "must be an integer"},
		{search.SamplerSpec{Kind: "tpe", Options: map[string]any{"constant_liar": "yes"}}, `option "constant_liar" must be true or false, not yes`},
		{search.SamplerSpec{Options: map[string]any{"candidates": 5}}, `sampler "auto" has no options; remove "candidates"`},
		{search.SamplerSpec{StartupTrials: -1}, "must not be negative"},
		{search.SamplerSpec{Kind: "gp", Options: map[string]any{"max_trials": 3}}, "at least 20"},
		{search.SamplerSpec{Kind: "cmaes", Options: map[string]any{"population": 3}}, "at least 4"},
		{search.SamplerSpec{Kind: "grid", Options: map[string]any{"points": 1}}, "at least 2"},
		{search.SamplerSpec{Kind: "qmc", Options: map[string]any{"x": 1}}, "has no options"},
		{search.SamplerSpec{Kind: "random", Options: map[string]any{"x": 1}}, `sampler "random" has no options; remove "x"`},
		{search.SamplerSpec{Kind: "goptuna-random", Options: map[string]any{"x": 1}}, "has no options"},
		{search.SamplerSpec{Kind: "goptuna-tpe", Options: map[string]any{"constant_liar": true}}, "has no option"},
	} {
		s, err := NewSampler(test.spec)
		if err == nil || s != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, error %v, want one with %q", test.spec, s, err, test.want)
		}
	}
}

func TestPrunerErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		spec search.PrunerSpec
		want string
	}{
		{search.PrunerSpec{Kind: "bandit"}, `unknown pruner "bandit"; the pruners are none, median, percentile,`},
		{search.PrunerSpec{Kind: "percentile", Options: map[string]any{"percentile": 101}}, "not in (0, 100]"},
		{search.PrunerSpec{Kind: "percentile", Options: map[string]any{"percentile": 0}}, `"percentile" must be above 0`},
		{search.PrunerSpec{Kind: "threshold"}, "give lower, upper or both"},
		{search.PrunerSpec{Kind: "threshold", Options: map[string]any{"lower": 2, "upper": 1}}, "no value lies between"},
		{search.PrunerSpec{Kind: "threshold", Options: map[string]any{"upper": "high"}}, `"upper" must be a number, not high`},
		{search.PrunerSpec{Kind: "patient"}, "patience must be at least 1"},
		{search.PrunerSpec{Kind: "patient", Options: map[string]any{"patience": 1, "min_delta": -1}}, "min delta -1"},
		{search.PrunerSpec{Kind: "patient", Options: map[string]any{"patience": 1, "wraps": "median"}}, `"wraps" must be a mapping`},
		{search.PrunerSpec{Kind: "patient", Options: map[string]any{"patience": 1, "wraps": map[string]any{}}}, "has no kind"},
		{search.PrunerSpec{Kind: "patient", Options: map[string]any{"patience": 1, "wraps": map[string]any{"kind": "bandit"}}}, `option wraps: unknown pruner "bandit"`},
		{search.PrunerSpec{Kind: "asha", Options: map[string]any{"reduction": 1}}, `"reduction" must be an integer of at least 2`},
		{search.PrunerSpec{Kind: "asha", Options: map[string]any{"min_resource": 9, "max_resource": 3}}, "min resource 9 is above max resource 3"},
		{search.PrunerSpec{Kind: "hyperband", Options: map[string]any{"max_resource": 1}}, "min resource 1 must be below max resource 1"},
		{search.PrunerSpec{Kind: "wilcoxon", Options: map[string]any{"p": 2}}, "p 2 is not in (0, 1]"},
		{search.PrunerSpec{Kind: "median", StartupTrials: -1}, "startup_trials must not be negative"},
		{search.PrunerSpec{Kind: "median", WarmupSteps: -1}, "warmup_steps must not be negative"},
		{search.PrunerSpec{Kind: "median", Options: map[string]any{"interval": 0}}, `option "interval" must be an integer of at least 1`},
		{search.PrunerSpec{Kind: "median", Options: map[string]any{"percentile": 25}}, "it has interval, min_trials"},
		{search.PrunerSpec{Options: map[string]any{"interval": 1}}, `pruner "none" has no options`},
	} {
		p, err := NewPruner(test.spec)
		if err == nil || p != nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: %v, error %v, want one with %q", test.spec, p, err, test.want)
		}
	}
}
