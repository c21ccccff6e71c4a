package tensor

// #include "shim.h"
import "C"

import (
	"fmt"
	"sync"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// libtorch's numbers of the engines that execute int8 operators, in the
// order of preference on x86.
var engines = []struct {
	number C.int
	name   string
}{{4, "x86"}, {3, "onednn"}, {1, "fbgemm"}, {2, "qnnpack"}}

// QuantizedEngine selects the best engine for int8 operators that this
// libtorch has and returns its name; an error when it has none.
var QuantizedEngine = sync.OnceValues(func() (string, error) {
	numbers := make([]C.int, len(engines))
	for i, e := range engines {
		numbers[i] = e.number
	}
	selected := C.hps_select_qengine(&numbers[0], C.int(len(numbers)))
	for _, e := range engines {
		if e.number == selected {
			return e.name, nil
		}
	}
	return "", fmt.Errorf("this libtorch has no engine for int8 operators on this processor")
})

// An Int8Linear is a linear layer whose weight is stored as int8 with one
// scale an output channel, and whose product is computed by int8 kernels;
// the input is quantized as it comes, with one scale a call. CPU only,
// without gradients. It belongs to the scope that it was made in.
type Int8Linear struct {
	packed unsafe.Pointer
}

// PackInt8 makes the layer from weight int8 [out, in], scales [out] such
// that the real weight is scale * int8, and bias [out] or nil.
func (s *Scope) PackInt8(weight, scales, bias *Tensor) *Int8Linear {
	const op = "pack int8 linear"
	if !s.ok(op, weight, scales) || bias != nil && !s.ok(op, bias) {
		return nil
	}
	if _, err := QuantizedEngine(); err != nil {
		s.fail(op, err)
		return nil
	}
	var packed C.hps_tensor
	if !s.check(op, C.hps_linear_prepack(C.hps_tensor(weight.c), C.hps_tensor(scales.c), C.hps_tensor(optional(bias)), &packed)) {
		return nil
	}
	l := &Int8Linear{packed: unsafe.Pointer(packed)}
	s.closes = append(s.closes, l.free)
	return l
}

// Apply returns the layer's output for x float32 [..., in].
func (l *Int8Linear) Apply(s *Scope, x *Tensor) *Tensor {
	const op = "int8 linear"
	if !s.ok(op, x) {
		return nil
	}
	if l == nil || l.packed == nil {
		s.fail(op, ErrClosed)
		return nil
	}
	var out C.hps_tensor
	if !s.check(op, C.hps_linear_dynamic(C.hps_tensor(l.packed), C.hps_tensor(x.c), &out)) {
		return nil
	}
	return s.own(op, libtch.Ctensor(out))
}

func (l *Int8Linear) free() {
	C.hps_packed_free(C.hps_tensor(l.packed))
	l.packed = nil
}
