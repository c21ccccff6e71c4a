package tensor

// #include "shim.h"
import "C"

import (
	"fmt"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// FromFloat32 copies data into a new CPU tensor of the given shape.
func (s *Scope) FromFloat32(data []float32, shape ...int64) *Tensor {
	return fromData(s, data, Float32, shape)
}

// FromFloat64 copies data into a new CPU tensor of the given shape.
func (s *Scope) FromFloat64(data []float64, shape ...int64) *Tensor {
	return fromData(s, data, Float64, shape)
}

// FromInt64 copies data into a new CPU tensor of the given shape.
func (s *Scope) FromInt64(data []int64, shape ...int64) *Tensor {
	return fromData(s, data, Int64, shape)
}

// FromInt8 copies data into a new CPU tensor of the given shape.
func (s *Scope) FromInt8(data []int8, shape ...int64) *Tensor {
	return fromData(s, data, Int8, shape)
}

// FromBytes copies raw little-endian elements of the given type into a new
// CPU tensor.
func (s *Scope) FromBytes(data []byte, kind DType, shape ...int64) *Tensor {
	size := int64(kind.Size())
	if size == 0 || int64(len(data))%size != 0 {
		s.fail("tensor from bytes", fmt.Errorf("%d bytes are no whole number of elements of type %d", len(data), kind))
		return nil
	}
	return fromRaw(s, unsafe.Pointer(unsafe.SliceData(data)), int64(len(data))/size, kind, shape)
}

// Size returns the bytes of one element; 0 for a type not listed here.
func (k DType) Size() int {
	switch k {
	case Uint8, Int8, Bool:
		return 1
	case Float16, BF16:
		return 2
	case Float32:
		return 4
	case Int64, Float64:
		return 8
	}
	return 0
}

func fromData[T float32 | float64 | int64 | int8](s *Scope, data []T, kind DType, shape []int64) *Tensor {
	return fromRaw(s, unsafe.Pointer(unsafe.SliceData(data)), int64(len(data)), kind, shape)
}

func fromRaw(s *Scope, data unsafe.Pointer, count int64, kind DType, shape []int64) *Tensor {
	const op = "tensor from data"
	if !s.ok(op) {
		return nil
	}
	if len(shape) == 0 {
		shape = []int64{count}
	}
	n := int64(1)
	for _, d := range shape {
		n *= d
	}
	if n != count {
		s.fail(op, fmt.Errorf("%d elements do not fill shape %v", count, shape))
		return nil
	}
	if count == 0 {
		return s.Zeros(kind, CPU, shape...)
	}
	return s.own(op, libtch.AtTensorOfData(data, shape, uint(len(shape)), uint(kind.Size()), int(kind)))
}

// Zeros returns a tensor of zeros.
func (s *Scope) Zeros(kind DType, device Device, shape ...int64) *Tensor {
	return s.fill("zeros", libtch.AtgZeros, kind, device, shape)
}

// Ones returns a tensor of ones.
func (s *Scope) Ones(kind DType, device Device, shape ...int64) *Tensor {
	return s.fill("ones", libtch.AtgOnes, kind, device, shape)
}

// Randn returns standard normal numbers from the generator that [Seed] seeds.
func (s *Scope) Randn(kind DType, device Device, shape ...int64) *Tensor {
	return s.fill("randn", libtch.AtgRandn, kind, device, shape)
}

// Rand returns uniform numbers in [0, 1) from the generator that [Seed] seeds.
func (s *Scope) Rand(kind DType, device Device, shape ...int64) *Tensor {
	return s.fill("rand", libtch.AtgRand, kind, device, shape)
}

type fillFunc func(*libtch.Ctensor, []int64, int, int32, int32)

func (s *Scope) fill(op string, f fillFunc, kind DType, device Device, shape []int64) *Tensor {
	if !s.ok(op) {
		return nil
	}
	if len(shape) == 0 {
		s.fail(op, fmt.Errorf("no shape"))
		return nil
	}
	var out libtch.Ctensor
	f(&out, shape, len(shape), int32(kind), int32(device))
	return s.own(op, out)
}

// Clone returns a copy that shares nothing with t, outside the graph.
func (s *Scope) Clone(t *Tensor) *Tensor {
	const op = "clone"
	if !s.ok(op, t) {
		return nil
	}
	var detached, out libtch.Ctensor
	libtch.AtgDetach(&detached, t.c)
	d := s.own(op, detached)
	if d == nil {
		return nil
	}
	// detach shares storage; an explicit copy to the same type makes its own.
	libtch.AtgToDtype(&out, d.c, int32(t.DType()), 0, 1)
	c := s.own(op, out)
	s.Free(d)
	return c
}

// To returns t on the device, t's data copied if it lives elsewhere. A copy
// to a CUDA device does not wait for what the device is doing, and t may be
// freed at once.
func (s *Scope) To(t *Tensor, device Device) *Tensor {
	const op = "to"
	if !s.ok(op, t) {
		return nil
	}
	if device.IsCUDA() && !t.Device().IsCUDA() {
		var out C.hps_tensor
		if !s.check(op, C.hps_upload(C.hps_tensor(t.c), C.int(device), &out)) {
			return nil
		}
		return s.own(op, libtch.Ctensor(out))
	}
	var out libtch.Ctensor
	libtch.AtgToDevice(&out, t.c, int32(device), int32(t.DType()), 0, 0)
	return s.own(op, out)
}

// Cast returns t with elements of another type.
func (s *Scope) Cast(t *Tensor, kind DType) *Tensor {
	if !s.ok("cast", t) {
		return nil
	}
	var out libtch.Ctensor
	libtch.AtgToDtype(&out, t.c, int32(kind), 0, 0)
	return s.own("cast", out)
}

// Copy overwrites dst's elements with src's; shapes must broadcast. It is
// not recorded for gradients.
func (s *Scope) Copy(dst, src *Tensor) {
	if !s.ok("copy", dst, src) {
		return
	}
	previous := libtch.AtGradSetEnabled(0)
	libtch.AtCopy_(dst.c, src.c)
	libtch.AtGradSetEnabled(previous)
	if err := lastError("copy"); err != nil && s.err == nil {
		s.err = err
	}
}
