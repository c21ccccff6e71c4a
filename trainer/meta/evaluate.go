package meta

import (
	"fmt"
	"math"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Measurement is the quality on held-out tasks: each task is learned from
// its support examples and measured on its query examples.
type Measurement struct {
	Loss     float64 // mean cross-entropy of queries, averaged over episodes
	Accuracy float64 // mean accuracy, averaged over episodes
	N        int     // episodes
	// CI95 is the half-width of the 95 % confidence interval of the accuracy
	// over episodes (1.96 standard errors), as few-shot papers report it.
	CI95 float64
}

// Evaluate measures a learner on episodes. Examples that several
// episodes share are computed once.
func Evaluate(s *tensor.Scope, adapt AdaptFunc, l *Learner, data *Data, episodes []Episode) (Measurement, error) {
	if len(episodes) == 0 {
		return Measurement{}, fmt.Errorf("evaluate: no episodes")
	}
	device := l.Device()
	var losses, accuracies []float64 // of each episode
	err := s.Run(func(s *tensor.Scope) error {
		rows, distinct := rowsOf(episodes)
		vectors, err := l.EmbedAll(s, data.Inputs(), distinct)
		if err != nil {
			return err
		}
		loss, hits := make([]*tensor.Tensor, len(episodes)), make([]*tensor.Tensor, len(episodes))
		for i, e := range episodes {
			err := s.Run(func(inner *tensor.Scope) error {
				pick := func(examples []int) *tensor.Tensor {
					index := make([]int64, len(examples))
					for i, example := range examples {
						index[i] = rows[example]
					}
					return inner.IndexSelect(vectors, 0, inner.To(inner.FromInt64(index), device))
				}
				classifier, err := adapt(inner, pick(e.Support.Inputs), e.Support.Labels, e.Ways)
				if err != nil {
					return err
				}
				inner.NoGrad(func() {
					logits := classifier.Logits(inner, pick(e.Query.Inputs))
					labels := inner.To(inner.FromInt64(e.Query.Labels), device)
					loss[i] = inner.Move(inner.CrossEntropy(logits, labels), s)
					hits[i] = inner.Move(inner.Sum(inner.Equal(inner.Argmax(logits, -1), labels)), s)
				})
				return nil
			})
			if err != nil {
				return err
			}
		}
		// Read at the end: each look waits for the device.
		if losses, err = s.Stack(0, loss...).Float64s(); err != nil {
			return err
		}
		if accuracies, err = s.Stack(0, hits...).Float64s(); err != nil {
			return err
		}
		for i, e := range episodes {
			accuracies[i] /= float64(len(e.Query.Labels))
		}
		return nil
	})
	if err != nil {
		return Measurement{}, fmt.Errorf("evaluate: %w", err)
	}
	loss, _ := meanAndError(losses)
	accuracy, standardError := meanAndError(accuracies)
	return Measurement{Loss: loss, Accuracy: accuracy, N: len(episodes), CI95: 1.96 * standardError}, nil
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
		mean += v / n
	}
	if len(values) < 2 {
		return mean, 0
	}
	sum := 0.0
	for _, v := range values {
		sum += (v - mean) * (v - mean)
	}
	return mean, math.Sqrt(sum / (n - 1) / n)
}
