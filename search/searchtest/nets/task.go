package nets

import (
	"math"

	"github.com/hpsearch/hpsearch/search"
)

// The sizes of every task.
const (
	inputs      = 8
	trainSize   = 300
	validSize   = 600
	groupCount  = 4 // classes of a classification
	blobs       = 12
	labelNoise  = 0.05
	teacherSize = 10
)

// A sample is one input with what is to be predicted: a class, or a number.
type sample struct {
	x     [inputs]float64
	class int
	value float64
}

// A task is generated data to train and to validate on.
type task struct {
	outputs      int // classes; 1 for a regression
	train, valid []sample
}

// classification draws points around 12 centres, three of each class, in
// which one label in twenty is wrong. Two inputs say nothing.
func classification() *task {
	rng := search.Rand(1, 0, "nets/classification")
	var centres [blobs][inputs]float64
	for b := range centres {
		for j := range inputs - 2 {
			centres[b][j] = 1.6 * rng.NormFloat64()
		}
	}
	return generate(groupCount, func(s *sample) {
		b := rng.IntN(blobs)
		for j := range s.x {
			s.x[j] = centres[b][j] + 0.9*rng.NormFloat64()
		}
		s.class = b % groupCount
		if rng.Float64() < labelNoise {
			s.class = rng.IntN(groupCount)
		}
	})
}

// regression draws the values of a random network with noise.
func regression() *task {
	rng := search.Rand(2, 0, "nets/regression")
	var in [teacherSize][inputs]float64
	var out [teacherSize]float64
	for h := range in {
		for j := range in[h] {
			in[h][j] = rng.NormFloat64()
		}
		out[h] = rng.NormFloat64()
	}
	return generate(1, func(s *sample) {
		for j := range s.x {
			s.x[j] = rng.NormFloat64()
		}
		for h := range in {
			sum := 0.0
			for j, w := range in[h] {
				sum += w * s.x[j]
			}
			s.value += out[h] * math.Tanh(sum)
		}
		s.value = s.value/math.Sqrt(teacherSize) + 0.2*rng.NormFloat64()
	})
}

func generate(outputs int, draw func(*sample)) *task {
	t := &task{outputs: outputs, train: make([]sample, trainSize), valid: make([]sample, validSize)}
	for i := range t.train {
		draw(&t.train[i])
	}
	for i := range t.valid {
		draw(&t.valid[i])
	}
	return t
}
