package meta

import (
	"fmt"
	"math"

	"gonum.org/v1/gonum/blas"
	"gonum.org/v1/gonum/blas/blas64"
	"gonum.org/v1/gonum/optimize"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// The settings of the linear probe. Vectors are standardized, so that one
// strength of regularization serves every encoder.
const (
	probeDecay      = 1e-2 // weight of ½|W|² in the loss
	probeGradient   = 1e-4 // largest partial derivative at which the fit ends
	probeIterations = 200  // more than few-shot tasks need: some tens
)

// fitProbe returns multinomial logistic regression on frozen vectors x
// [n, hidden]: the standard way to learn a new task with a shared encoder
// when only its head is trained. The loss is convex and n is small: L-BFGS
// (Liu and Nocedal 1989) on the host finds its minimum in some tens of
// evaluations, where a hundred steps of Adam end up to ten times above it. It
// starts at zero and draws nothing: the result is a function of its arguments,
// whatever the device and the number of threads.
//
// Vectors that are not finite give a classifier whose logits are NaN, for the
// caller to see as divergence.
func fitProbe(s *tensor.Scope, x *tensor.Tensor, support Examples, ways int) (Head, error) {
	labels := support.Labels
	if _, err := classMeans(labels, ways); err != nil {
		return Head{}, err
	}
	if s.Err() != nil {
		return Head{}, s.Err()
	}
	values, err := x.Float64s()
	if err != nil {
		return Head{}, fmt.Errorf("fit a linear probe: %w", err)
	}
	p := newRegression(values, labels, ways)
	if err := p.fit(); err != nil {
		return Head{}, fmt.Errorf("fit a linear probe: %w", err)
	}
	weight, bias := p.classifier()
	device := x.Device()
	return Head{
		Weight: s.To(s.FromFloat32(weight, int64(ways), int64(p.z.Cols)), device),
		Bias:   s.To(s.FromFloat32(bias, int64(ways)), device),
	}, s.Err()
}

// A regression is the probe's problem in standardized coordinates
// z = (x - mean) / deviation.
type regression struct {
	z         blas64.General // [n, hidden]
	labels    []int64
	ways      int
	mean      []float64
	deviation float64
	solution  []float64 // weights [ways, hidden], then biases [ways]

	residuals blas64.General // [n, ways], scratch
}

func newRegression(x []float64, labels []int64, ways int) *regression {
	n := len(labels)
	hidden := len(x) / n
	p := &regression{
		z: blas64.General{Rows: n, Cols: hidden, Stride: hidden, Data: x}, labels: labels, ways: ways,
		solution:  make([]float64, ways*(hidden+1)),
		residuals: blas64.General{Rows: n, Cols: ways, Stride: ways, Data: make([]float64, n*ways)},
	}
	p.mean, p.deviation = standardizeRows(x, n)
	return p
}

// split returns the weights and biases inside one vector of parameters.
func (p *regression) split(theta []float64) (w blas64.General, b []float64) {
	n := p.ways * p.z.Cols
	return blas64.General{Rows: p.ways, Cols: p.z.Cols, Stride: p.z.Cols, Data: theta[:n]}, theta[n:]
}

// loss returns the mean cross-entropy plus the penalty, and leaves
// (softmax - one-hot) / n in residuals.
func (p *regression) loss(theta []float64) float64 {
	w, b := p.split(theta)
	blas64.Gemm(blas.NoTrans, blas.Trans, 1, p.z, w, 0, p.residuals)
	n, total := float64(p.z.Rows), 0.0
	for i, label := range p.labels {
		row := p.residuals.Data[i*p.ways : (i+1)*p.ways]
		largest := math.Inf(-1)
		for c := range row {
			row[c] += b[c]
			largest = math.Max(largest, row[c])
		}
		own, sum := row[label], 0.0
		for c := range row {
			row[c] = math.Exp(row[c] - largest)
			sum += row[c]
		}
		for c := range row {
			row[c] /= sum * n
		}
		row[label] -= 1 / n
		total += (largest + math.Log(sum) - own) / n
	}
	for _, v := range w.Data {
		total += probeDecay / 2 * v * v
	}
	return total
}

func (p *regression) gradient(grad, theta []float64) {
	p.loss(theta)
	w, _ := p.split(theta)
	gw, gb := p.split(grad)
	copy(gw.Data, w.Data)
	blas64.Gemm(blas.Trans, blas.NoTrans, 1, p.residuals, p.z, probeDecay, gw)
	clear(gb)
	for i, r := range p.residuals.Data {
		gb[i%p.ways] += r
	}
}

func (p *regression) fit() error {
	if start := p.loss(p.solution); math.IsNaN(start) || math.IsNaN(p.deviation) || math.IsInf(p.deviation, 0) {
		_, b := p.split(p.solution)
		for c := range b {
			b[c] = math.NaN()
		}
		return nil
	}
	result, err := optimize.Minimize(optimize.Problem{Func: p.loss, Grad: p.gradient}, p.solution,
		&optimize.Settings{GradientThreshold: probeGradient, MajorIterations: probeIterations, Converger: optimize.NeverTerminate{}},
		&optimize.LBFGS{})
	// A line search that finds nothing lower ends at the minimum, as far as
	// float64 can tell.
	if result == nil {
		return err
	}
	p.solution = result.X
	return nil
}

// classifier undoes the standardization:
// W (x - mean)/d + b = (W/d) x + (b - (W/d) mean).
func (p *regression) classifier() (weight, bias []float32) {
	w, b := p.split(p.solution)
	weight, bias = make([]float32, len(w.Data)), make([]float32, len(b))
	for c := range b {
		shift := 0.0
		for j := range w.Cols {
			v := w.Data[c*w.Cols+j] / p.deviation
			weight[c*w.Cols+j] = float32(v)
			shift += v * p.mean[j]
		}
		bias[c] = float32(b[c] - shift)
	}
	return weight, bias
}
