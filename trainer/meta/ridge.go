package meta

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// ridgeDecay is λ of ridge regression on standardized vectors, whose squared
// length is counted by coordinate, so that one strength serves every network.
const ridgeDecay = 1e-2

// fitRidge returns the ridge regression of the targets on frozen vectors x
// [n, features] (Hoerl and Kennard 1970): with K = Z Zᵀ / features of the
// standardized vectors, the weights are Zᵀ (K + n λ I)⁻¹ (y - ȳ) / features.
// n is small where features is not, and the system has n equations.
//
// Vectors or targets that are not finite give a head whose outputs are NaN, for
// the caller to see as divergence.
func fitRidge(s *tensor.Scope, x *tensor.Tensor, support Examples, outputs int) (Head, error) {
	if outputs != 1 || len(support.Targets) == 0 {
		return Head{}, fmt.Errorf("fit a ridge regression: %d outputs and %d targets, want 1 and some", outputs, len(support.Targets))
	}
	if s.Err() != nil {
		return Head{}, s.Err()
	}
	values, err := x.Float64s()
	if err != nil {
		return Head{}, fmt.Errorf("fit a ridge regression: %w", err)
	}
	n := len(support.Targets)
	mean, deviation := standardizeRows(values, n)
	weight, bias := ridge(values, support.Targets)
	w := make([]float32, len(weight))
	for j, v := range weight {
		v /= deviation
		w[j] = float32(v)
		bias -= v * mean[j]
	}
	device := x.Device()
	return Head{
		Weight: s.To(s.FromFloat32(w, 1, int64(len(w))), device),
		Bias:   s.To(s.FromFloat32([]float32{float32(bias)}, 1), device),
	}, s.Err()
}

// ridge solves the problem for standardized vectors z, row by row.
func ridge(z []float64, targets []float32) (weight []float64, bias float64) {
	n := len(targets)
	features := len(z) / n
	rows := mat.NewDense(n, features, z)
	for _, y := range targets {
		bias += float64(y) / float64(n)
	}
	residual := mat.NewVecDense(n, nil)
	for i, y := range targets {
		residual.SetVec(i, float64(y)-bias)
	}
	kernel := mat.NewSymDense(n, nil)
	kernel.SymOuterK(1/float64(features), rows)
	for i := range n {
		kernel.SetSym(i, i, kernel.At(i, i)+float64(n)*ridgeDecay)
	}
	weight = make([]float64, features)
	var factor mat.Cholesky
	if !factor.Factorize(kernel) { // only of numbers that are not finite: λ > 0
		return weight, math.NaN()
	}
	dual := mat.NewVecDense(n, nil)
	if err := factor.SolveVecTo(dual, residual); err != nil {
		return weight, math.NaN()
	}
	w := mat.NewVecDense(features, weight)
	w.MulVec(rows.T(), dual)
	w.ScaleVec(1/float64(features), w)
	return weight, bias
}

// standardizeRows subtracts the mean from n vectors, in place, and divides them by
// the deviation of all their coordinates.
func standardizeRows(x []float64, n int) (mean []float64, deviation float64) {
	features := len(x) / n
	mean = make([]float64, features)
	for i, v := range x {
		mean[i%features] += v / float64(n)
	}
	variance := 0.0
	for i := range x {
		x[i] -= mean[i%features]
		variance += x[i] * x[i] / float64(len(x))
	}
	deviation = math.Sqrt(variance + 1e-12) // equal vectors have none
	for i := range x {
		x[i] /= deviation
	}
	return mean, deviation
}
