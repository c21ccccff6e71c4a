package task

import (
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// TestFiles: what a family is read from, and nothing beside it.
func TestFiles(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	for _, name := range []string{
		"b.jsonl", "a.csv", "c.parquet", ".hidden.csv", "notes.md", "study.db",
		"pictures/cat/1.png", "pictures/cat/2.JPG", "pictures/cat/notes.txt", "pictures/dog/1.png", "pictures/.cache/3.png",
		"mnist/train-images-idx3-ubyte", "mnist/train-labels-idx1-ubyte", "mnist/README",
		"wordnet/dict/data.noun",
	} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		kind, path string
		want       []string
	}{
		{"csv", "a.csv", []string{"a.csv"}},
		{"parquet", "c.parquet", []string{"c.parquet"}},
		{"parquet", ".", []string{"c.parquet"}},
		{"text-folder", ".", []string{"a.csv", "b.jsonl", "c.parquet"}},
		{setting.KindImages, "pictures", []string{"pictures/cat/1.png", "pictures/cat/2.JPG", "pictures/dog/1.png"}},
		{setting.KindImages, "mnist", []string{"mnist/train-images-idx3-ubyte", "mnist/train-labels-idx1-ubyte"}},
		{"wordnet", "wordnet", []string{"wordnet/dict/data.noun", "wordnet/dict/data.verb", "wordnet/dict/data.adj", "wordnet/dict/data.adv"}},
		{"sinusoid", "", nil},
	} {
		got, err := Files(setting.Tasks{Kind: tt.kind, Path: filepath.Join(dir, tt.path)})
		for i, path := range got {
			got[i], _ = filepath.Rel(dir, path)
		}
		if err != nil || !slices.Equal(got, tt.want) {
			t.Errorf("%s in %s: %q, %v; want %q", tt.kind, tt.path, got, err, tt.want)
		}
	}
}
