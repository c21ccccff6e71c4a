package model

import (
	"math"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// TestPacking: without the padding, vectors and gradients are the same but for
// rounding.
func TestPacking(t *testing.T) {
	dir := tinymodel.Folder(t)
	for _, pooling := range []Pooling{MeanPooling, CLSPooling} {
		err := tensor.Do(func(s *tensor.Scope) error {
			bert, err := Load(s, dir, tensor.CPU)
			if err != nil {
				return err
			}
			batch, err := NewBatch(s, tensor.CPU, 0, [][]int32{{2, 7, 9, 8, 10, 3}, {2, 8, 3}, {2, 3}})
			if err != nil {
				return err
			}
			if newPacking(s, batch, batch.IDs).tokens == nil {
				t.Error("the batch is not packed")
			}
			var tensors []*tensor.Tensor
			for _, p := range bert.Params() {
				s.SetRequiresGrad(p.Tensor, true)
				tensors = append(tensors, p.Tensor)
			}
			compute := func(in Batch) (vectors []float32, gradients [][]float32) {
				x := bert.Embed(s, in, pooling, 0)
				var err error
				if vectors, err = x.Float32s(); err != nil {
					t.Fatal(err)
				}
				for _, g := range s.Gradients(s.Sum(s.Mul(x, x)), tensors, false) {
					values, err := g.Float32s()
					if err != nil {
						t.Fatal(err)
					}
					gradients = append(gradients, values)
				}
				return vectors, gradients
			}
			padded := batch
			padded.Lengths = nil
			gotV, gotG := compute(batch)
			wantV, wantG := compute(padded)
			compareFloats(t, "vectors", gotV, wantV)
			for i, p := range bert.Params() {
				compareFloats(t, p.Name, gotG[i], wantG[i])
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

func compareFloats(t *testing.T, what string, got, want []float32) {
	t.Helper()
	for i := range want {
		if d := math.Abs(float64(got[i] - want[i])); !(d <= 1e-5*(1+math.Abs(float64(want[i])))) {
			t.Fatalf("%s[%d] = %g, want %g", what, i, got[i], want[i])
		}
	}
}
