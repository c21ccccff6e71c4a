package tensor

// #include "shim.h"
import "C"

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// A Tensor is a handle to a libtorch tensor, owned by one [Scope].
type Tensor struct {
	c libtch.Ctensor // nil after the scope was closed
}

// DType is the type of a tensor's elements, numbered as libtorch does.
type DType int32

// The element types in use.
const (
	Uint8   DType = 0
	Int8    DType = 1
	Int64   DType = 4
	Float16 DType = 5
	Float32 DType = 6
	Float64 DType = 7
	Bool    DType = 11
	BF16    DType = 15
)

// A Device is where a tensor lives: -1 is the CPU, n >= 0 the CUDA device n.
type Device int32

// CPU is the device of the host's memory.
const CPU Device = -1

// IsCUDA reports whether the device is a CUDA device.
func (d Device) IsCUDA() bool { return d >= 0 }

// String returns cpu or cuda:N.
func (d Device) String() string {
	if !d.IsCUDA() {
		return "cpu"
	}
	return "cuda:" + strconv.Itoa(int(d))
}

// ParseDevice reads auto, cpu, cuda or cuda:N. auto is the first CUDA device
// when there is one; any other name of a CUDA device that is not there is an
// error that says why.
func ParseDevice(name string) (Device, error) {
	switch {
	case name == "cpu":
		return CPU, nil
	case name == "" || name == "auto":
		if n, _ := CUDADevices(); n > 0 {
			return 0, nil
		}
		return CPU, nil
	case name == "cuda" || strings.HasPrefix(name, "cuda:"):
		index := 0
		if suffix, ok := strings.CutPrefix(name, "cuda:"); ok {
			i, err := strconv.Atoi(suffix)
			if err != nil || i < 0 {
				return CPU, fmt.Errorf("device %q: want cuda:N with N a number from 0", name)
			}
			index = i
		}
		n, err := CUDADevices()
		if err != nil {
			return CPU, fmt.Errorf("device %q: %w", name, err)
		}
		if index >= n {
			return CPU, fmt.Errorf("device %q: CUDA devices that are visible: %d", name, n)
		}
		return Device(index), nil
	}
	return CPU, fmt.Errorf("device %q: want auto, cpu, cuda or cuda:N", name)
}

// alive reports whether there is a tensor behind the handle. What an operator
// returned after an error is nil: describing it must not crash.
func (t *Tensor) alive() bool { return t != nil && t.c != nil }

// Dim returns the number of dimensions, 0 for no tensor.
func (t *Tensor) Dim() int {
	if !t.alive() {
		return 0
	}
	return int(libtch.AtDim(t.c))
}

// Shape returns the sizes of the dimensions, nil for no tensor.
func (t *Tensor) Shape() []int64 {
	if !t.alive() {
		return nil
	}
	shape := make([]int64, t.Dim())
	if len(shape) > 0 {
		libtch.AtShape(t.c, unsafe.Pointer(&shape[0]))
	}
	return shape
}

// Numel returns the number of elements, 0 for no tensor.
func (t *Tensor) Numel() int64 {
	if !t.alive() {
		return 0
	}
	n := int64(1)
	for _, s := range t.Shape() {
		n *= s
	}
	return n
}

// DType returns the type of the elements, -1 for no tensor.
func (t *Tensor) DType() DType {
	if !t.alive() {
		return -1
	}
	return DType(libtch.AtScalarType(t.c))
}

// Device returns where the tensor lives, CPU for no tensor.
func (t *Tensor) Device() Device {
	if !t.alive() {
		return CPU
	}
	return Device(int32(libtch.AtDevice(t.c)))
}

// RequiresGrad reports whether gradients reach the tensor; false for no tensor.
func (t *Tensor) RequiresGrad() bool { return t.alive() && libtch.AtRequiresGrad(t.c) }

// Item returns the only element of a tensor as a float64, or NaN and an
// error. On CUDA it waits for the device: keep it out of training loops.
func (t *Tensor) Item() (float64, error) {
	if !t.alive() {
		return math.NaN(), fmt.Errorf("item: %w", ErrClosed)
	}
	var value C.double
	if err := shimError("item", C.hps_item(C.hps_tensor(t.c), &value)); err != nil {
		return math.NaN(), err
	}
	return float64(value), nil
}

// Float32s copies the elements, in row-major order, whatever the type and
// device of the tensor.
func (t *Tensor) Float32s() ([]float32, error) {
	return copyOut[float32](t, Float32)
}

// Float32sInPlace is [Tensor.Float32s] without the copy where the elements are
// float32 on the CPU, one after the other. They are valid until the tensor
// changes or is freed, and must not be changed.
func (t *Tensor) Float32sInPlace() ([]float32, error) {
	n := t.Numel()
	if n == 0 || t.DType() != Float32 || t.Device().IsCUDA() || !libtch.AtIsContiguous(t.c) {
		return t.Float32s()
	}
	data := libtch.AtDataPtr(t.c)
	if data == nil {
		return nil, lastError("read tensor")
	}
	return unsafe.Slice((*float32)(data), n), nil
}

// Float64s is [Tensor.Float32s] in double precision.
func (t *Tensor) Float64s() ([]float64, error) {
	return copyOut[float64](t, Float64)
}

// Int64s copies the elements of an integer or bool tensor.
func (t *Tensor) Int64s() ([]int64, error) {
	return copyOut[int64](t, Int64)
}

func copyOut[T float32 | float64 | int64 | int8](t *Tensor, kind DType) ([]T, error) {
	if !t.alive() {
		return nil, fmt.Errorf("read tensor: %w", ErrClosed)
	}
	data := make([]T, t.Numel())
	if len(data) == 0 {
		return data, nil
	}
	bytes := int64(len(data)) * int64(unsafe.Sizeof(data[0]))
	err := shimError("read tensor", C.hps_copy_out(C.hps_tensor(t.c), C.int(kind), unsafe.Pointer(&data[0]), C.int64_t(bytes)))
	return data, err
}
