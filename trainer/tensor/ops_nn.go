package tensor

// #include "shim.h"
import "C"

import "github.com/sugarme/gotch/libtch"

// Linear returns x Wᵀ + b: x [..., in], w [out, in], b [out] or nil.
func (s *Scope) Linear(x, w, b *Tensor) *Tensor {
	if !s.ok("linear", x, w) || b != nil && !s.ok("linear", b) {
		return nil
	}
	var out C.hps_tensor
	if !s.check("linear", C.hps_linear(C.hps_tensor(x.c), C.hps_tensor(w.c), C.hps_tensor(optional(b)), &out)) {
		return nil
	}
	return s.own("linear", libtch.Ctensor(out))
}

// LinearGELU is [Scope.GELU] of [Scope.Linear]: on the CPU, in float32, in one
// pass over memory.
func (s *Scope) LinearGELU(x, w, b *Tensor) *Tensor {
	const op = "linear_gelu"
	if !s.ok(op, x, w, b) {
		return nil
	}
	if !s.twice {
		var out C.hps_tensor
		if !s.check(op, C.hps_linear_gelu(C.hps_tensor(x.c), C.hps_tensor(w.c), C.hps_tensor(b.c), &out)) {
			return nil
		}
		if out != nil {
			return s.own(op, libtch.Ctensor(out))
		}
	}
	return s.GELU(s.Linear(x, w, b))
}

// LinearNorm is [Scope.LayerNorm], with scale and shift [out], of residual
// [..., out] and [Scope.Dropout] of [Scope.Linear]: on the CPU, in float32, in
// one pass over memory.
func (s *Scope) LinearNorm(x, w, b, residual, scale, shift *Tensor, eps, dropout float64) *Tensor {
	const op = "linear_norm"
	if !s.ok(op, x, w, b, residual, scale, shift) {
		return nil
	}
	if !s.twice {
		var out C.hps_tensor
		message := C.hps_linear_norm(C.hps_tensor(x.c), C.hps_tensor(w.c), C.hps_tensor(b.c), C.hps_tensor(residual.c),
			C.hps_tensor(scale.c), C.hps_tensor(shift.c), C.double(eps), C.double(dropout), &out)
		if !s.check(op, message) {
			return nil
		}
		if out != nil {
			return s.own(op, libtch.Ctensor(out))
		}
	}
	return s.LayerNorm(s.Add(s.Dropout(s.Linear(x, w, b), dropout), residual), scale, shift, eps)
}

// TaskLinear is [Scope.Linear] for several layers side by side, each with its
// own input: x [tasks, n, in], w [tasks, out, in], b [tasks, out] ->
// [tasks, n, out].
func (s *Scope) TaskLinear(x, w, b *Tensor) *Tensor {
	bias, wt := s.Unsqueeze(b, 1), s.Transpose(w, 1, 2)
	if !s.ok("task_linear", x, wt, bias) {
		return nil
	}
	one := number(1)
	defer libtch.AtsFree(one)
	var out libtch.Ctensor
	libtch.AtgBaddbmm(&out, bias.c, x.c, wt.c, one, one)
	return s.own("task_linear", out)
}

// Embedding looks rows of weight [n, width] up: ids int64 [...] -> [..., width].
func (s *Scope) Embedding(weight, ids *Tensor) *Tensor {
	if !s.ok("embedding", weight, ids) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgEmbedding(&out, weight.c, ids.c, -1, 0, 0)
	return s.own("embedding", out)
}

// LayerNorm normalizes the last dimension and applies weight and bias.
func (s *Scope) LayerNorm(x, weight, bias *Tensor, eps float64) *Tensor {
	if !s.ok("layer_norm", x, weight, bias) {
		return nil
	}
	shape := weight.Shape()
	var out libtch.Ctensor
	libtch.AtgLayerNorm(&out, x.c, shape, len(shape), weight.c, bias.c, eps, 1)
	return s.own("layer_norm", out)
}

// GELU returns x Φ(x), by the error function.
func (s *Scope) GELU(x *Tensor) *Tensor { return s.gelu(x, "none") }

// GELUTanh is GELU's approximation by the hyperbolic tangent.
func (s *Scope) GELUTanh(x *Tensor) *Tensor { return s.gelu(x, "tanh") }

func (s *Scope) gelu(x *Tensor, approximate string) *Tensor {
	if !s.ok("gelu", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgGelu(&out, x.c, approximate)
	return s.own("gelu", out)
}

// Softmax normalizes e^x along dim.
func (s *Scope) Softmax(x *Tensor, dim int64) *Tensor {
	if !s.ok("softmax", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgSoftmax(&out, x.c, dim, keepType)
	return s.own("softmax", out)
}

// LogSoftmax is the logarithm of [Scope.Softmax].
func (s *Scope) LogSoftmax(x *Tensor, dim int64) *Tensor {
	if !s.ok("log_softmax", x) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgLogSoftmax(&out, x.c, dim, keepType)
	return s.own("log_softmax", out)
}

// Dropout zeroes each element with probability p and scales the others by
// 1/(1-p); the draw comes from the generator that [Seed] seeds. p = 0
// returns x itself.
func (s *Scope) Dropout(x *Tensor, p float64) *Tensor {
	if p == 0 || !s.ok("dropout", x) {
		return x
	}
	var out C.hps_tensor
	if !s.check("dropout", C.hps_dropout(C.hps_tensor(x.c), C.double(p), &out)) {
		return nil
	}
	return s.own("dropout", libtch.Ctensor(out))
}

const (
	reduceNone = 0
	reduceMean = 1
)

// CrossEntropy returns the mean negative log-likelihood: logits [n, classes],
// labels int64 [n]. It is computed in float32 of logits in bfloat16, whose
// eight bits are too few for sums over classes.
func (s *Scope) CrossEntropy(logits, labels *Tensor) *Tensor {
	return s.crossEntropy(logits, labels, reduceMean)
}

// CrossEntropyEach is [Scope.CrossEntropy] without the mean: [n].
func (s *Scope) CrossEntropyEach(logits, labels *Tensor) *Tensor {
	return s.crossEntropy(logits, labels, reduceNone)
}

func (s *Scope) crossEntropy(logits, labels *Tensor, reduction int64) *Tensor {
	if !s.ok("cross_entropy", logits, labels) {
		return nil
	}
	if logits.DType() == BF16 {
		if logits = s.Cast(logits, Float32); logits == nil {
			return nil
		}
	}
	var out libtch.Ctensor
	libtch.AtgCrossEntropyLoss(&out, logits.c, labels.c, nil, reduction, -100, 0)
	return s.own("cross_entropy", out)
}

// MSE returns the mean squared difference.
func (s *Scope) MSE(x, y *Tensor) *Tensor {
	if !s.ok("mse", x, y) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgMseLoss(&out, x.c, y.c, reduceMean)
	return s.own("mse", out)
}
