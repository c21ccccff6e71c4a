package tensor

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
)

func invSqrt(n int64) float64 { return 1 / math.Sqrt(float64(n)) }

// A Group is a set of parameters with one weight decay.
type Group struct {
	Params      []*Tensor
	WeightDecay float64 // decoupled: p -= lr * WeightDecay * p
	LRScale     float64 // multiplies the learning rate; 0 means 1
	Start       int64   // steps before the first one that trains the group
}

// An Optimizer changes parameters by their gradients. Its tensors belong to
// the scope that it was made in.
type Optimizer interface {
	// Step makes one update with the given learning rate. A parameter that
	// has no gradient stays as it is, its decay included.
	Step(s *Scope, lr float64)
	// Params returns all parameters, group by group.
	Params() []*Tensor
	// State returns the tensors and the step count that resume needs.
	State() (tensors []*Tensor, step int64)
	// SetStep sets the step count when State's tensors were overwritten.
	SetStep(step int64)
}

// AdamW is Adam with decoupled weight decay (Loshchilov and Hutter 2019,
// algorithm 2), as PyTorch computes it. On the CPU an update is one pass over
// memory.
type AdamW struct {
	groups       []Group
	params       []*Tensor // of all groups
	m, v         []*Tensor
	step         int64
	Beta1, Beta2 float64
	Epsilon      float64
	// MaxNorm limits the global 2-norm of the gradient: a step scales larger
	// ones down to it. 0 means no limit. What the scaled gradients are is not to
	// be seen afterwards.
	MaxNorm float64
}

// NewAdamW returns AdamW with betas 0.9 and 0.999 and epsilon 1e-8.
func NewAdamW(s *Scope, groups []Group) *AdamW {
	o := &AdamW{groups: groups, params: groupParams(groups), Beta1: 0.9, Beta2: 0.999, Epsilon: 1e-8}
	o.m, o.v = zerosLike(s, o.params), zerosLike(s, o.params)
	return o
}

func zerosLike(s *Scope, params []*Tensor) []*Tensor {
	zeros := make([]*Tensor, len(params))
	for i, p := range params {
		if s.ok("optimizer state", p) {
			zeros[i] = s.Zeros(p.DType(), p.Device(), p.Shape()...)
		}
	}
	return zeros
}

func (g Group) lr(lr float64) float64 {
	if g.LRScale != 0 {
		return lr * g.LRScale
	}
	return lr
}

// Step implements [Optimizer].
func (o *AdamW) Step(s *Scope, lr float64) {
	o.step++
	if len(o.params) == 0 || !s.ok("adamw", o.params...) || !s.ok("adamw", o.m...) || !s.ok("adamw", o.v...) {
		return
	}
	options := make([]C.hps_adamw_options, 0, len(o.params))
	for _, g := range o.groups {
		of := C.hps_adamw_options{
			lr: C.double(g.lr(lr)), weight_decay: C.double(g.WeightDecay),
			beta1: C.double(o.Beta1), beta2: C.double(o.Beta2), epsilon: C.double(o.Epsilon),
			// A group has no gradients before it starts: the step is not used then.
			step: C.int64_t(max(1, o.step-g.Start)),
		}
		for range g.Params {
			options = append(options, of)
		}
	}
	p, m, v := pointers(o.params), pointers(o.m), pointers(o.v)
	s.check("adamw", C.hps_adamw((*C.hps_tensor)(handles(p)), (*C.hps_tensor)(handles(m)), (*C.hps_tensor)(handles(v)),
		&options[0], C.int(len(p)), C.double(o.MaxNorm)))
}

// Params implements [Optimizer].
func (o *AdamW) Params() []*Tensor { return o.params }

// State implements [Optimizer]: all first moments, then all second ones.
func (o *AdamW) State() ([]*Tensor, int64) {
	return append(append([]*Tensor(nil), o.m...), o.v...), o.step
}

// SetStep implements [Optimizer].
func (o *AdamW) SetStep(step int64) { o.step = step }

// SGD is stochastic gradient descent with heavy-ball momentum.
type SGD struct {
	groups   []Group
	buffers  [][]*Tensor
	momentum float64
	step     int64
}

// NewSGD returns SGD with the given momentum, 0 for none.
func NewSGD(s *Scope, groups []Group, momentum float64) *SGD {
	o := &SGD{groups: groups, momentum: momentum}
	for _, g := range groups {
		var b []*Tensor
		if momentum != 0 {
			b = zerosLike(s, g.Params)
		}
		o.buffers = append(o.buffers, b)
	}
	return o
}

// Step implements [Optimizer].
func (o *SGD) Step(s *Scope, lr float64) {
	o.step++
	for i, g := range o.groups {
		if len(g.Params) == 0 || !s.ok("sgd", g.Params...) || !s.ok("sgd", o.buffers[i]...) {
			continue
		}
		p, b := pointers(g.Params), pointers(o.buffers[i])
		s.check("sgd", C.hps_sgd((*C.hps_tensor)(handles(p)), (*C.hps_tensor)(handles(b)), C.int(len(p)),
			C.double(g.lr(lr)), C.double(o.momentum), C.double(g.WeightDecay)))
	}
}

// Params implements [Optimizer].
func (o *SGD) Params() []*Tensor { return groupParams(o.groups) }

// State implements [Optimizer].
func (o *SGD) State() ([]*Tensor, int64) {
	var ts []*Tensor
	for _, b := range o.buffers {
		ts = append(ts, b...)
	}
	return ts, o.step
}

// SetStep implements [Optimizer].
func (o *SGD) SetStep(step int64) { o.step = step }

func groupParams(groups []Group) []*Tensor {
	var ps []*Tensor
	for _, g := range groups {
		ps = append(ps, g.Params...)
	}
	return ps
}

// LinearSchedule returns the learning rate of step (from 0) among total
// steps: it rises linearly from 0 over the first warmup*total steps and then
// falls linearly to 0, as transformers' get_linear_schedule_with_warmup.
func LinearSchedule(peak, warmup float64, step, total int) (float64, error) {
	if warmup < 0 || warmup > 1 || total < 1 {
		return 0, fmt.Errorf("schedule: warm-up share %g must lie in 0..1 and total steps %d be positive", warmup, total)
	}
	rise := int(math.Ceil(warmup * float64(total)))
	if step < rise {
		return peak * float64(step) / float64(max(1, rise)), nil
	}
	return peak * math.Max(0, float64(total-step)/float64(max(1, total-rise))), nil
}
