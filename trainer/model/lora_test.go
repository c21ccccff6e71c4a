package model

import (
	"math"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
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

// TestLoRA_gpt2: the same of a network whose queries, keys and values are made
// by one transposed matrix; keys stay as they are.
func TestLoRA_gpt2(t *testing.T) {
	dir := gpt2Folder(t, hf.SafetensorsFile)
	err := tensor.Do(func(s *tensor.Scope) error {
		base, err := LoadGPT2(s, dir, tensor.CPU)
		if err != nil {
			return err
		}
		batch, err := NewBatch(s, tensor.CPU, 0, [][]int32{{2, 7, 9, 3}, {2, 8, 3, 5}})
		if err != nil {
			return err
		}
		likelihood := func(n Network) float64 {
			total, _ := n.(LanguageModel).NLL(s, batch, Mode{})
			v, err := total.Float64s()
			if err != nil {
				t.Fatal(err)
			}
			return v[0]
		}
		tensor.Seed(1)
		lora := NewLoRA(s, base, 2, 4)
		if n, want := len(lora.Params()), len(base.Params())+2*2*base.Config.Layers; n != want {
			t.Errorf("%d parameters, want %d", n, want)
		}
		if blocks := lora.Blocks(); len(blocks[1]) < gpt2PerLayer+4 {
			t.Errorf("layer 1 has %d parameters", len(blocks[1]))
		}
		before := likelihood(base)
		if got := likelihood(lora.Network()); got != before {
			t.Errorf("new matrices change %v to %v", before, got)
		}
		var wanted []*tensor.Tensor
		for _, p := range lora.Params() {
			if IsLoRA(p) {
				s.Copy(p.Tensor, s.MulScalar(s.Randn(tensor.Float32, tensor.CPU, p.Tensor.Shape()...), 0.3))
				s.SetRequiresGrad(p.Tensor, true)
				wanted = append(wanted, p.Tensor)
			}
		}
		total, _ := lora.Network().(LanguageModel).NLL(s, batch, Mode{})
		for i, g := range s.Gradients(total, wanted, false) {
			values, err := g.Float32s()
			if err != nil {
				return err
			}
			if slices.Max(values) == 0 && slices.Min(values) == 0 {
				t.Errorf("matrix %d has no gradient", i)
			}
		}
		adapted := likelihood(lora.Network())
		if math.Abs(adapted-before) < 1e-3 {
			t.Errorf("the matrices change %v to %v", before, adapted)
		}
		c := base.Config.Hidden
		keys := func() []float32 {
			v, err := s.Contiguous(s.Narrow(base.at(0, attentionWeight), 1, c, c)).Float32s()
			if err != nil {
				t.Fatal(err)
			}
			return v
		}
		unchanged := keys()
		lora.Merge(s)
		if got := likelihood(base); math.Abs(got-adapted) > 1e-5 {
			t.Errorf("merged: %v, was %v", got, adapted)
		}
		if !slices.Equal(keys(), unchanged) {
			t.Error("keys were changed")
		}
		return s.Err()
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
