package model

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

type gpt2Reference struct {
	IDs    [][]int32   `json:"ids"`
	Hidden [][]float64 `json:"hidden"`
	Logits [][]float64 `json:"logits"` // every 16th
	NLL    []float64   `json:"nll"`
	Greedy []int32     `json:"greedy"`
}

func readGPT2Reference(t *testing.T) (r gpt2Reference) {
	t.Helper()
	data, err := os.ReadFile("testdata/gpt2.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

func gpt2Folder(t *testing.T, weights string) string {
	t.Helper()
	dir := t.TempDir()
	copyFile(t, "testdata/gpt2/config.json", filepath.Join(dir, "config.json"))
	copyFile(t, filepath.Join("testdata/gpt2", weights), filepath.Join(dir, weights))
	return dir
}

func nearAll(t *testing.T, what string, got, want []float64) {
	t.Helper()
	if len(got) != len(want) {
		t.Fatalf("%s: %d numbers, reference %d", what, len(got), len(want))
	}
	for i := range got {
		if d := math.Abs(got[i] - want[i]); !(d < 1e-4) {
			t.Fatalf("%s: number %d is %g, reference %g", what, i, got[i], want[i])
		}
	}
}

// TestGPT2AgainstTransformers reads both kinds of files, with and without the
// prefix: hidden states, logits, likelihoods of a padded batch, and the
// likeliest continuation are the reference's. What is saved again is read
// again.
func TestGPT2AgainstTransformers(t *testing.T) {
	want := readGPT2Reference(t)
	for _, dir := range []string{gpt2Folder(t, hf.SafetensorsFile), gpt2Folder(t, hf.PyTorchFile)} {
		if err := hf.CheckFolder(dir); err != nil {
			t.Fatal(err)
		}
		err := tensor.Do(func(s *tensor.Scope) error {
			g, err := LoadGPT2(s, dir, tensor.CPU)
			if err != nil {
				return err
			}
			one, err := NewBatch(s, tensor.CPU, 0, want.IDs[:1])
			if err != nil {
				return err
			}
			hidden := g.Hidden(s, one, Mode{})
			logits := g.Logits(s, hidden)
			if s.Err() != nil {
				return s.Err()
			}
			h, err := hidden.Float64s()
			if err != nil {
				return err
			}
			nearAll(t, "hidden states", h, slices.Concat(want.Hidden...))
			l, err := logits.Float64s()
			if err != nil {
				return err
			}
			var some []float64
			for i := 0; i < len(l); i += 16 { // 400 = 25 x 16: rows stay apart
				some = append(some, l[i])
			}
			nearAll(t, "logits", some, slices.Concat(want.Logits...))
			padded, err := NewBatch(s, tensor.CPU, 0, want.IDs)
			if err != nil {
				return err
			}
			total, tokens := g.NLL(s, padded, Mode{})
			sum, err := total.Float64s()
			if err != nil {
				return err
			}
			if tokens != 6 {
				t.Errorf("%d tokens", tokens)
			}
			nearAll(t, "likelihood", sum, []float64{want.NLL[0] + want.NLL[1]})
			greedy, err := g.Generate(s, want.IDs[0], Sampling{Tokens: 6, Stop: -1})
			if err != nil || !slices.Equal(greedy, want.Greedy) {
				t.Errorf("continued by %v, reference %v; %v", greedy, want.Greedy, err)
			}
			to := t.TempDir()
			if err := g.Save(to); err != nil {
				return err
			}
			if ours, theirs := bytesOf(t, to), bytesOf(t, "testdata/gpt2"); !maps.Equal(ours, theirs) {
				t.Errorf("wrote %v, transformers %v", slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Keys(theirs)))
			}
			_, err = LoadGPT2(s, to, tensor.CPU)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// TestGPT2_sampling: a seed repeats, another gives another text, texts stop,
// and may be longer than the positions.
func TestGPT2_sampling(t *testing.T) {
	dir := gpt2Folder(t, hf.SafetensorsFile)
	err := tensor.Do(func(s *tensor.Scope) error {
		g, err := LoadGPT2(s, dir, tensor.CPU)
		if err != nil {
			return err
		}
		draw := func(seed int64) []int32 {
			ids, err := g.Generate(s, []int32{5}, Sampling{Tokens: 50, Temperature: 2, Seed: seed, Stop: -1})
			if err != nil {
				t.Fatal(err)
			}
			return ids
		}
		a, b, c := draw(1), draw(1), draw(2)
		if len(a) != 50 || !slices.Equal(a, b) || slices.Equal(a, c) {
			t.Errorf("seed 1 gave %v and %v, seed 2 %v", a, b, c)
		}
		stopped, err := g.Generate(s, []int32{5}, Sampling{Tokens: 50, Temperature: 2, Seed: 1, Stop: a[7]})
		if err != nil || !slices.Equal(stopped, a[:slices.Index(a, a[7])]) {
			t.Errorf("stopped at %v, %v", stopped, err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// TestGPT2_gradients: every parameter has one, and Blocks has them all.
func TestGPT2_gradients(t *testing.T) {
	want := readGPT2Reference(t)
	err := tensor.Do(func(s *tensor.Scope) error {
		g, err := LoadGPT2(s, "testdata/gpt2", tensor.CPU)
		if err != nil {
			return err
		}
		var tensors []*tensor.Tensor
		var names []string
		for _, block := range g.Blocks() {
			for _, p := range block {
				names = append(names, p.Name)
			}
		}
		for i, p := range g.Params() {
			if names[i] != p.Name {
				t.Errorf("parameter %d is %s in Params and %s in Blocks", i, p.Name, names[i])
			}
			if decays := strings.HasSuffix(p.Name, ".weight") && !strings.Contains(p.Name, "ln_"); p.Decays() != decays {
				t.Errorf("%s decays: %v", p.Name, p.Decays())
			}
			s.SetRequiresGrad(p.Tensor, true)
			tensors = append(tensors, p.Tensor)
		}
		batch, err := NewBatch(s, tensor.CPU, 0, want.IDs)
		if err != nil {
			return err
		}
		total, _ := g.With(tensors).(*GPT2).NLL(s, batch, Mode{})
		for i, gradient := range s.Gradients(total, tensors, false) {
			largest, err := s.AbsMax(s.Reshape(gradient, -1), 0).Float64s()
			if err != nil {
				return err
			}
			if !(largest[0] > 0) {
				t.Errorf("%s has the gradient %g", names[i], largest[0])
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
