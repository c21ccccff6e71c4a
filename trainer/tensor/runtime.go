package tensor

// // at::parallel_for is a plain loop where a file is compiled without OpenMP.
// #cgo CXXFLAGS: -O2
// #cgo linux CXXFLAGS: -fopenmp
// #cgo linux LDFLAGS: -fopenmp
// #include <stdlib.h>
// #include "shim.h"
import "C"

import (
	"errors"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"unsafe"

	"github.com/sugarme/gotch/libtch"
)

// Errors that callers tell apart with errors.Is.
var (
	// ErrOutOfMemory is wrapped when libtorch cannot allocate, on any device.
	ErrOutOfMemory = errors.New("out of memory")
	// ErrDeviceLost is wrapped when CUDA says that the device is gone, or
	// broken: nothing can be computed on it by this process any more.
	ErrDeviceLost = errors.New("the GPU is lost")
	// ErrDeviceUnfit is wrapped when libtorch has no kernels for the device: it
	// was built for others.
	ErrDeviceUnfit = errors.New("this libtorch was not built for the GPU")
	// ErrClosed is wrapped when a tensor is used after its scope was closed.
	ErrClosed = errors.New("tensor used after its scope was closed")
)

// live counts tensors that were created and not yet freed.
var live atomic.Int64

// Live returns the number of tensors that exist, for leak tests.
func Live() int64 { return live.Load() }

// Do runs f on one operating system thread, with a root scope that is closed
// afterwards. It returns f's error, or else the root scope's first one. Memory
// that was kept for reuse is given back in the end: on a GPU, where libtorch
// can be asked for that (2.9), to the processes that share it.
func Do(f func(root *Scope) error) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	SetThreads(int(threads.Load())) // OpenMP knows it by the operating system's thread
	defer C.hps_release_memory()
	root := &Scope{}
	return root.finish(f)
}

// PeakMemory returns the most bytes that tensors had at one time on a device
// since ResetPeakMemory; false where libtorch does not tell: CUDA before 2.9.
func PeakMemory(device Device) (int64, bool) {
	n := int64(C.hps_peak_memory(C.int(device), 0))
	return max(n, 0), n >= 0
}

// ResetPeakMemory begins a new measurement, from what tensors have now.
func ResetPeakMemory(device Device) { C.hps_peak_memory(C.int(device), 1) }

// lastError takes libtorch's error of this thread; nil if there is none.
func lastError(op string) error {
	p := libtch.GetAndResetLastErr()
	if p == nil {
		return nil
	}
	message := C.GoString((*C.char)(unsafe.Pointer(p)))
	C.free(unsafe.Pointer(p))
	return classify(op, message)
}

func shimError(op string, p *C.char) error {
	if p == nil {
		return nil
	}
	message := C.GoString(p)
	C.free(unsafe.Pointer(p))
	return classify(op, message)
}

// outOfMemory lists what libtorch says when an allocation fails: the CUDA
// caching allocator, runtime and driver, cuBLAS and cuDNN 8 and 9, the CPU
// allocator of Linux and the one before it, and operator new. Full memory is
// also what most often keeps cuBLAS from making a handle, and cuDNN from finding
// a way to compute a convolution, for which it tries out what its workspace
// allows (issues and forum of PyTorch).
var outOfMemory = []string{
	"CUDA out of memory", "CUDA error: out of memory", "CUDA driver error: out of memory",
	"CUBLAS_STATUS_ALLOC_FAILED", "CUBLAS_STATUS_NOT_INITIALIZED when calling `cublas",
	"CUDNN_STATUS_ALLOC_FAILED", "CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED",
	"CUDNN_STATUS_INTERNAL_ERROR_HOST_ALLOCATION_FAILED", "unable to find an engine to execute this computation",
	"can't allocate memory", "not enough memory", "std::bad_alloc",
}

