package export

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/hpsearch/hpsearch/trainer/meta"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Validation is how well a task is learned, by cross-validation: each example
// is judged by a model that did not see it. There are figures of the task's
// type, or the reason why there are none.
type Validation struct {
	Folds    int      `json:"folds,omitempty"`
	Accuracy *float64 `json:"cross_validated_accuracy,omitempty"`
	// RMSE is the root of the mean squared error, in the unit of the labels; R2
	// the share of their variance that is explained, 0 for answering with
	// their mean, and absent when they are all equal.
	RMSE *float64 `json:"cross_validated_rmse,omitempty"`
	R2   *float64 `json:"cross_validated_r2,omitempty"`
	// Nats is the negative log-likelihood a token.
	Nats    *float64 `json:"cross_validated_nats_per_token,omitempty"`
	Because string   `json:"not_cross_validated,omitempty"`
}

// maxFolds is the usual number of folds; fewer examples, or a class of fewer,
// lower it.
const maxFolds = 5

// crossValidate learns a task as often as there are folds.
func crossValidate(s *tensor.Scope, adapter meta.Adapter, l *meta.Learner, of *lesson, seed int64) (Validation, error) {
	folds := deal(of.all, of.outputs, seed)
	if len(folds) < 2 {
		reason := "there is one example"
		if of.all.Labels != nil {
			reason = "a label has one example"
		}
		return Validation{Because: reason}, nil
	}
	m, err := meta.Evaluate(s, adapter, l, of.inputs, folds)
	if err != nil {
		return Validation{}, fmt.Errorf("cross-validate: %w", err)
	}
	v := Validation{Folds: len(folds)}
	if l.Type == setting.Classification {
		accuracy := 0.0 // a mean over examples: folds differ in size
		for fold, a := range m.Accuracies {
			accuracy += math.Round(a * float64(len(folds[fold].Query.Labels)))
		}
		accuracy /= float64(len(of.all.Labels))
		v.Accuracy = &accuracy
		return v, nil
	}
	loss, total := 0.0, 0.0
	for fold, of := range of.sizes(l.Type, folds) {
		loss += m.Losses[fold] * of
		total += of
	}
	if loss /= total; math.IsNaN(loss) || math.IsInf(loss, 0) {
		return Validation{}, fmt.Errorf("cross-validate: the task was not learned: gradient descent ran away, to a loss of %g: %s", loss, of.advice())
	}
	if l.Type == setting.Generation {
		v.Nats = &loss
		return v, nil
	}
	rmse := math.Sqrt(loss) * of.scale.Deviation
	v.RMSE = &rmse
	if variance := variance(of.all.Targets); variance > 0 {
		r2 := 1 - loss/variance
		v.R2 = &r2
	}
	return v, nil
}

// sizes returns what each fold's loss is the mean over: its examples or, in
// generation, the tokens that are predicted.
func (of *lesson) sizes(kind setting.TaskType, folds []meta.Episode) []float64 {
	sizes := make([]float64, len(folds))
	for i, f := range folds {
		for _, example := range f.Query.Inputs {
			if kind == setting.Generation {
				sizes[i] += float64(of.inputs.Length(example) - 1) // the first is given
				continue
			}
			sizes[i]++
		}
	}
	return sizes
}

// deal deals examples out to folds, every class evenly: a fold's query is what
// was dealt to it, its support all the rest. nil when a class has one example.
func deal(all meta.Examples, outputs int, seed int64) []meta.Episode {
	n := len(all.Inputs)
	classes := make([][]int, 1)
	if all.Labels != nil {
		classes = make([][]int, outputs)
	}
	for i := range n {
		class := 0
		if all.Labels != nil {
			class = int(all.Labels[i])
		}
		classes[class] = append(classes[class], i)
	}
	folds := maxFolds
	for _, examples := range classes {
		folds = min(folds, len(examples))
	}
	if folds < 2 {
		return nil
	}
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	foldOf := make([]int, n)
	for _, examples := range classes {
		rng.Shuffle(len(examples), func(i, j int) { examples[i], examples[j] = examples[j], examples[i] })
		for i, e := range examples {
			foldOf[e] = i % folds
		}
	}
	episodes := make([]meta.Episode, folds)
	for fold := range episodes {
		var inside, outside []int
		for i := range n {
			if foldOf[i] == fold {
				outside = append(outside, i)
			} else {
				inside = append(inside, i)
			}
		}
		episodes[fold] = meta.Episode{Outputs: outputs, Support: all.Pick(inside), Query: all.Pick(outside)}
	}
	return episodes
}

// variance is exactly 0 when all values are equal.
func variance(values []float32) float64 {
	mean, squares := 0.0, 0.0 // of the distances from the first
	for _, v := range values {
		d := float64(v) - float64(values[0])
		mean += d / float64(len(values))
		squares += d * d / float64(len(values))
	}
	return max(0, squares-mean*mean)
}
