package meta

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The tests of this package are not parallel: live tensors and libtorch's
// generator belong to the process.

var algorithmNames = append([]string{"joint", "protonet"}, gradientAlgorithms...)

// gradientAlgorithms learn tasks by gradient descent.
var gradientAlgorithms = []string{"maml", "fomaml", "anil", "reptile"}

// isSlow tells the tests that are long which cases to leave out: what is
// particular to gradient algorithms shows in few.
func isSlow(algorithm string) bool { return slices.Contains(gradientAlgorithms, algorithm) }

// initial returns the weights before any training.
func initial(t *testing.T, b *bench, changes map[string]any, seed int64) map[string][]float32 {
	t.Helper()
	var weights map[string][]float32
	err := b.with(t, changes, seed, func(x *fixture) (err error) {
		weights, err = x.weights()
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return weights
}

func sameBits(a, b []float32) bool {
	return slices.EqualFunc(a, b, func(x, y float32) bool { return math.Float32bits(x) == math.Float32bits(y) })
}

// strategies has the freezing strategies, and for each whether it changes a
// parameter of the tiny model, whose embeddings hold 8,560 of 13,424 numbers.
var strategies = map[string]func(name string) bool{
	"none":           anyOf("embeddings.", "encoder."),
	"embeddings":     anyOf("encoder."),
	"bottom-1":       anyOf("encoder.layer.1."),
	"bottom-2":       anyOf(),
	"percent-1":      anyOf("embeddings.position", "embeddings.token", "embeddings.LayerNorm", "encoder."),
	"percent-99":     anyOf("encoder.layer.1.output.dense.bias", "encoder.layer.1.output.LayerNorm"),
	"all-but-head":   anyOf(),
	"gradual":        anyOf("embeddings.", "encoder."),
	"lp-ft":          anyOf("embeddings.", "encoder."),
	"bias-only":      func(name string) bool { return strings.HasSuffix(name, ".bias") },
	"layernorm-only": func(name string) bool { return strings.Contains(name, "LayerNorm") },
	"lora-2": func(name string) bool {
		return strings.HasSuffix(name, "query.weight") || strings.HasSuffix(name, "value.weight")
	},
}

func anyOf(prefixes ...string) func(string) bool {
	return func(name string) bool {
		return slices.ContainsFunc(prefixes, func(p string) bool { return strings.HasPrefix(name, p) })
	}
}

func TestFrozenIsBitIdentical(t *testing.T) {
	b := newBench(t)
	for _, algorithm := range algorithmNames {
		for strategy, changes := range strategies {
			if isSlow(algorithm) && !slices.Contains([]string{"none", "bottom-1", "gradual", "lora-2"}, strategy) {
				continue
			}
			t.Run(algorithm+"/"+strategy, func(t *testing.T) {
				settings := map[string]any{"algorithm": algorithm, "adaptation_steps": 2, "freeze": strategy, "weight_decay": 0.1, "eval_every": 8, "eval_episodes": 2}
				switch {
				case strategy == "lora-2" && algorithm == "fomaml":
					settings["inner_freeze"] = "none" // which leaves LoRA's matrices alone
				case strategy == "lora-2" && (algorithm == "reptile" || algorithm == "maml"):
					settings["inner_freeze"] = "same" // which keeps them beside the network
					changes = func(name string) bool { return model.IsLoRA(model.Param{Name: name}) }
				case strategy == "lora-2" && algorithm != "anil":
					settings["inner_freeze"] = "head"
				}
				before := initial(t, b, settings, 5)
				h := mustTrain(t, b, settings, 5)
				trained := int64(0)
				for name, values := range h.weights {
					inNetwork := strings.HasPrefix(name, "embeddings.") || strings.HasPrefix(name, "encoder.")
					changed := !inNetwork || changes(name)
					if changed {
						trained += int64(len(values))
					}
					// The gradient of a key's bias is 0 but for rounding: every
					// score of a query shifts by the same.
					if same := sameBits(values, before[name]); same == changed && !strings.HasSuffix(name, "key.bias") {
						t.Errorf("%s: unchanged %v, to be changed %v", name, same, changed)
					}
				}
				if strategy == "lora-2" && settings["inner_freeze"] != "same" { // 2 x 16 + 16 x 2 instead of 16 x 16, in 4 matrices
					trained -= 4 * (16*16 - 2*2*16)
				}
				if h.outcome.Trained != trained {
					t.Errorf("outcome counts %d trained numbers, there are %d", h.outcome.Trained, trained)
				}
				if h.outcome.StepTime <= 0 {
					t.Errorf("a step takes %v", h.outcome.StepTime)
				}
			})
		}
	}
}

// TestScheduleResumes stops trainings before, at and after the steps at which
// their strategy changes what is trained. A resumed one is like one that was
// never stopped, to the last bit.
func TestScheduleResumes(t *testing.T) {
	b := newBench(t)
	for _, strategy := range []string{"gradual", "lp-ft", "lora-2", "bias-only"} {
		// gradual begins the blocks at steps 2, 4 and 6 of 8, lp-ft all of them at 6.
		changes := map[string]any{"freeze": strategy, "unfreeze_ratio": 0.75, "layer_decay": 0.8}
		whole := mustTrain(t, b, changes, 3)
		for _, at := range []int{1, 2, 5, 6, 7} {
			t.Run(fmt.Sprintf("%s/%d", strategy, at), func(t *testing.T) {
				dir := t.TempDir()
				stop := make(chan struct{})
				_, err := b.train(t, changes, 3, dir, stop, func(step int) {
					if step == at {
						close(stop)
					}
				})
				if !errors.Is(err, ErrStopped) {
					t.Fatalf("stopped training: %v", err)
				}
				h, err := b.train(t, changes, 3, dir, nil, nil)
				if err != nil {
					t.Fatal(err)
				}
				if h.outcome.Resumed != at {
					t.Errorf("resumed at %d, want %d", h.outcome.Resumed, at)
				}
				for name, values := range h.weights {
					if !sameBits(values, whole.weights[name]) {
						t.Errorf("%s differs", name)
					}
				}
			})
		}
	}
}

// TestUnfreezing watches when parameters begin to move.
func TestUnfreezing(t *testing.T) {
	b := newBench(t)
	watched := []string{"embeddings.word_embeddings.weight", "encoder.layer.0.output.dense.weight", "encoder.layer.1.output.dense.weight", "projection.weight"}
	for strategy, want := range map[string][]int{
		"gradual": {7, 5, 3, 1}, // finished steps at the first change
		"lp-ft":   {7, 7, 7, 1},
		"none":    {1, 1, 1, 1},
	} {
		changes := map[string]any{"freeze": strategy, "unfreeze_ratio": 0.75, "warmup_ratio": 0, "weight_decay": 0.1}
		err := b.with(t, changes, 1, func(x *fixture) error {
			before, err := x.weights()
			if err != nil {
				return err
			}
			first := make([]int, len(watched))
			_, err = Train(x.s, x.algorithm, x.learner, x.data, Options{Config: x.config, Seed: 1, Hooks: Hooks{
				Progress: func(step, _ int) {
					now, err := x.weights()
					if err != nil {
						t.Error(err)
						return
					}
					for i, name := range watched {
						if first[i] == 0 && !sameBits(before[name], now[name]) {
							first[i] = step
						}
					}
				},
			}})
			if !slices.Equal(first, want) {
				t.Errorf("%s: %v changed first after steps %v, want %v", strategy, watched, first, want)
			}
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}
}

// TestLayerDecay: the first step of Adam moves every number by the rate of its
// group, whatever its gradient.
func TestLayerDecay(t *testing.T) {
	b := newBench(t)
	const rate, decay = 1e-2, 0.5
	changes := map[string]any{
		"iterations": 1, "eval_every": 1, "warmup_ratio": 0, "learning_rate": rate, "weight_decay": 0, "gradient_clip": 0, "layer_decay": decay,
	}
	before, after := initial(t, b, changes, 1), mustTrain(t, b, changes, 1).weights
	for name, below := range map[string]int{
		"projection.weight": 0, "encoder.layer.1.output.dense.weight": 1, "encoder.layer.0.output.dense.weight": 2,
		"embeddings.position_embeddings.weight": 3,
	} {
		largest := 0.0
		for i, v := range after[name] {
			largest = math.Max(largest, math.Abs(float64(v)-float64(before[name][i])))
		}
		if want := rate * math.Pow(decay, float64(below)); math.Abs(largest-want) > 0.01*want {
			t.Errorf("%s moved by %g, want %g", name, largest, want)
		}
	}
}

// TestWeightDecay: the first step with decay differs from the one without by
// -rate * decay * w, and not at all for biases and LayerNorm. Decay that went
// through the gradient would vanish in Adam's normalization.
func TestWeightDecay(t *testing.T) {
	b := newBench(t)
	const rate, decay = 1e-2, 0.5
	for _, algorithm := range algorithmNames {
		changes := map[string]any{
			"algorithm": algorithm, "iterations": 1, "eval_every": 1, "warmup_ratio": 0,
			"learning_rate": rate, "weight_decay": 0, "gradient_clip": 0,
		}
		before := initial(t, b, changes, 1)
		without := mustTrain(t, b, changes, 1).weights
		changes["weight_decay"] = decay
		with := mustTrain(t, b, changes, 1).weights
		for name, values := range with {
			if strings.HasSuffix(name, ".bias") || strings.Contains(name, "LayerNorm") {
				if !sameBits(values, without[name]) {
					t.Errorf("%s: %s decays", algorithm, name)
				}
				continue
			}
			if sameBits(without[name], before[name]) {
				continue // the head of another task has no gradient and no decay
			}
			for i, v := range values {
				want := float64(without[name][i]) - rate*decay*float64(before[name][i])
				if math.Abs(float64(v)-want) > 1e-6 {
					t.Fatalf("%s: %s[%d] = %g, want %g", algorithm, name, i, v, want)
				}
			}
		}
	}
}

func TestSeedDecidesEverything(t *testing.T) {
	b := newBench(t)
	for _, algorithm := range algorithmNames {
		changes := map[string]any{"algorithm": algorithm}
		first, second, other := mustTrain(t, b, changes, 7), mustTrain(t, b, changes, 7), mustTrain(t, b, changes, 8)
		compareHistories(t, algorithm, second, first)
		if maps.EqualFunc(first.reports, other.reports, maps.Equal) {
			t.Errorf("%s: seeds 7 and 8 gave the same reports", algorithm)
		}
	}
}

// compareHistories wants all reports, the outcome and the weights equal to
// the last bit.
func compareHistories(t *testing.T, name string, got, want *history) {
	t.Helper()
	for step, metrics := range want.reports {
		if !maps.Equal(got.reports[step], metrics) {
			t.Errorf("%s: step %d reported %v, want %v", name, step, got.reports[step], metrics)
		}
	}
	if len(got.reports) != len(want.reports) {
		t.Errorf("%s: %d reports, want %d", name, len(got.reports), len(want.reports))
	}
	g, w := got.outcome, want.outcome
	if g.Value != w.Value || g.Step != w.Step || g.Steps != w.Steps || !maps.Equal(g.Metrics, w.Metrics) {
		t.Errorf("%s: outcome %+v, want %+v", name, g, w)
	}
	for param, values := range want.weights {
		if !sameBits(got.weights[param], values) {
			t.Errorf("%s: %s differs", name, param)
		}
	}
}

func TestReportsComeWhenDue(t *testing.T) {
	b := newBench(t)
	h := mustTrain(t, b, nil, 1) // 8 steps, eval_every 3
	steps := slices.Sorted(maps.Keys(h.reports))
	if !slices.Equal(steps, []int{3, 6, 8}) {
		t.Errorf("reports at %v, want 3, 6 and the last step", steps)
	}
	for step, m := range h.reports {
		for _, name := range []string{"val_loss", "val_accuracy", "train_loss"} {
			if _, ok := m[name]; !ok {
				t.Errorf("step %d: no %s in %v", step, name, m)
			}
		}
	}
}

// TestBestValidationCounts uses a rate at which training gets worse again. Which
// seeds show it differs from one libtorch to the next: one of a few must.
func TestBestValidationCounts(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		metric string
		better func(a, b float64) bool
	}{
		{"val_loss", func(a, b float64) bool { return a < b }},
		{"val_accuracy", func(a, b float64) bool { return a > b }},
	} {
		t.Run(c.metric, func(t *testing.T) {
			const last = 12
			changes := map[string]any{"metric": c.metric, "iterations": last, "eval_every": 1, "learning_rate": 0.3, "warmup_ratio": 0}
			for seed := int64(3); ; seed++ {
				if bestStep(t, b, changes, seed, c.metric, c.better) < last {
					break
				}
				if seed == 10 {
					t.Fatal("the last validation is always the best one: the test shows nothing")
				}
			}
		})
	}
}

// bestStep trains and checks that the weights and figures of the best validation
// are left, whose step it returns.
func bestStep(t *testing.T, b *bench, changes map[string]any, seed int64, metric string, better func(a, b float64) bool) (best int) {
	t.Helper()
	reports := make(map[int]map[string]float64)
	err := b.with(t, changes, seed, func(x *fixture) error {
		o, err := Train(x.s, x.algorithm, x.learner, x.data, Options{Config: x.config, Seed: seed,
			Hooks: Hooks{Report: func(step int, m map[string]float64) { reports[step] = maps.Clone(m) }}})
		if err != nil {
			return err
		}
		best = 1
		for step := 2; step <= len(reports); step++ {
			if better(reports[step][metric], reports[best][metric]) {
				best = step
			}
		}
		if o.Step != best || o.Value != reports[best][metric] || !maps.Equal(o.Metrics, reports[best]) {
			t.Errorf("outcome %+v, best is step %d: %v", o, best, reports[best])
		}
		episodes, err := x.data.Episodes(task.Validation)
		if err != nil {
			return err
		}
		m, err := Evaluate(x.s, x.algorithm.Adapter(), x.learner, x.data.Inputs(), episodes)
		if m.Loss != o.Metrics["val_loss"] || m.Accuracy != o.Metrics["val_accuracy"] {
			t.Errorf("the weights that are left give %+v, want %v", m, o.Metrics)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return best
}

func TestEarlyStopping(t *testing.T) {
	b := newBench(t)
	changes := map[string]any{"iterations": 12, "eval_every": 1, "learning_rate": 0.3, "warmup_ratio": 0}
	full := mustTrain(t, b, changes, 3)
	for _, patience := range []int{1, 2, 3} {
		best, stale, want := math.Inf(1), 0, 12
		for step := 1; step <= 12; step++ {
			if v := full.reports[step]["val_loss"]; v < best {
				best, stale = v, 0
			} else if stale++; stale == patience {
				want = step
				break
			}
		}
		changes["early_stopping"] = patience
		h := mustTrain(t, b, changes, 3)
		if h.outcome.Steps != want || len(h.reports) != want || h.outcome.Value != best {
			t.Errorf("patience %d: %d steps, value %g; want %d, %g", patience, h.outcome.Steps, h.outcome.Value, want, best)
		}
	}
}

func TestDivergence(t *testing.T) {
	b := newBench(t)
	h, err := b.train(t, map[string]any{"learning_rate": 10, "gradient_clip": 0, "warmup_ratio": 0, "iterations": 60, "eval_every": 30}, 1, "", nil, nil)
	if !errors.Is(err, ErrDiverged) || strings.Contains(err.Error(), "\n") {
		t.Fatalf("got %v, want ErrDiverged in one line", err)
	}
	if len(h.reports) > 0 {
		t.Errorf("a diverged validation was reported: %v", h.reports)
	}
}

// scripted is an algorithm whose losses are given.
type scripted struct {
	Algorithm
	losses []float64
}

func (a *scripted) Steps() int { return len(a.losses) }

func (a *scripted) Step(s *tensor.Scope, i int) (*tensor.Tensor, error) {
	if _, err := a.Algorithm.Step(s, i); err != nil {
		return nil, err
	}
	return s.FromFloat32([]float32{float32(a.losses[i])}), s.Err()
}

func TestDivergenceLimits(t *testing.T) {
	b := newBench(t)
	ordinary := func(special ...float64) []float64 {
		return append(append([]float64{5, 1, 1}, special...), 1, 1)
	}
	for name, c := range map[string]struct {
		losses   []float64
		diverges bool
	}{
		"ordinary":            {ordinary(2, 499), false},
		"NaN":                 {ordinary(math.NaN()), true},
		"infinite":            {ordinary(math.Inf(1)), true},
		"101 times the first": {ordinary(505), true},
		"NaN at once":         {[]float64{math.NaN(), 1}, true},
		"first near 0":        {[]float64{1e-9, 0.5, 2.6, 20}, false}, // an easy task, then hard ones
		"near 0, then huge":   {[]float64{1e-9, 500, 0.1}, true},
	} {
		t.Run(name, func(t *testing.T) {
			err := b.with(t, map[string]any{"eval_every": 2}, 1, func(x *fixture) error {
				_, err := Train(x.s, &scripted{x.algorithm, c.losses}, x.learner, x.data, Options{Config: x.config, Seed: 1})
				return err
			})
			if c.diverges != errors.Is(err, ErrDiverged) || !c.diverges && err != nil {
				t.Errorf("got %v, want divergence %v", err, c.diverges)
			}
		})
	}
}

func TestMemoryStaysFlat(t *testing.T) {
	texts, curves := newBench(t), newCurves()
	before := tensor.Live()
	for _, algorithm := range algorithmNames {
		b, third := texts, 40
		if isSlow(algorithm) {
			b, third = curves, 120
		}
		live, resident := make(map[int]int64), make(map[int]float64)
		changes := map[string]any{"algorithm": algorithm, "iterations": 3 * third, "eval_every": third, "eval_episodes": 2, "learning_rate": 1e-4}
		_, err := b.train(t, changes, 1, "", nil, func(step int) {
			if step%third == third-1 {
				live[step/third], resident[step/third] = tensor.Live(), residentMB(t)
			}
		})
		if err != nil {
			t.Fatal(err)
		}
		if live[1] != live[2] { // after the first validation, which keeps a copy of the best weights
			t.Errorf("%s: %d live tensors after %d steps, %d after %d", algorithm, live[1], 2*third, live[2], 3*third)
		}
		if grown := resident[2] - resident[0]; grown > 16 {
			t.Errorf("%s: %d steps took %.1f MB", algorithm, 2*third, grown)
		}
		if got := tensor.Live(); got != before {
			t.Errorf("%s: %d live tensors after training, want %d", algorithm, got, before)
		}
	}
}

func residentMB(t *testing.T) float64 {
	t.Helper()
	data, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Skip("no /proc/self/statm here")
	}
	pages, err := strconv.ParseFloat(strings.Fields(string(data))[1], 64)
	if err != nil {
		t.Fatal(err)
	}
	return pages * float64(os.Getpagesize()) / 1e6
}

// TestMetaBatchIsTheMean: the gradients of a step over three tasks are the
// mean of those of three steps over one.
func TestMetaBatchIsTheMean(t *testing.T) {
	b := newBench(t)
	for _, algorithm := range algorithmNames {
		gradients := func(tasks int, steps ...int) map[string][]float64 {
			sum := make(map[string][]float64)
			changes := map[string]any{"algorithm": algorithm, "meta_batch_size": tasks, "dropout": 0}
			err := b.with(t, changes, 2, func(x *fixture) error {
				for _, p := range x.params() {
					x.s.SetRequiresGrad(p.Tensor, true)
				}
				for _, i := range steps {
					if err := addGradients(x, i, 1/float64(len(steps)), sum); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
			return sum
		}
		together, apart := gradients(3, 1), gradients(1, 3, 4, 5)
		if len(together) < 30 || len(together) != len(apart) {
			t.Fatalf("%s: gradients of %d and %d parameters", algorithm, len(together), len(apart))
		}
		for name, g := range together {
			for i := range g {
				if math.Abs(g[i]-apart[name][i]) > 1e-5 {
					t.Fatalf("%s: gradient of %s[%d] is %g, the mean of the single ones %g", algorithm, name, i, g[i], apart[name][i])
				}
			}
		}
	}
}

func addGradients(x *fixture, step int, share float64, sum map[string][]float64) error {
	return x.s.Run(func(s *tensor.Scope) error {
		if _, err := x.algorithm.Step(s, step); err != nil {
			return err
		}
		for _, p := range x.params() {
			g := s.Grad(p.Tensor)
			if g == nil {
				continue // the head of another task
			}
			values, err := g.Float64s()
			if err != nil {
				return fmt.Errorf("%s: %w", p.Name, err)
			}
			if sum[p.Name] == nil {
				sum[p.Name] = make([]float64, len(values))
			}
			for i, v := range values {
				sum[p.Name][i] += share * v
			}
			s.ZeroGrad([]*tensor.Tensor{p.Tensor})
		}
		return nil
	})
}

func TestNothingToTrain(t *testing.T) {
	b := newBench(t)
	err := b.with(t, map[string]any{"freeze": "all-but-head"}, 1, func(x *fixture) error {
		x.learner.Projection = nil
		_, err := Train(x.s, x.algorithm, x.learner, x.data, Options{Config: x.config, Seed: 1})
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "leaves nothing to train") {
		t.Errorf("got %v", err)
	}
}

func TestFits(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		changes map[string]any
		want    string
	}{
		{map[string]any{"freeze": "bottom-3"}, "the model has 2 layers"},
		{map[string]any{"max_length": 513}, "max_length 513 exceeds the 512 positions"},
		{map[string]any{"freeze": "bottom-2", "max_length": 512}, ""},
	} {
		err := b.with(t, c.changes, 1, func(x *fixture) error { return x.learner.Fits(x.config) })
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%v: %v, want %q", c.changes, err, c.want)
		}
	}
}
