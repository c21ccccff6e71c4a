package model

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/nlpodyssey/gopickle/pytorch" // reads PyTorch's pickles with a closed list of classes: runs no code of the file
	"github.com/nlpodyssey/gopickle/types"

	"github.com/hpsearch/hpsearch/trainer/hf"
)

// ReadPyTorch reads a state dictionary saved by torch.save, such as
// pytorch_model.bin. Half-precision tensors come back as F32.
func ReadPyTorch(path string) (blobs []hf.Blob, err error) {
	// The reader panics on some malformed files.
	defer func() {
		if r := recover(); r != nil {
			blobs, err = nil, fmt.Errorf("%s: not a readable PyTorch file (%v); download it again", path, r)
		}
	}()
	object, err := pytorch.Load(path)
	if err != nil {
		return nil, fmt.Errorf("%s: not a readable PyTorch file: %w; download it again", path, err)
	}
	err = eachEntry(object, func(name string, t *pytorch.Tensor) error {
		b, err := denseBlob(name, t)
		if err != nil {
			return fmt.Errorf("%s: tensor %s: %w", path, name, err)
		}
		blobs = append(blobs, b)
		return nil
	})
	return blobs, err
}

// eachEntry calls f for every tensor of a dictionary, ordered or not.
func eachEntry(object any, f func(string, *pytorch.Tensor) error) error {
	visit := func(key, value any) error {
		name, isName := key.(string)
		t, isTensor := value.(*pytorch.Tensor)
		if !isName || !isTensor {
			return nil
		}
		return f(name, t)
	}
	switch d := object.(type) {
	case *types.OrderedDict:
		for e := d.List.Front(); e != nil; e = e.Next() {
			entry := e.Value.(*types.OrderedDictEntry)
			if err := visit(entry.Key, entry.Value); err != nil {
				return err
			}
		}
		return nil
	case *types.Dict:
		for _, entry := range *d {
			if err := visit(entry.Key, entry.Value); err != nil {
				return err
			}
		}
		return nil
	}
	return fmt.Errorf("holds a %T, want a dictionary of tensors", object)
}

func denseBlob(name string, t *pytorch.Tensor) (hf.Blob, error) {
	n, stride := 1, 1
	shape := make([]int64, len(t.Size))
	for i := len(t.Size) - 1; i >= 0; i-- {
		if t.Size[i] > 1 && t.Stride[i] != stride {
			return hf.Blob{}, fmt.Errorf("is not stored in row-major order")
		}
		stride *= t.Size[i]
		n *= t.Size[i]
		shape[i] = int64(t.Size[i])
	}
	b := hf.Blob{Name: name, Shape: shape}
	within := func(have int) error {
		if t.StorageOffset < 0 || t.StorageOffset+n > have {
			return fmt.Errorf("lies outside of its storage: the file is damaged; download it again")
		}
		return nil
	}
	var floats []float32
	switch source := t.Source.(type) {
	case *pytorch.FloatStorage:
		floats = source.Data
	case *pytorch.HalfStorage:
		floats = source.Data
	case *pytorch.BFloat16Storage:
		floats = source.Data
	case *pytorch.LongStorage:
		if err := within(len(source.Data)); err != nil {
			return b, err
		}
		b.DType, b.Data = "I64", make([]byte, 0, 8*n)
		for _, v := range source.Data[t.StorageOffset : t.StorageOffset+n] {
			b.Data = binary.LittleEndian.AppendUint64(b.Data, uint64(v))
		}
		return b, nil
	default:
		return b, fmt.Errorf("element type %T is not supported", t.Source)
	}
	if err := within(len(floats)); err != nil {
		return b, err
	}
	b.DType, b.Data = "F32", make([]byte, 0, 4*n)
	for _, v := range floats[t.StorageOffset : t.StorageOffset+n] {
		b.Data = binary.LittleEndian.AppendUint32(b.Data, math.Float32bits(v))
	}
	return b, nil
}
