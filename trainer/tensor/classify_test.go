package tensor

import (
	"errors"
	"testing"
)

// TestClassify: what libtorch says, as found in its issue tracker, and the
// error that it becomes.
func TestClassify(t *testing.T) {
	t.Parallel()
	for message, want := range map[string]error{
		"CUDA error: unspecified launch failure\nCUDA kernel errors might be asynchronously reported": ErrDeviceLost,
		"CUDA error: no CUDA-capable device is detected":                                              ErrDeviceLost,
		"CUDA error: uncorrectable ECC error encountered":                                             ErrDeviceLost,
		"CUDA out of memory. Tried to allocate 2.00 GiB":                                              ErrOutOfMemory,
		"CUDA error: out of memory":                                                                   ErrOutOfMemory,
		"CUDA driver error: out of memory":                                                            ErrOutOfMemory,
		"CUDA error: CUBLAS_STATUS_NOT_INITIALIZED when calling `cublasCreate(handle)`":               ErrOutOfMemory,
		"GET was unable to find an engine to execute this computation":                                ErrOutOfMemory,
		"cuDNN error: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED":                           ErrOutOfMemory,
		"CUDA error: no kernel image is available for execution on the device":                        ErrDeviceUnfit,
		"CUDA error: invalid device ordinal":                                                          ErrDeviceLost,
		"CUDA error: CUBLAS_STATUS_EXECUTION_FAILED when calling `cublasSgemm(handle, opa, opb)`":     nil,
		"CUDA error: device-side assert triggered":                                                    nil, // an index out of range
		"mat1 and mat2 shapes cannot be multiplied: unknown error":                                    nil,
	} {
		err := classify("matmul", message)
		for _, kind := range []error{ErrDeviceLost, ErrOutOfMemory, ErrDeviceUnfit} {
			if wanted := want != nil && errors.Is(want, kind); errors.Is(err, kind) != wanted {
				t.Errorf("%q became %v", message, err)
			}
		}
	}
}
