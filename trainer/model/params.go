package model

import (
	"fmt"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// A Param is a named tensor of a model.
type Param struct {
	Name   string
	Tensor *tensor.Tensor
}

// Decays reports whether weight decay applies to the parameter: not to
// biases and not to normalization, as BERT's own training had it.
func (p Param) Decays() bool { return !p.IsBias() && !p.IsNorm() }

// IsBias reports whether the parameter is a bias, that of a normalization
// included.
func (p Param) IsBias() bool { return strings.HasSuffix(p.Name, ".bias") }

// IsNorm reports whether the parameter belongs to a normalization: LayerNorm,
// which GPT-2 calls ln_1, ln_2 and ln_f, or batch normalization.
func (p Param) IsNorm() bool {
	return strings.Contains(p.Name, "LayerNorm") || strings.Contains(p.Name, "norm.") || strings.Contains(p.Name, "ln_")
}

// Blob copies the parameter's data to the host as F32.
func (p Param) Blob() (hf.Blob, error) { return p.blob(p.Tensor.Float32s) }

// View is [Param.Blob] without the copy, where that can be: the data is valid
// until the parameter changes or is freed.
func (p Param) View() (hf.Blob, error) { return p.blob(p.Tensor.Float32sInPlace) }

func (p Param) blob(read func() ([]float32, error)) (hf.Blob, error) {
	values, err := read()
	if err != nil {
		return hf.Blob{}, fmt.Errorf("tensor %s: %w", p.Name, err)
	}
	return hf.Float32Blob(p.Name, values, p.Tensor.Shape()), nil
}

// Blobs copies all parameters.
func Blobs(params []Param) ([]hf.Blob, error) { return eachBlob(params, Param.Blob) }

// Views are the [Param.View] of all parameters.
func Views(params []Param) ([]hf.Blob, error) { return eachBlob(params, Param.View) }

func eachBlob(params []Param, of func(Param) (hf.Blob, error)) ([]hf.Blob, error) {
	blobs := make([]hf.Blob, len(params))
	for i, p := range params {
		b, err := of(p)
		if err != nil {
			return nil, err
		}
		blobs[i] = b
	}
	return blobs, nil
}

// elementTypes translates the names that safetensors files use.
var elementTypes = map[string]tensor.DType{
	"F64": tensor.Float64, "F32": tensor.Float32, "F16": tensor.Float16, "BF16": tensor.BF16,
	"I64": tensor.Int64, "I8": tensor.Int8, "U8": tensor.Uint8, "BOOL": tensor.Bool,
}

// toTensor copies a blob to a tensor on the CPU; elements of 16-bit and
// 64-bit floating-point types are converted to float32.
func toTensor(s *tensor.Scope, b hf.Blob) *tensor.Tensor {
	kind := elementTypes[b.DType]
	shape := b.Shape
	if len(shape) == 0 {
		shape = []int64{1}
	}
	t := s.FromBytes(b.Data, kind, shape...)
	switch kind {
	case tensor.Float64, tensor.Float16, tensor.BF16:
		converted := s.Cast(t, tensor.Float32)
		s.Free(t)
		return converted
	}
	return t
}

// Restore overwrites parameters with the blobs of the same names, all of
// which must be there in the right shapes.
func Restore(s *tensor.Scope, params []Param, blobs []hf.Blob) error {
	byName := make(map[string]hf.Blob, len(blobs))
	for _, b := range blobs {
		byName[b.Name] = b
	}
	return s.Run(func(s *tensor.Scope) error {
		for _, p := range params {
			b, ok := byName[p.Name]
			if !ok {
				return fmt.Errorf("tensor %s is missing", p.Name)
			}
			if !hf.SameShape(b.Shape, p.Tensor.Shape()) {
				return fmt.Errorf("tensor %s has shape %v, the model wants %v", p.Name, b.Shape, p.Tensor.Shape())
			}
			s.Copy(p.Tensor, toTensor(s, b))
		}
		return nil
	})
}
