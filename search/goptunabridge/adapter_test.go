package goptunabridge_test

import (
	"errors"
	"math"
	"testing"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cmaes"
	"github.com/hpsearch/hpsearch/search/goptunabridge"
	"github.com/hpsearch/hpsearch/search/gp"
	"github.com/hpsearch/hpsearch/search/qmc"
	"github.com/hpsearch/hpsearch/search/random"
	"github.com/hpsearch/hpsearch/search/tpe"
)

// goptunaSampler is what all of our samplers are.
type goptunaSampler interface {
	search.Sampler
	goptuna.Sampler
	goptuna.RelativeSampler
}

func ours(t *testing.T) map[string]goptunaSampler {
	t.Helper()
	parzen, err := tpe.New(tpe.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	process, err := gp.New(gp.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	evolution, err := cmaes.New(cmaes.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]goptunaSampler{
		"random": random.New(1), "tpe": parzen, "gp": process, "cmaes": evolution, "qmc": qmc.New(1),
	}
}

// objective has a parameter of each kind; its optimum is 0.
func objective(trial goptuna.Trial) (float64, error) {
	x, err := trial.SuggestFloat("x", -1, 1)
	if err != nil {
		return 0, err
	}
	lr, err := trial.SuggestLogFloat("lr", 1e-5, 1)
	if err != nil {
		return 0, err
	}
	drop, err := trial.SuggestDiscreteFloat("drop", 0, 0.5, 0.1)
	if err != nil {
		return 0, err
	}
	layers, err := trial.SuggestInt("layers", 1, 6)
	if err != nil {
		return 0, err
	}
	width, err := trial.SuggestStepInt("width", 32, 256, 32)
	if err != nil {
		return 0, err
	}
	kind, err := trial.SuggestCategorical("kind", []string{"a", "b"})
	if err != nil {
		return 0, err
	}
	v := x*x + math.Pow(math.Log10(lr)+2, 2) + drop + math.Abs(float64(layers-6)) + math.Abs(float64(width-256))/32
	if kind == "a" {
		v++
	}
	return v, nil
}

func definedSpace() map[string]any {
	return map[string]any{
		"x":      goptuna.UniformDistribution{Low: -1, High: 1},
		"lr":     goptuna.LogUniformDistribution{Low: 1e-5, High: 1},
		"drop":   goptuna.DiscreteUniformDistribution{Low: 0, High: 0.5, Q: 0.1},
		"layers": goptuna.IntUniformDistribution{Low: 1, High: 6},
		"width":  goptuna.StepIntUniformDistribution{Low: 32, High: 256, Step: 32},
		"kind":   goptuna.CategoricalDistribution{Choices: []string{"a", "b"}},
	}
}

// TestGoptunaStudy runs goptuna studies with our samplers, in both roles.
func TestGoptunaStudy(t *testing.T) {
	t.Parallel()
	for name, sampler := range ours(t) {
		for _, relative := range []bool{false, true} {
			for _, direction := range []goptuna.StudyDirection{goptuna.StudyDirectionMinimize, goptuna.StudyDirectionMaximize} {
				options := []goptuna.StudyOption{
					goptuna.StudyOptionSampler(sampler),
					goptuna.StudyOptionDirection(direction),
					goptuna.StudyOptionLogger(nil),
				}
				if relative {
					options = append(options, goptuna.StudyOptionRelativeSampler(sampler), goptuna.StudyOptionDefineSearchSpace(definedSpace()))
				}
				runStudy(t, name, direction, options)
			}
		}
	}
}

func runStudy(t *testing.T, name string, direction goptuna.StudyDirection, options []goptuna.StudyOption) {
	t.Helper()
	sign := 1.0
	if direction == goptuna.StudyDirectionMaximize {
		sign = -1
	}
	study, err := goptuna.CreateStudy("study", options...)
	if err != nil {
		t.Fatal(err)
	}
	const trials = 40
	err = study.Optimize(func(trial goptuna.Trial) (float64, error) {
		v, err := objective(trial)
		return sign * v, err
	}, trials)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	frozen, err := study.GetTrials()
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[float64]bool)
	for _, f := range frozen {
		if f.State != goptuna.TrialStateComplete || len(f.Params) != len(definedSpace()) {
			t.Errorf("%s: trial %d is %v with %d parameters", name, f.Number, f.State, len(f.Params))
		}
		seen[f.InternalParams["x"]] = true
	}
	different := trials
	if name == "gp" { // it may keep x where it is best and change the others
		different = trials / 2
	}
	if len(frozen) != trials || len(seen) < different {
		t.Errorf("%s: %d trials with %d different x, want %d", name, len(frozen), len(seen), trials)
	}
	best, err := study.GetBestValue()
	if err != nil {
		t.Fatal(err)
	}
	if (name == "tpe" || name == "gp") && sign*best > 3 { // the median of random search is 3, of tpe 1
		t.Errorf("%s, %s: the best of %d trials is %g", name, direction, trials, best)
	}
}

func TestAdapterRefusesUnknownDistributions(t *testing.T) {
	t.Parallel()
	study, err := goptuna.CreateStudy("study", goptuna.StudyOptionLogger(nil))
	if err != nil {
		t.Fatal(err)
	}
	adapter := goptunabridge.Adapt(random.New(1))
	if _, err := adapter.Sample(study, goptuna.FrozenTrial{}, "x", "not a distribution"); !errors.Is(err, goptuna.ErrUnknownDistribution) {
		t.Errorf("error %v, want %v", err, goptuna.ErrUnknownDistribution)
	}
	space := map[string]any{"x": 1}
	if _, err := adapter.SampleRelative(study, goptuna.FrozenTrial{}, space); err != goptuna.ErrUnsupportedSearchSpace { //nolint:errorlint // goptuna compares so
		t.Errorf("error %v, want %v", err, goptuna.ErrUnsupportedSearchSpace)
	}
	if _, err := adapter.Sample(study, goptuna.FrozenTrial{}, "x", goptuna.LogUniformDistribution{Low: 0, High: 1}); err == nil {
		t.Error("a log range that reaches 0 was accepted")
	}
}
