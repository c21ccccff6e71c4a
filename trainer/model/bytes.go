package model

import "unsafe"

// floatBytes returns the bytes of values without copying them. The machines
// that libtorch runs on are little-endian, as the file format is.
func floatBytes(values []float32) []byte {
	return unsafe.Slice((*byte)(unsafe.Pointer(unsafe.SliceData(values))), 4*len(values))
}
