package model

import (
	"encoding/binary"
	"math"
	"testing"

	"pgregory.net/rapid"

	"github.com/hpsearch/hpsearch/trainer/hf"
)

func quantizedRows(q, scales hf.Blob) (ints []int8, scale []float64) {
	for _, b := range q.Data {
		ints = append(ints, int8(b))
	}
	for i := 0; i < len(scales.Data); i += 4 {
		scale = append(scale, float64(math.Float32frombits(binary.LittleEndian.Uint32(scales.Data[i:]))))
	}
	return ints, scale
}

// TestQuantizeRowsError: no weight is off by more than half a step of its
// row. The steps are rounded to float32, which the tolerance allows for.
func TestQuantizeRowsError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows, width := rapid.IntRange(1, 5).Draw(t, "rows"), rapid.IntRange(1, 9).Draw(t, "width")
		values := rapid.SliceOfN(rapid.Float32(), rows*width, rows*width).Draw(t, "values")
		for i, v := range values {
			if math.IsInf(float64(v), 0) || math.IsNaN(float64(v)) {
				values[i] = 0
			}
		}
		q, s, err := QuantizeRows(hf.Blob{Name: "w", Shape: []int64{int64(rows), int64(width)}}, values)
		if err != nil {
			t.Fatal(err)
		}
		ints, scales := quantizedRows(q, s)
		for i, v := range values {
			scale := scales[i/width]
			if !(scale > 0) || ints[i] < -127 {
				t.Fatalf("weight %d: int8 %d, scale %g", i, ints[i], scale)
			}
			if off := math.Abs(float64(v) - scale*float64(ints[i])); off > scale/2*(1+1e-4) {
				t.Fatalf("weight %g became %d x %g, off by %g", v, ints[i], scale, off)
			}
		}
	})
}

func TestQuantizeRowsSpecial(t *testing.T) {
	q, s, err := QuantizeRows(hf.Blob{Name: "w", Shape: []int64{3, 2}}, []float32{0, 0, 1, -1, 1e-45, 0})
	if err != nil {
		t.Fatal(err)
	}
	ints, scales := quantizedRows(q, s)
	for i, want := range []int8{0, 0, 127, -127, 0, 0} {
		if ints[i] != want {
			t.Errorf("weight %d became %d, want %d", i, ints[i], want)
		}
	}
	if scales[0] != 1 || scales[2] != 1 {
		t.Errorf("scales %v: rows of zeros need one that is not 0", scales)
	}
	if q.Name != "w" || q.DType != "I8" || s.Name != "w_scale" || s.DType != "F32" {
		t.Errorf("blobs %s %s and %s %s", q.Name, q.DType, s.Name, s.DType)
	}
	for _, bad := range []float64{math.NaN(), math.Inf(1), math.Inf(-1)} {
		if _, _, err := QuantizeRows(hf.Blob{Name: "w", Shape: []int64{2, 2}}, []float32{1, 2, 3, float32(bad)}); err == nil ||
			err.Error() != "quantize w: row 1 is not finite" {
			t.Errorf("%g: %v", bad, err)
		}
	}
	if _, _, err := QuantizeRows(hf.Blob{Name: "w", Shape: []int64{2, 2}}, []float32{1}); err == nil {
		t.Error("a shape that does not fit was accepted")
	}
}
