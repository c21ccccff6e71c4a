package model

import (
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/tinymodel"
)

// TestLoRA: at first the network computes what its base does; with other
// matrices it does not; merged, the base computes the same to the last bit.
func TestLoRA(t *testing.T) {
	dir := tinymodel.Folder(t)
	err := tensor.Do(func(s *tensor.Scope) error {
		bert, err := Load(s, dir, tensor.CPU)
		if err != nil {
			return err
		}
		base := &Encoder{Bert: bert, Pooling: MeanPooling}
		batch, err := NewBatch(s, tensor.CPU, 0, [][]int32{{2, 7, 9, 3}, {2, 8, 3}})
		if err != nil {
			return err
		}
		vectors := func(n Network) []float32 {
			v, err := n.Forward(s, batch, Mode{}).Float32s()
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		before := vectors(base)
		tensor.Seed(1)
		lora := NewLoRA(s, base, 3, 6)
		if n, want := len(lora.Params()), len(base.Params())+2*2*tinymodel.Layers; n != want {
			t.Errorf("%d parameters, want %d", n, want)
		}
		if !slices.Equal(vectors(lora), before) {
			t.Error("new matrices change what is computed")
		}
		for _, p := range lora.Params() {
			if IsLoRA(p) {
				s.Copy(p.Tensor, s.MulScalar(s.Randn(tensor.Float32, tensor.CPU, p.Tensor.Shape()...), 0.3))
			}
		}
		adapted := vectors(lora)
		if slices.Equal(adapted, before) {
			t.Error("the matrices change nothing")
		}
		var tensors []*tensor.Tensor
		for _, p := range lora.Params() {
			tensors = append(tensors, s.Clone(p.Tensor))
		}
		if !slices.Equal(vectors(lora.With(tensors)), adapted) {
			t.Error("the same network with copies of its tensors computes something else")
		}
		lora.Merge(s)
		for i, v := range vectors(base) {
			if math.Float32bits(v) != math.Float32bits(adapted[i]) {
				t.Fatalf("merged: vector[%d] = %v, was %v", i, v, adapted[i])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestKindsOfParams(t *testing.T) {
	for _, c := range []struct {
		name               string
		bias, norm, decays bool
	}{
		{"encoder.layer.0.output.LayerNorm.weight", false, true, false},
		{"encoder.layer.0.output.LayerNorm.bias", true, true, false},
		{"encoder.layer.0.output.dense.weight", false, false, true},
		{"encoder.layer.0.output.dense.bias", true, false, false},
		{"encoder.layer.0.attention.self.query.lora_A", false, false, true},
		{"h.3.ln_1.weight", false, true, false},
		{"blocks.1.norm.weight", false, true, false},
		{"layers.0.weight", false, false, true},
	} {
		p := Param{Name: c.name}
		if p.IsBias() != c.bias || p.IsNorm() != c.norm || p.Decays() != c.decays {
			t.Errorf("%s: bias %v, norm %v, decays %v", c.name, p.IsBias(), p.IsNorm(), p.Decays())
		}
	}
}
