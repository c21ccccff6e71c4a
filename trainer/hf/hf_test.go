package hf

import (
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestSafetensorsRoundTrip(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.safetensors")
	want := []Blob{Float32Blob("a", []float32{1, 2.5, float32(math.NaN())}, []int64{3}), {Name: "b", DType: "I8", Shape: []int64{2, 0}}}
	if err := WriteSafetensors(path, want, map[string]string{"k": "v"}); err != nil {
		t.Fatal(err)
	}
	got, metadata, err := ReadSafetensors(path)
	if err != nil || metadata["k"] != "v" || len(got) != 2 {
		t.Fatalf("%v %v %v", got, metadata, err)
	}
	for i, b := range got {
		if b.Name != want[i].Name || b.DType != want[i].DType || string(b.Data) != string(want[i].Data) || !SameShape(b.Shape, want[i].Shape) {
			t.Errorf("blob %d = %v, want %v", i, b, want[i])
		}
	}
}

func FuzzParseSafetensors(f *testing.F) {
	f.Add([]byte("\x10\x00\x00\x00\x00\x00\x00\x00{\"a\":{\"dtype\":1}}"))
	f.Add([]byte("\x02\x00\x00\x00\x00\x00\x00\x00{}"))
	f.Fuzz(func(t *testing.T, data []byte) {
		blobs, _, err := parseSafetensors(data)
		if err != nil {
			return
		}
		for _, b := range blobs {
			n := elementSizes[b.DType]
			for _, d := range b.Shape {
				n *= d
			}
			if n != int64(len(b.Data)) {
				t.Fatalf("blob %v has %d bytes", b.Shape, len(b.Data))
			}
		}
	})
}

// TestCheckFolder changes one thing in a good folder and expects one line
// that names the file.
func TestCheckFolder(t *testing.T) {
	const good = "../model/testdata/tiny"
	if err := CheckFolder(good); err != nil {
		t.Fatal(err)
	}
	edit := func(old, by string) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			path := filepath.Join(dir, "config.json")
			data, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.Replace(string(data), old, by, 1)), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	cut := func(size int64) func(t *testing.T, dir string) {
		return func(t *testing.T, dir string) {
			if err := os.Truncate(filepath.Join(dir, SafetensorsFile), size); err != nil {
				t.Fatal(err)
			}
		}
	}
	for name, c := range map[string]struct {
		change func(t *testing.T, dir string)
		want   string
	}{
		"no config":   {func(_ *testing.T, dir string) { os.Remove(filepath.Join(dir, "config.json")) }, "config.json: no such file"},
		"other model": {edit(`"bert"`, `"t5"`), `config.json: model_type is "t5"`},
		"more layers": {edit(`"num_hidden_layers": 2`, `"num_hidden_layers": 3`), "tensor encoder.layer.2.attention.self.query.weight is missing"},
		"other width": {edit(`"intermediate_size": 20`, `"intermediate_size": 24`), "has shape [20 12], config.json says [24 12]"},
		"cut in data": {cut(9000), "the file is cut short; download or copy it again"},
		"cut header":  {cut(100), "model.safetensors: not a safetensors file, or cut short"},
		"cut to four": {cut(4), "model.safetensors: not a safetensors file, or cut short: only 4 bytes; download or copy it again"},
		"cut export": {func(t *testing.T, dir string) {
			cut(9000)(t, dir)
			if err := os.WriteFile(filepath.Join(dir, ManifestFile), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}, "the file is cut short; hpsearch export or adapt wrote the folder: have it write the folder anew"},
		"no weights": {func(_ *testing.T, dir string) { os.Remove(filepath.Join(dir, SafetensorsFile)) }, "has neither model.safetensors nor pytorch_model.bin"},
		"huge header": {func(_ *testing.T, dir string) {
			os.WriteFile(filepath.Join(dir, SafetensorsFile), []byte("\xff\xff\xff\xff\xff\xff\xff\xff{}"), 0o644)
		}, "not a safetensors file"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			for _, file := range []string{"config.json", SafetensorsFile} {
				data, err := os.ReadFile(filepath.Join(good, file))
				if err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, file), data, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			c.change(t, dir)
			err := CheckFolder(dir)
			if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("got %v\nwant one line with %q", err, c.want)
			}
		})
	}
}
