package pruner_test

import (
	"encoding/json"
	"os"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// train simulates a training with the sampler and a pruner that a study file
// would name.
func train(t *testing.T, sampler string, seed int64, workers, trials, steps int, spec search.PrunerSpec) *searchtest.Log {
	t.Helper()
	suggests, err := kinds.NewSampler(search.SamplerSpec{Kind: sampler, Seed: seed})
	if err != nil {
		t.Fatal(err)
	}
	pruner, err := kinds.NewPruner(spec)
	if err != nil {
		t.Fatal(err)
	}
	space, course := searchtest.Curves()
	log, err := searchtest.Simulation{
		Space: space, Sampler: suggests, Pruner: pruner, Train: course, Workers: workers, Trials: trials, Steps: steps,
	}.Run(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return log
}

// schedulers are what a study file may say to stop bad trials early.
func schedulers() []search.PrunerSpec {
	return []search.PrunerSpec{
		{Kind: "asha", Options: map[string]any{"min_resource": 3, "max_resource": searchtest.CurveSteps, "reduction": 3}},
		{Kind: "hyperband", Options: map[string]any{"min_resource": 3, "max_resource": searchtest.CurveSteps}},
	}
}

// TestSchedulersSaveEpochs compares with Optuna's TPE without a pruner;
// testdata/curves.py says how its figures were made. After a quarter of the
// epochs of 100 full trials the schedulers must be ahead of it in the median
// over seeds; how much earlier they find what it finds is logged.
func TestSchedulersSaveEpochs(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/curves.json")
	if err != nil {
		t.Fatal(err)
	}
	var full [][4]float64 // seed, best after 25 trials, best after 100, epochs
	if err := json.Unmarshal(data, &full); err != nil {
		t.Fatal(err)
	}
	for _, spec := range schedulers() {
		for _, sampler := range []string{"tpe", "gp"} {
			if sampler == "gp" && spec.Kind != "asha" {
				continue // seconds, and one is enough to see gp under a scheduler
			}
			t.Run(sampler+" "+spec.Kind, func(t *testing.T) {
				t.Parallel()
				compareWithFull(t, sampler, spec, full)
			})
		}
	}
}

func compareWithFull(t *testing.T, sampler string, spec search.PrunerSpec, full [][4]float64) {
	t.Helper()
	var ours, theirs, shares []float64
	asGood := 0
	for _, f := range full {
		log := train(t, sampler, int64(f[0]), 1, 0, int(f[3])/4, spec)
		ours, theirs = append(ours, log.Last().Best), append(theirs, f[1])
		shares = append(shares, share(log, f[1], f[3]/4))
		if _, ok := log.StepsTo(f[2]); ok {
			asGood++
		}
	}
	if a, b := middle(ours), middle(theirs); !(a <= b) {
		t.Errorf("best after a quarter of the epochs: %.4f in the median, %.4f by full trials", a, b)
	} else {
		t.Logf("best after a quarter of the epochs: %.4f in the median, %.4f by full trials", a, b)
	}
	t.Logf("as good as 25 full trials after %.2f of their epochs in the median; as 100 after a quarter of theirs: %d of %d seeds",
		middle(shares), asGood, len(full))
}

// share returns the part of the epochs after which a value was reached, 1 when
// it was not.
func share(log *searchtest.Log, value, epochs float64) float64 {
	steps, ok := log.StepsTo(value)
	if !ok {
		return 1
	}
	return float64(steps) / epochs
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}

// The same seed gives the same trials, with any number of workers.
func TestSchedulersAreReproducible(t *testing.T) {
	t.Parallel()
	for _, spec := range schedulers() {
		for _, workers := range []int{1, 8} {
			first, second := train(t, "tpe", 3, workers, 40, 0, spec), train(t, "tpe", 3, workers, 40, 0, spec)
			if diff := cmp.Diff(first.History.Trials, second.History.Trials); diff != "" {
				t.Errorf("%s, %d workers, again (-first +second):\n%s", spec.Kind, workers, diff)
			}
			if first.Last().Time == 0 || len(first.History.Trials) != 40 {
				t.Errorf("%s, %d workers: %+v", spec.Kind, workers, first.Last())
			}
		}
	}
}
