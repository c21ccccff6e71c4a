package model

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/tensor"
	"github.com/hpsearch/hpsearch/trainer/text"
)

type reference struct {
	Sentences []string    `json:"sentences"`
	IDs       [][]int32   `json:"ids"`
	Every     int         `json:"every"`
	Mean      [][]float64 `json:"mean"`
	CLS       [][]float64 `json:"cls"`
}

func readReference(t *testing.T, name string) reference {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("testdata", name))
	if err != nil {
		t.Fatal(err)
	}
	var r reference
	if err := json.Unmarshal(data, &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// embed returns the vectors of sequences, row by row.
func embed(t *testing.T, dir string, ids [][]int32, pooling Pooling) [][]float64 {
	t.Helper()
	var rows [][]float64
	err := tensor.Do(func(s *tensor.Scope) error {
		b, err := Load(s, dir, tensor.CPU)
		if err != nil {
			return err
		}
		batch, err := NewBatch(s, tensor.CPU, 0, ids)
		if err != nil {
			return err
		}
		var v []float64
		s.NoGrad(func() {
			e := b.Embed(s, batch, pooling, 0)
			if s.Err() == nil {
				v, err = e.Float64s()
			}
		})
		for i := range ids {
			if err == nil && s.Err() == nil {
				rows = append(rows, v[i*int(b.Config.Hidden):(i+1)*int(b.Config.Hidden)])
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func compare(t *testing.T, got, want [][]float64, every int, tolerance float64) {
	t.Helper()
	for i := range want {
		for j := range want[i] {
			if d := math.Abs(got[i][j*every] - want[i][j]); !(d <= tolerance) {
				t.Fatalf("vector %d, number %d = %g, reference %g", i, j*every, got[i][j*every], want[i][j])
			}
		}
	}
}

func TestTinyBertAgainstTransformers(t *testing.T) {
	r := readReference(t, "tiny.json")
	compare(t, embed(t, "testdata/tiny", r.IDs, MeanPooling), r.Mean, 1, 1e-5)
	compare(t, embed(t, "testdata/tiny", r.IDs, CLSPooling), r.CLS, 1, 1e-5)
}

// TestPyTorchCheckpoint reads the same weights from pytorch_model.bin.
func TestPyTorchCheckpoint(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"config.json", hf.PyTorchFile} {
		copyFile(t, filepath.Join("testdata/tiny", name), filepath.Join(dir, name))
	}
	r := readReference(t, "tiny.json")
	compare(t, embed(t, dir, r.IDs, MeanPooling), r.Mean, 1, 1e-5)
}

// TestMiniLM needs the real checkpoint: `make fetch-model` puts it where the
// variable points, and `make test` sets both up.
func TestMiniLM(t *testing.T) {
	dir := os.Getenv("HPSEARCH_TEST_MODEL")
	if dir == "" {
		t.Skip("HPSEARCH_TEST_MODEL does not name the folder of all-MiniLM-L6-v2; `make test` sets it")
	}
	r := readReference(t, "minilm.json")
	tokenizer, err := text.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	ids := make([][]int32, len(r.Sentences))
	for i, sentence := range r.Sentences {
		ids[i] = tokenizer.Encode(sentence, 128)
		if len(ids[i]) != len(r.IDs[i]) {
			t.Fatalf("sentence %d: %d tokens, reference %d", i, len(ids[i]), len(r.IDs[i]))
		}
		for j := range ids[i] {
			if ids[i][j] != r.IDs[i][j] {
				t.Errorf("sentence %d, token %d: %d, reference %d", i, j, ids[i][j], r.IDs[i][j])
			}
		}
	}
	compare(t, embed(t, dir, ids, MeanPooling), r.Mean, r.Every, 1e-5)
}

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	if err := hf.CopyFile(from, to); err != nil {
		t.Fatal(err)
	}
}

// TestBrokenFolders changes one thing in a good folder and expects one line
// that names the file.
func TestBrokenFolders(t *testing.T) {
	replace := func(name, old, by string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, name)
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			changed := strings.Replace(string(data), old, by, 1)
			if changed == string(data) {
				t.Fatalf("%s does not hold %q", path, old)
			}
			if err := os.WriteFile(path, []byte(changed), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	cases := map[string]struct {
		breakIt func(t *testing.T, dir string)
		want    string
	}{
		"no config":   {func(_ *testing.T, dir string) { os.Remove(filepath.Join(dir, "config.json")) }, "config.json: no such file"},
		"no weights":  {func(_ *testing.T, dir string) { os.Remove(filepath.Join(dir, hf.SafetensorsFile)) }, "has neither model.safetensors nor pytorch_model.bin"},
		"not JSON":    {replace("config.json", "{", ""), "config.json: invalid character"},
		"other model": {replace("config.json", `"bert"`, `"gpt2"`), `config.json: model_type is "gpt2"`},
		"odd heads":   {replace("config.json", `"num_attention_heads": 3`, `"num_attention_heads": 5`), "no multiple of num_attention_heads 5"},
		"more layers": {replace("config.json", `"num_hidden_layers": 2`, `"num_hidden_layers": 3`), "tensor encoder.layer.2.attention.self.query.weight is missing"},
		"wrong width": {replace("config.json", `"intermediate_size": 20`, `"intermediate_size": 24`), "has shape [20 12], config.json says [24 12]"},
		"truncated": {func(t *testing.T, dir string) {
			path := filepath.Join(dir, hf.SafetensorsFile)
			info, err := os.Stat(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.Truncate(path, info.Size()-100); err != nil {
				t.Fatal(err)
			}
		}, "model.safetensors: tensor"},
		"empty weights": {func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, hf.SafetensorsFile), 0); err != nil {
				t.Fatal(err)
			}
		}, "model.safetensors: not a safetensors file, or cut short: only 0 bytes"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			for _, file := range []string{"config.json", hf.SafetensorsFile} {
				copyFile(t, filepath.Join("testdata/tiny", file), filepath.Join(dir, file))
			}
			c.breakIt(t, dir)
			err := tensor.Do(func(s *tensor.Scope) error {
				_, err := Load(s, dir, tensor.CPU)
				return err
			})
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v\nwant one line with %q", err, c.want)
			}
		})
	}
}

// TestTensorsAgree holds what package hf looks for in a file against what is
// loaded from it.
func TestTensorsAgree(t *testing.T) {
	err := tensor.Do(func(s *tensor.Scope) error {
		b, err := Load(s, "testdata/tiny", tensor.CPU)
		if err != nil {
			return err
		}
		want := b.Config.Tensors()
		if len(b.Params()) != len(want) {
			t.Fatalf("%d parameters, hf lists %d", len(b.Params()), len(want))
		}
		for i, p := range b.Params() {
			if p.Name != want[i].Name || !hf.SameShape(p.Tensor.Shape(), want[i].Shape) {
				t.Errorf("parameter %d is %s %v, hf lists %s %v", i, p.Name, p.Tensor.Shape(), want[i].Name, want[i].Shape)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}