// deviceLost lists what CUDA says when a device falls off the bus, fails, or
// is taken away (the messages of cudaGetErrorString, CUDA 12).
var deviceLost = []string{
	"no CUDA-capable device is detected", "all CUDA-capable devices are busy or unavailable", "GPU is lost",
	"unknown error", "uncorrectable ECC error", "hardware error", "unspecified launch failure",
	"driver shutting down", "system not yet initialized", "NVLink", "device not ready", "initialization error",
	"invalid device ordinal", "driver version is insufficient", "unsupported display driver",
}

// classify makes an error of libtorch's message, whose first line says what
// is wrong; the C++ stack that follows helps nobody here.
func classify(op, message string) error {
	first, _, _ := strings.Cut(strings.TrimSpace(message), "\nException raised from")
	first, _, _ = strings.Cut(first, "\n")
	for _, sign := range outOfMemory {
		if strings.Contains(message, sign) {
			return fmt.Errorf("%s: %w: %s", op, ErrOutOfMemory, first)
		}
	}
	if strings.Contains(message, "no kernel image is available") {
		return fmt.Errorf("%s: %w: %s; use another libtorch (LIBTORCH, then make build), or device cpu", op, ErrDeviceUnfit, first)
	}
	if strings.Contains(message, "CUDA error: ") || strings.Contains(message, "CUDA driver error: ") {
		for _, sign := range deviceLost {
			if strings.Contains(message, sign) {
				return fmt.Errorf("%s: %w: %s; look at nvidia-smi, then run again", op, ErrDeviceLost, first)
			}
		}
	}
	return fmt.Errorf("%s: %s", op, first)
}

// Answers reports whether a device computes. A kernel that fails, by an index
// out of range for one, leaves CUDA in a state in which it computes nothing more
// for this process (CUDA runtime API, cudaErrorAssert and its like), whatever the
// error of the next operator says. It waits for the device, and belongs outside
// [Do].
func Answers(device Device) error {
	return Do(func(s *Scope) error {
		one := s.AddScalar(s.Zeros(Float32, device, 1), 1)
		if s.Err() != nil {
			return s.Err()
		}
		_, err := one.Item()
		return err
	})
}

// Seed seeds libtorch's default generators: of the CPU, and of every CUDA
// device once one was asked for.
func Seed(seed int64) { C.hps_manual_seed(C.int64_t(seed)) }

// threads is what SetThreads was last told; 0: nothing yet.
var threads atomic.Int32

// SetThreads sets the number of threads that one CPU operator may use, matrix
// products by OpenBLAS included, from now on and in every later [Do]; n < 1 leaves
// it as it is.
func SetThreads(n int) {
	if n >= 1 {
		threads.Store(int32(n))
		C.hps_set_num_threads(C.int(n))
	}
}

// Threads returns the number of threads that one CPU operator may use.
func Threads() int { return int(C.hps_get_num_threads()) }

// Version returns libtorch's version.
func Version() string { return C.GoString(C.hps_version()) }

// BuildInfo returns libtorch's description of how it was built (compiler, BLAS,
// oneDNN, CUDA). It loads the CUDA part where there is one: asked before that,
// libtorch would see no CUDA device for as long as the process lives.
func BuildInfo() string {
	_ = loadCUDA() // there need not be one
	p := C.hps_show_config()
	defer C.free(unsafe.Pointer(p))
	return C.GoString(p)
}

// loadCUDA opens libtorch_cuda.so, which the program is not linked against:
// the same program runs where there is none.
var loadCUDA = sync.OnceValue(func() error {
	if err := shimError("this libtorch has no usable CUDA part", C.hps_load_cuda()); err != nil {
		return fmt.Errorf("%w; use device cpu, or a libtorch that was built with CUDA", err)
	}
	return nil
})

// CUDADevices returns the number of usable CUDA devices and, when there are
// none, the reason.
func CUDADevices() (int, error) {
	if err := loadCUDA(); err != nil {
		return 0, err
	}
	if n := int(libtch.AtcCudaDeviceCount()); n > 0 {
		return n, nil
	}
	return 0, errors.New("libtorch_cuda.so is there, but it sees no CUDA device (driver missing or device hidden)")
}
