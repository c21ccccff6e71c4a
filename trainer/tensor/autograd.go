package tensor

// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// NoGrad runs f without recording operators for gradients. They are the same
// ones whether or not the scope's are differentiated twice.
func (s *Scope) NoGrad(f func()) {
	previous, twice := C.hps_grad_mode(0), s.twice
	s.twice = false
	defer func() {
		C.hps_grad_mode(previous)
		s.twice = twice
	}()
	f()
}

// Autocast runs f with products of matrices and convolutions on a device
// computing in bfloat16, whatever their operands are; results are bfloat16
// then. Parameters stay as they are, and so do the types of their gradients.
// Backward belongs outside: it follows what f did.
func (s *Scope) Autocast(device Device, f func()) {
	cuda := C.int(0)
	if device.IsCUDA() {
		cuda = 1
	}
	previous := C.hps_autocast(cuda, 1)
	defer C.hps_autocast(cuda, previous)
	f()
}

// SetRequiresGrad marks a leaf tensor as one whose gradient is wanted, or
// takes the mark away.
func (s *Scope) SetRequiresGrad(t *Tensor, wanted bool) {
	if !s.ok("requires_grad", t) {
		return
	}
	flag := int32(0)
	if wanted {
		flag = 1
	}
	var out libtch.Ctensor
	libtch.AtgSetRequiresGrad(&out, t.c, flag)
	if out == nil {
		s.own("requires_grad", out)
		return
	}
	libtch.AtFree(out) // a second handle to the same tensor
}

// Backward adds the gradient of a scalar to the leaves that it depends on.
func (s *Scope) Backward(loss *Tensor) {
	if !s.ok("backward", loss) {
		return
	}
	root := [1]unsafe.Pointer{unsafe.Pointer(loss.c)}
	s.check("backward", C.hps_run_backward((*C.hps_tensor)(&root[0]), 1, nil, 0, nil, 0, 0))
}

// Gradients returns the gradients of the sum of a tensor's elements with
// respect to the inputs, in their order and shapes; zeros for an input that
// it does not depend on. With createGraph they are themselves
// differentiable, which second-order MAML needs, and the graph is kept.
func (s *Scope) Gradients(of *Tensor, inputs []*Tensor, createGraph bool) []*Tensor {
	const op = "gradients"
	if !s.ok(op, of) || !s.ok(op, inputs...) || len(inputs) == 0 {
		return nil
	}
	keep := C.int(0)
	if createGraph {
		keep = 1
	}
	root := [1]unsafe.Pointer{unsafe.Pointer(of.c)}
	in := pointers(inputs)
	out := make([]libtch.Ctensor, len(inputs))
	message := C.hps_run_backward((*C.hps_tensor)(&root[0]), 1,
		(*C.hps_tensor)(handles(in)), C.int(len(in)), (*C.hps_tensor)(handles(out)), keep, keep)
	if !s.check(op, message) {
		return nil
	}
	grads := make([]*Tensor, len(out))
	for i, c := range out {
		grads[i] = s.own(op, c)
	}
	return grads
}

// Grad returns the gradient that [Scope.Backward] left at a leaf; nil when
// there is none.
func (s *Scope) Grad(t *Tensor) *Tensor {
	if !s.ok("grad", t) {
		return nil
	}
	var out C.hps_tensor
	if !s.check("grad", C.hps_grad(C.hps_tensor(t.c), &out)) || out == nil {
		return nil
	}
	return s.own("grad", libtch.Ctensor(out))
}

// Detach returns t without its history; the data is shared.
func (s *Scope) Detach(t *Tensor) *Tensor { return s.unary("detach", libtch.AtgDetach, t) }

// check records a message of the shim as the scope's error.
func (s *Scope) check(op string, message *C.char) bool {
	err := shimError(op, message)
	if err != nil && s.err == nil {
		s.err = err
	}
	return err == nil
}

// ClipGradNorm scales the gradients of params so that their global 2-norm is
// at most maxNorm, without waiting for the device.
func (s *Scope) ClipGradNorm(params []*Tensor, maxNorm float64) {
	if !s.ok("clip gradients", params...) || len(params) == 0 {
		return
	}
	if maxNorm <= 0 {
		s.fail("clip gradients", fmt.Errorf("maximal norm %g must be positive", maxNorm))
		return
	}
	c := pointers(params)
	s.check("clip gradients", C.hps_clip_grad_norm((*C.hps_tensor)(handles(c)), C.int(len(c)), C.double(maxNorm)))
}

// ZeroGrad drops the gradients of params.
func (s *Scope) ZeroGrad(params []*Tensor) {
	if !s.ok("zero gradients", params...) || len(params) == 0 {
		return
	}
	c := pointers(params)
	s.check("zero gradients", C.hps_zero_grad((*C.hps_tensor)(handles(c)), C.int(len(c))))
}
