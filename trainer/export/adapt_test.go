package export

import (
	"encoding/binary"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// points draws labelled vectors, sorted by label, whose classes lie apart by
// distance.
func points(counts []int, width int, distance float64) (values []float64, labels []int64) {
	rng := rand.New(rand.NewPCG(1, 1))
	for c, n := range counts {
		for range n {
			for j := range width {
				v := rng.NormFloat64()
				if j == c {
					v += distance
				}
				values = append(values, v)
			}
			labels = append(labels, int64(c))
		}
	}
	return values, labels
}

// table is inputs that are vectors, and asTheyAre a network that keeps them.
type table struct {
	values []float64
	width  int
}

func (x table) Batch(s *tensor.Scope, _ tensor.Device, examples []int) (model.Batch, error) {
	var rows []float64
	for _, e := range examples {
		rows = append(rows, x.values[e*x.width:(e+1)*x.width]...)
	}
	return model.Batch{Values: s.Cast(s.FromFloat64(rows, int64(len(examples)), int64(x.width)), tensor.Float32)}, s.Err()
}

func (table) Length(int) int { return 1 }

type asTheyAre struct{ model.Network }

func (asTheyAre) Forward(_ *tensor.Scope, in model.Batch, _ model.Mode) *tensor.Tensor {
	return in.Values
}

func (asTheyAre) Params() []model.Param { return nil }

func (asTheyAre) Device() tensor.Device { return tensor.CPU }

func TestCrossValidation(t *testing.T) {
	const width = 6
	for name, c := range map[string]struct {
		counts    []int
		distance  float64
		folds     int
		low, high float64
	}{
		"apart":            {[]int{10, 12, 9}, 30, 5, 1, 1},
		"two of one class": {[]int{20, 2}, 30, 2, 1, 1},
		"no difference":    {[]int{100, 100}, 0, 5, 0.35, 0.65},
		"one example":      {[]int{10, 1}, 30, 0, 0, 0},
	} {
		for _, algorithm := range []string{"joint", "protonet"} {
			adapter, err := meta.NewAdapter(&setting.Config{Algorithm: algorithm, Tasks: setting.Tasks{Type: setting.Classification}})
			if err != nil {
				t.Fatal(err)
			}
			values, labels := points(c.counts, width, c.distance)
			err = tensor.Do(func(s *tensor.Scope) error {
				seen := 0
				spy := meta.FitFunc(func(s *tensor.Scope, x *tensor.Tensor, support meta.Examples, outputs int) (meta.Head, error) {
					seen += len(support.Labels)
					return adapter.(meta.FitFunc)(s, x, support, outputs)
				})
				learner := &meta.Learner{Network: asTheyAre{}, Type: setting.Classification}
				all := meta.Examples{Inputs: meta.All(len(labels)), Labels: labels}
				of := &lesson{inputs: table{values, width}, all: all, outputs: len(c.counts)}
				v, err := crossValidate(s, spy, learner, of, 3)
				if err != nil {
					return err
				}
				accuracy, folds := v.Accuracy, v.Folds
				if (v.Because == "") != (folds > 0) {
					t.Errorf("%s, %s: %d folds because %q", name, algorithm, folds, v.Because)
				}
				if folds != c.folds || (accuracy == nil) != (c.folds == 0) {
					t.Errorf("%s, %s: %d folds, accuracy %v", name, algorithm, folds, accuracy)
				}
				if accuracy != nil && (*accuracy < c.low || *accuracy > c.high) {
					t.Errorf("%s, %s: accuracy %g, want %g..%g", name, algorithm, *accuracy, c.low, c.high)
				}
				if want := max(0, folds-1) * len(labels); seen != want { // each example is held out once
					t.Errorf("%s: %d support examples in all folds, want %d", name, seen, want)
				}
				again, err := crossValidate(s, adapter, learner, of, 3)
				if accuracy != nil && (again.Accuracy == nil || *again.Accuracy != *accuracy) {
					t.Errorf("%s: the same seed gave another accuracy", name)
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestNonzeroFloats(t *testing.T) {
	t.Parallel()
	var data []byte
	for _, v := range []float64{0, 1, math.Copysign(0, -1), -1, 1e-45, math.NaN(), 0} {
		data = binary.LittleEndian.AppendUint32(data, math.Float32bits(float32(v)))
	}
	if got := nonzeroFloats(data); got != 4 {
		t.Errorf("%d of 7 are nonzero, want 4: 0 and -0 are not", got)
	}
}

func TestMarkdown(t *testing.T) {
	t.Parallel()
	size := int64(12_000_000)
	half, most, less := 0.5, 0.75, 0.74
	r := &Report{
		Study: "s", Trial: 4, Params: map[string]any{"b": 1, "a": "x"},
		Retrain:   Retrain{Metric: "val_loss", Value: 0.5, StoredValue: 0.25, Threads: 2, Device: "cpu"},
		Test:      Test{Before: Score{Accuracy: &half}, FP32: Score{Accuracy: &most, N: 600, CI95: 0.01}, Compressed: &Score{Accuracy: &less}},
		SizeBytes: Pair[int64]{FP32: 24_000_000, Compressed: &size},
		LatencyMS: Pair[Latency]{FP32: Latency{P50: 1.5, P95: 2, Batch: 1, Length: 64, Input: "64 tokens", Threads: 1}, Compressed: &Latency{P50: 1}},
		Notes:     []string{"A note."},
	}
	got := r.Markdown()
	for _, want := range []string{
		"# s, trial 4", "| a | x |\n| b | 1 |", "**not** the stored 0.25", "| exported | 0.0000 | 75.00 % ± 1.00 | 24.0 MB | 1.50 / 2.00 ms |",
		"| compressed |", "12.0 MB", "600 episodes", "on cpu (2 threads)", "64 tokens, 1 thread, CPU", "A note.",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("no %q in\n%s", want, got)
		}
	}
	r.Retrain.Reproduced, r.Test.Compressed = true, nil
	if got := r.Markdown(); strings.Contains(got, "| compressed") || !strings.Contains(got, "the same to the last bit") {
		t.Errorf("got\n%s", got)
	}
	r.Test = Test{Before: Score{Loss: 4, Median: &most}, FP32: Score{Loss: 0.5, Median: &half, CI95: 0.1, N: 600}}
	if got := r.Markdown(); !strings.Contains(got, "| loss | median |") || !strings.Contains(got, "| exported | 0.5000 ± 0.1000 | 0.5000 |") {
		t.Errorf("of a regression: got\n%s", got)
	}
	if !slices.Equal(sortedKeys(r.Params), []string{"a", "b"}) {
		t.Error("parameters are not sorted")
	}
}
