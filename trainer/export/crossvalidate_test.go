package export

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/task"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// TestCrossValidationOfNumbers: the error is in the unit of the labels, and
// examples that say nothing about theirs explain none of the variance.
func TestCrossValidationOfNumbers(t *testing.T) {
	const width, n = 4, 41 // folds of 8 and 9
	rng := rand.New(rand.NewPCG(2, 2))
	scale := task.Scale{Mean: 100, Deviation: 10}
	for name, c := range map[string]struct {
		label              func(x []float64) float64
		lowRMSE, highRMSE  float64
		lowR2, highR2      float64
		examples           int
		folds              int
		hasNoR2, hasReason bool
	}{
		"a line":      {func(x []float64) float64 { return 100 + 20*x[1] }, 0, 4, 0.95, 1, n, 5, false, false},
		"noise":       {func([]float64) float64 { return 100 + 10*rng.NormFloat64() }, 5, 25, -2, 0.3, n, 5, false, false},
		"one label":   {func([]float64) float64 { return 90 }, 0, 1e-3, 0, 0, n, 5, true, false},
		"three":       {func(x []float64) float64 { return 100 + 20*x[1] }, 0, 200, -1e9, 1, 3, 3, false, false},
		"one example": {func([]float64) float64 { return 90 }, 0, 0, 0, 0, 1, 0, false, true},
	} {
		var values []float64
		var of lesson
		for i := range c.examples {
			x := make([]float64, width)
			for j := range x {
				x[j] = rng.NormFloat64()
			}
			values = append(values, x...)
			of.all.Inputs = append(of.all.Inputs, i)
			of.all.Targets = append(of.all.Targets, scale.Apply(c.label(x)))
		}
		of.inputs, of.outputs, of.scale = table{values, width}, 1, scale
		adapter, err := meta.NewAdapter(&setting.Config{Algorithm: setting.Joint, Tasks: setting.Tasks{Type: setting.Regression}})
		if err != nil {
			t.Fatal(err)
		}
		err = tensor.Do(func(s *tensor.Scope) error {
			v, err := crossValidate(s, adapter, &meta.Learner{Network: asTheyAre{}, Type: setting.Regression}, &of, 3)
			if err != nil {
				return err
			}
			if v.Folds != c.folds || (v.Because != "") != c.hasReason || (v.RMSE == nil) != c.hasReason || (v.R2 == nil) != (c.hasReason || c.hasNoR2) {
				t.Errorf("%s: %+v", name, v)
				return nil
			}
			if v.RMSE != nil && !(*v.RMSE >= c.lowRMSE && *v.RMSE <= c.highRMSE) {
				t.Errorf("%s: an error of %g, want %g..%g", name, *v.RMSE, c.lowRMSE, c.highRMSE)
			}
			if v.R2 != nil && !(*v.R2 >= c.lowR2 && *v.R2 <= c.highR2) {
				t.Errorf("%s: R2 is %g, want %g..%g", name, *v.R2, c.lowR2, c.highR2)
			}
			return nil
		})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
	}
}

// TestCrossValidationRunsAway: numbers far from those of meta-training make
// gradient descent run away, which is said rather than written as NaN.
func TestCrossValidationRunsAway(t *testing.T) {
	scale := task.Scale{Mean: 3, Deviation: 1}
	of := lesson{inputs: table{[]float64{1e3, 2e3, 3e3, 4e3}, 1}, outputs: 1, scale: scale}
	of.all = meta.Examples{Inputs: meta.All(4), Targets: []float32{1e6, 2e6, 3e6, 4e6}}
	config := &setting.Config{Algorithm: setting.FOMAML, InnerLR: 1, EvalAdaptationSteps: 30, InnerFreeze: setting.InnerHead, Tasks: setting.Tasks{Type: setting.Regression}}
	adapter, err := meta.NewAdapter(config)
	if err != nil {
		t.Fatal(err)
	}
	err = tensor.Do(func(s *tensor.Scope) error {
		head := meta.Head{Weight: s.Zeros(tensor.Float32, tensor.CPU, 1, 1), Bias: s.Zeros(tensor.Float32, tensor.CPU, 1)}
		_, err := crossValidate(s, adapter, &meta.Learner{Network: asTheyAre{}, Type: setting.Regression, Head: head}, &of, 3)
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "labels must be like those of meta-training, whose mean is 3 and deviation 1") {
		t.Errorf("%v", err)
	}
}

// TestFoldsOfSeveralSizes: an inner loop that learns tasks side by side gives
// each fold what it gives it alone.
func TestFoldsOfSeveralSizes(t *testing.T) {
	const width = 3
	values, labels := points([]int{6, 9, 7}, width, 2)
	all := meta.Examples{Inputs: meta.All(len(labels)), Labels: labels}
	config := &setting.Config{Algorithm: setting.ANIL, InnerLR: 0.1, EvalAdaptationSteps: 3, Tasks: setting.Tasks{Type: setting.Classification}}
	adapter, err := meta.NewAdapter(config)
	if err != nil {
		t.Fatal(err)
	}
	folds := deal(all, 3, 1)
	err = tensor.Do(func(s *tensor.Scope) error {
		head := meta.Head{Weight: s.Zeros(tensor.Float32, tensor.CPU, 3, width), Bias: s.Zeros(tensor.Float32, tensor.CPU, 3)}
		learner := &meta.Learner{Network: asTheyAre{}, Type: setting.Classification, Head: head}
		together, err := meta.Evaluate(s, adapter, learner, table{values, width}, folds)
		if err != nil {
			return err
		}
		for i, f := range folds {
			alone, err := meta.Evaluate(s, adapter, learner, table{values, width}, []meta.Episode{f})
			if err != nil {
				return err
			}
			if math.Abs(alone.Loss-together.Losses[i]) > 1e-5 || alone.Accuracy != together.Accuracies[i] {
				t.Errorf("fold %d: a loss of %g, alone %g", i, together.Losses[i], alone.Loss)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
