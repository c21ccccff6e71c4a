package hf

import "unsafe"

// Float32Blob returns values as a blob, which shares their memory.
func Float32Blob(name string, values []float32, shape []int64) Blob {
	return Blob{Name: name, DType: "F32", Shape: shape, Data: floatBytes(values)}
}

// floatBytes returns the bytes of values without copying them. The machines
// that libtorch runs on are little-endian, as the file format is.
func floatBytes(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}
