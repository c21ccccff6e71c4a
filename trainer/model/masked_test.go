package model

import (
	"encoding/json"
	"maps"
	"math"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// TestMaskedLMAgainstTransformers reads a model that transformers wrote: its
// logits and loss are the same, and what is written back has the same tensors
// under the same names.
func TestMaskedLMAgainstTransformers(t *testing.T) {
	var want struct {
		IDs    [][]int32   `json:"ids"`
		Places []int64     `json:"places"`
		Truth  []int64     `json:"truth"`
		Logits [][]float64 `json:"logits"`
		Loss   float64     `json:"loss"`
	}
	data, err := os.ReadFile("testdata/masked.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	to := t.TempDir()
	err = tensor.Do(func(s *tensor.Scope) error {
		m, err := LoadMaskedLM(s, "testdata/masked", tensor.CPU)
		if err != nil {
			return err
		}
		batch, err := NewBatch(s, tensor.CPU, 0, want.IDs)
		if err != nil {
			return err
		}
		logits := m.Logits(s, batch, s.FromInt64(want.Places), Mode{})
		loss := s.CrossEntropy(logits, s.FromInt64(want.Truth))
		if s.Err() != nil {
			return s.Err()
		}
		got, err := logits.Float64s()
		if err != nil {
			return err
		}
		for i, row := range want.Logits {
			for j, v := range row {
				if d := math.Abs(got[i*len(row)+j] - v); !(d < 1e-5) {
					t.Fatalf("logit %d of place %d = %g, reference %g", j, i, got[i*len(row)+j], v)
				}
			}
		}
		value, err := loss.Item()
		if err != nil {
			return err
		}
		if math.Abs(value-want.Loss) > 1e-5 {
			t.Errorf("loss %g, reference %g", value, want.Loss)
		}
		return m.Save(to)
	})
	if err != nil {
		t.Fatal(err)
	}
	ours, theirs := bytesOf(t, to), bytesOf(t, "testdata/masked")
	if !maps.Equal(ours, theirs) {
		t.Errorf("wrote %v, transformers %v", slices.Sorted(maps.Keys(ours)), slices.Sorted(maps.Keys(theirs)))
	}
}

// bytesOf returns the bytes of a folder's tensors by name.
func bytesOf(t *testing.T, dir string) map[string]string {
	t.Helper()
	blobs, _, err := hf.ReadSafetensors(filepath.Join(dir, hf.SafetensorsFile))
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string]string)
	for _, b := range blobs {
		all[b.Name] = string(b.Data)
	}
	return all
}
