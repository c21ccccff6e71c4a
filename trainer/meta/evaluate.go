package meta

import (
	"fmt"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/model"
	"github.com/hpsearch/hpsearch/trainer/setting"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Measurement is the quality on held-out tasks: each task is learned from
// its support examples and measured on its query examples.
type Measurement struct {
	Type setting.TaskType
	// Loss is the mean loss of queries (cross-entropy, squared error, or the
	// negative log-likelihood a token), averaged over episodes.
	Loss float64
	// Median is that of the episodes' losses: unlike the mean it does not
	// change much when gradient descent ran away on one of them.
	Median   float64
	Accuracy float64 // mean accuracy, averaged over episodes; of classification
	N        int     // episodes
	// CI95 is the half-width of the 95 % confidence interval over episodes
	// (1.96 standard errors), as few-shot papers report it: of the accuracy,
	// or of the loss where there is none.
	CI95 float64
	// Losses and Accuracies are those of the episodes; Accuracies is nil where
	// there are none.
	Losses, Accuracies []float64
}

// Metrics returns the measurement as a validation reports it.
func (m Measurement) Metrics() map[string]float64 {
	if m.Type == setting.Classification {
		return map[string]float64{"val_loss": m.Loss, "val_accuracy": m.Accuracy}
	}
	metrics := map[string]float64{"val_loss": m.Loss, "val_loss_median": m.Median}
	if m.Type == setting.Generation {
		metrics["val_perplexity"] = math.Exp(m.Loss)
	}
	return metrics
}

// Evaluate measures a learner on episodes.
func Evaluate(s *tensor.Scope, adapter Adapter, l *Learner, inputs Inputs, episodes []Episode) (Measurement, error) {
	if len(episodes) == 0 {
		return Measurement{}, fmt.Errorf("evaluate: no episodes")
	}
	e := evaluation{learner: l, inputs: inputs, episodes: episodes}
	err := s.Run(func(s *tensor.Scope) error {
		var err error
		if fit, ok := adapter.(FitFunc); ok {
			err = e.onVectors(s, fit)
		} else {
			err = e.oneByOne(s, adapter)
		}
		if err != nil {
			return err
		}
		return e.read(s)
	})
	if err != nil {
		return Measurement{}, fmt.Errorf("evaluate: %w", err)
	}
	m := Measurement{Type: l.Type, N: len(episodes), Median: median(e.lossValues), Losses: e.lossValues, Accuracies: e.accuracies}
	var ofLoss, ofAccuracy float64
	m.Loss, ofLoss = meanAndError(e.lossValues)
	m.Accuracy, ofAccuracy = meanAndError(e.accuracies)
	if share, ok := e.shareOfHits(); ok {
		m.Accuracy = share
	}
	m.CI95 = 1.96 * ofLoss
	if l.Type == setting.Classification {
		m.CI95 = 1.96 * ofAccuracy
	}
	return m, nil
}

// An evaluation collects what the episodes give.
type evaluation struct {
	learner  *Learner
	inputs   Inputs
	episodes []Episode

	// One number an episode, [tasks] each, left on the device until the end:
	// each look waits for it.
	losses, hits                      []*tensor.Tensor
	lossValues, hitCounts, accuracies []float64
}

// onVectors computes examples that several episodes share once.
func (e *evaluation) onVectors(s *tensor.Scope, fit FitFunc) error {
	rows, distinct := rowsOf(e.episodes)
	vectors, err := e.learner.EmbedAll(s, e.inputs, distinct)
	if err != nil {
		return err
	}
	for _, episode := range e.episodes {
		err := s.Run(func(inner *tensor.Scope) error {
			pick := func(examples []int) *tensor.Tensor {
				index := make([]int64, len(examples))
				for i, example := range examples {
					index[i] = rows[example]
				}
				return inner.IndexSelect(vectors, 0, inner.To(inner.FromInt64(index), e.learner.Device()))
			}
			head, err := fit(inner, pick(episode.Support.Inputs), episode.Support, episode.Outputs)
			if err != nil {
				return err
			}
			inner.NoGrad(func() {
				e.add(inner, s, head.Apply(inner, pick(episode.Query.Inputs)), []Episode{episode})
			})
			return inner.Err()
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// evalExamples bounds the examples of episodes that are measured together.
const evalExamples = 1024

// oneByOne adapts the whole learner to each episode, or to several together.
func (e *evaluation) oneByOne(s *tensor.Scope, adapter Adapter) error {
	group := 1
	loop, isLoop := adapter.(*InnerLoop)
	if isLoop {
		first := e.episodes[0]
		group = loop.group(e.learner, max(1, evalExamples/(len(first.Support.Inputs)+len(first.Query.Inputs))))
	}
	for start := 0; start < len(e.episodes); {
		tasks := alike(e.episodes[start:min(start+group, len(e.episodes))])
		start += len(tasks)
		if e.learner.stopRequested() {
			return ErrStopped
		}
		err := s.Run(func(inner *tensor.Scope) error {
			if len(tasks) > 1 {
				adapted, err := loop.learn(inner, e.learner, e.inputs, supports(tasks), tasks[0].Outputs, plain, model.Mode{})
				if err != nil {
					return err
				}
				inner.NoGrad(func() {
					e.add(inner, s, adapted.Outputs(inner, e.inputs, join(queries(tasks)).Inputs, model.Mode{}), tasks)
				})
				return inner.Err()
			}
			adapted, err := adapter.Adapt(inner, e.learner, e.inputs, tasks[0].Support, tasks[0].Outputs)
			if err != nil {
				return err
			}
			return e.measure(inner, s, adapted, tasks[0])
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// alike returns the first episodes, as many as are of one size: others cannot be
// learned side by side. The folds of a cross-validation are of several sizes.
func alike(episodes []Episode) []Episode {
	support, query := len(episodes[0].Support.Inputs), len(episodes[0].Query.Inputs)
	for i, e := range episodes {
		if len(e.Support.Inputs) != support || len(e.Query.Inputs) != query {
			return episodes[:i]
		}
	}
	return episodes
}

// measure adds what one adapted learner gives.
func (e *evaluation) measure(s, outer *tensor.Scope, adapted *Learner, task Episode) error {
	if adapted.Type != setting.Generation {
		outputs, err := adapted.OutputAll(s, e.inputs, task.Query.Inputs)
		if err == nil {
			s.NoGrad(func() { e.add(s, outer, outputs, []Episode{task}) })
		}
		return err
	}
	loss, err := adapted.meanLikelihood(s, e.inputs, task.Query.Inputs)
	if err == nil {
		e.losses = append(e.losses, s.Move(loss, outer))
	}
	return err
}

// add takes the outputs for the queries of tasks, one after the other.
func (e *evaluation) add(s, outer *tensor.Scope, outputs *tensor.Tensor, tasks []Episode) {
	all, n := join(queries(tasks)), int64(len(tasks))
	each := lossEach(s, e.learner.Type, outputs, all)
	e.losses = append(e.losses, s.Move(s.MeanDims(s.Reshape(each, n, -1), false, 1), outer))
	if e.learner.Type == setting.Classification {
		hits := s.Cast(hitsEach(s, outputs, all), tensor.Float32)
		e.hits = append(e.hits, s.Move(s.SumDims(s.Reshape(hits, n, -1), false, 1), outer))
	}
}

// read waits for the device.
func (e *evaluation) read(s *tensor.Scope) (err error) {
	if e.lossValues, err = s.Cat(0, e.losses...).Float64s(); err != nil || len(e.hits) == 0 {
		return err
	}
	e.hitCounts, err = s.Cat(0, e.hits...).Float64s()
	e.accuracies = make([]float64, len(e.hitCounts))
	for i, hits := range e.hitCounts {
		e.accuracies[i] = hits / float64(len(e.episodes[i].Query.Labels))
	}
	return err
}

// shareOfHits is the mean accuracy of episodes that all have as many queries,
// counted in whole hits: the same number of hits is the same accuracy to the last
// bit, and two trials with it are equally good.
func (e *evaluation) shareOfHits() (share float64, ok bool) {
	if len(e.hitCounts) == 0 {
		return 0, false
	}
	each, sum := len(e.episodes[0].Query.Labels), 0.0
	for i, hits := range e.hitCounts {
		if len(e.episodes[i].Query.Labels) != each {
			return 0, false
		}
		sum += hits
	}
	return sum / float64(len(e.hitCounts)*each), true
}

// rowsOf numbers the distinct examples of episodes in order of appearance.
func rowsOf(episodes []Episode) (rows map[int]int64, distinct []int) {
	rows = make(map[int]int64)
	for _, e := range episodes {
		for _, list := range [][]int{e.Support.Inputs, e.Query.Inputs} {
			for _, example := range list {
				if _, ok := rows[example]; !ok {
					rows[example] = int64(len(distinct))
					distinct = append(distinct, example)
				}
			}
		}
	}
	return rows, distinct
}

// meanAndError returns the mean and its standard error, 0 for one value.
func meanAndError(values []float64) (mean, standardError float64) {
	n := float64(len(values))
	for _, v := range values {
		mean += v
	}
	mean /= n // once: ten times an accuracy of 1 is 1, which a target can be
	if len(values) < 2 {
		return mean, 0
	}
	sum := 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sum / (n - 1) / n)
}

// median returns the middle value, NaN of none. NaNs count as the largest.
func median(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	sorted := slices.Clone(values)
	for i, v := range sorted {
		if math.IsNaN(v) {
			sorted[i] = math.Inf(1)
		}
	}
	slices.Sort(sorted)
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	return sorted[n/2-1]/2 + sorted[n/2]/2
}
