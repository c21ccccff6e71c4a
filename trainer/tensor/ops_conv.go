package tensor

import (
	"sync"

	"github.com/sugarme/gotch/libtch"
)

// Conv2d convolves x [n, in, height, width] with w [out, in, rows, columns],
// stride 1, after padding zeros on all four sides. The result is laid out in
// memory as x and w are: see [Scope.ChannelsLast].
func (s *Scope) Conv2d(x, w *Tensor, padding int64) *Tensor {
	if !s.ok("conv2d", x, w) {
		return nil
	}
	one, pad := []int64{1, 1}, []int64{padding, padding}
	var out libtch.Ctensor
	libtch.AtgConv2d(&out, x.c, w.c, nil, one, 2, pad, 2, one, 2, 1)
	return s.own("conv2d", out)
}

// ConvolvesTwice reports whether this libtorch differentiates the gradients of
// convolutions in bfloat16 again; 1.13 mistakes their shapes.
var ConvolvesTwice = sync.OnceValue(func() bool {
	var probe Scope
	defer func() { _ = probe.Close() }() // an error is the answer
	x, w := probe.Ones(Float32, CPU, 1, 1, 4, 4), probe.Ones(Float32, CPU, 2, 1, 3, 3)
	probe.SetRequiresGrad(w, true)
	var y *Tensor
	probe.Autocast(CPU, func() { y = probe.Conv2d(x, w, 1) })
	g := probe.Gradients(probe.Sum(probe.Mul(y, y)), []*Tensor{w}, true)
	if probe.Err() == nil {
		probe.Gradients(probe.Sum(probe.Mul(g[0], g[0])), []*Tensor{w}, false)
	}
	return probe.Err() == nil
})

// BatchStatistics are the mean and the variance, each [channels], by which
// [Scope.BatchNorm] normalizes what is not trained on.
type BatchStatistics struct{ Mean, Variance *Tensor }

// BatchNorm normalizes each channel of x [n, channels, height, width] to mean
// 0 and variance 1, and applies weight and bias [channels] (Ioffe and Szegedy
// 2015). It takes the statistics of x and moves running, unless that is nil,
// by the share momentum towards them; with fixed it takes running as it is.
func (s *Scope) BatchNorm(x, weight, bias *Tensor, running *BatchStatistics, fixed bool, momentum, epsilon float64) *Tensor {
	if !s.ok("batch_norm", x, weight, bias) {
		return nil
	}
	var mean, variance libtch.Ctensor
	if running != nil {
		if !s.ok("batch_norm", running.Mean, running.Variance) {
			return nil
		}
		mean, variance = running.Mean.c, running.Variance.c
	}
	training := int32(1)
	if fixed && running != nil {
		training = 0
	}
	var out libtch.Ctensor
	libtch.AtgBatchNorm(&out, x.c, weight.c, bias.c, mean, variance, training, momentum, epsilon, 1)
	return s.own("batch_norm", out)
}

// MaxPool2d returns the largest element of each square of that side; what
// fills no whole square at the right and lower edges is left out.
func (s *Scope) MaxPool2d(x *Tensor, side int64) *Tensor {
	if !s.ok("max_pool2d", x) {
		return nil
	}
	sides, zero, one := []int64{side, side}, []int64{0, 0}, []int64{1, 1}
	var out libtch.Ctensor
	libtch.AtgMaxPool2d(&out, x.c, sides, 2, sides, 2, zero, 2, one, 2, 0)
	return s.own("max_pool2d", out)
}

// Permute returns x with its dimensions in another order; the data is shared.
func (s *Scope) Permute(x *Tensor, order ...int64) *Tensor {
	if !s.ok("permute", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgPermute(&out, x.c, order, len(order))
	return s.own("permute", out)
}

// ChannelsLast returns x [n, channels, height, width] with the channels of a
// pixel side by side in memory, the layout in which convolutions on the CPU
// need no copies.
func (s *Scope) ChannelsLast(x *Tensor) *Tensor {
	return s.Permute(s.Contiguous(s.Permute(x, 0, 2, 3, 1)), 0, 3, 1, 2)
}
