package model

import (
	"fmt"
	"math"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// scaleSuffix follows the name of a quantized weight in a checkpoint: the
// real weight is int8 times the scale of its row.
const scaleSuffix = "_scale"

// smallestNormal is the least float32 of full precision; below it a scale has
// too few bits to divide by.
const smallestNormal = 0x1p-126

// QuantizeRows returns a matrix [rows, width] as int8 with one scale a row,
// symmetric about 0: scale = max|w| / 127, q = round(w / scale), as in Jacob
// et al. 2018, section 2, with zero-point 0.
func QuantizeRows(b hf.Blob, values []float32) (quantized, scales hf.Blob, err error) {
	if len(b.Shape) != 2 || b.Shape[0]*b.Shape[1] != int64(len(values)) {
		return hf.Blob{}, hf.Blob{}, fmt.Errorf("quantize %s: shape %v is no matrix of %d numbers", b.Name, b.Shape, len(values))
	}
	rows, width := int(b.Shape[0]), int(b.Shape[1])
	data := make([]byte, rows*width)
	scale := make([]float32, rows)
	for r := range rows {
		row := values[r*width : (r+1)*width]
		largest := 0.0
		for _, v := range row {
			largest = math.Max(largest, math.Abs(float64(v)))
		}
		if math.IsNaN(largest) || math.IsInf(largest, 0) {
			return hf.Blob{}, hf.Blob{}, fmt.Errorf("quantize %s: row %d is not finite", b.Name, r)
		}
		scale[r] = float32(largest / 127)
		if scale[r] < smallestNormal { // a row of zeros, or as good as
			scale[r] = 1
		}
		for i, v := range row {
			q := math.RoundToEven(float64(v) / float64(scale[r]))
			data[r*width+i] = byte(int8(math.Max(-127, math.Min(127, q))))
		}
	}
	quantized = hf.Blob{Name: b.Name, DType: "I8", Shape: b.Shape, Data: data}
	return quantized, hf.Float32Blob(b.Name+scaleSuffix, scale, []int64{int64(rows)}), nil
}

// int8 implements source.
func (c *checkpoint) int8(name string, out, in int64) *tensor.Int8Linear {
	if c.byName[name+".weight"].DType != "I8" {
		return nil
	}
	weight, ok := c.find(name+".weight", []int64{out, in})
	if !ok {
		return nil
	}
	scale, ok := c.find(name+".weight"+scaleSuffix, []int64{out})
	if !ok {
		return nil
	}
	bias, ok := c.find(name+".bias", []int64{out})
	if !ok {
		return nil
	}
	if c.device != tensor.CPU {
		c.err = fmt.Errorf("%s: int8 layers run on the CPU only: use device cpu", c.path)
		return nil
	}
	var packed *tensor.Int8Linear
	err := c.scope.Run(func(s *tensor.Scope) error {
		// The packed layer must outlive this inner scope.
		packed = c.scope.PackInt8(toTensor(s, weight), toTensor(s, scale), toTensor(s, bias))
		return nil
	})
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%s: %s: %w", c.path, name, err)
	}
	return packed
}

// dequantize multiplies the rows of an int8 table by their scales.
func (c *checkpoint) dequantize(name string, table *tensor.Tensor, rows int64) *tensor.Tensor {
	scale, ok := c.find(name+scaleSuffix, []int64{rows})
	if !ok {
		return nil
	}
	var result *tensor.Tensor
	err := c.scope.Run(func(s *tensor.Scope) error {
		scales := s.Unsqueeze(toTensor(s, scale), 1)
		result = s.Move(s.Mul(s.Cast(table, tensor.Float32), scales), c.scope)
		return nil
	})
	c.scope.Free(table)
	if err != nil && c.err == nil {
		c.err = fmt.Errorf("%s: tensor %s: %w", c.path, name, err)
	}
	return result
}

// IsEncoderMatrix reports whether a parameter is the weight of a linear layer
// inside the encoder's layers: what pruning and int8 kernels apply to.
func (p Param) IsEncoderMatrix() bool {
	return strings.HasPrefix(p.Name, "encoder.layer.") && p.Decays()
}
