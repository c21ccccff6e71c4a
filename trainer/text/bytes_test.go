package text

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// TestBytePairsAgainstTokenizers: both forms of the files give the ids of the
// reference, and the ids give the text back.
func TestBytePairsAgainstTokenizers(t *testing.T) {
	t.Parallel()
	var want struct {
		Sentences []string  `json:"sentences"`
		IDs       [][]int32 `json:"ids"`
	}
	data, err := os.ReadFile("testdata/gpt2.json")
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(data, &want); err != nil {
		t.Fatal(err)
	}
	for name, files := range map[string][]string{"two files": {"vocab.json", "merges.txt"}, "one": {"tokenizer.json"}} {
		dir := copyFiles(t, files...)
		tokenizer, err := Load(dir)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		end := tokenizer.Special().Pad
		for i, s := range want.Sentences {
			got := tokenizer.Encode(s, 0)
			if got[0] != end || got[len(got)-1] != end || !slices.Equal(got[1:len(got)-1], want.IDs[i]) {
				t.Errorf("%s: %q is %v, reference %v", name, s, got, want.IDs[i])
			}
			if back, err := tokenizer.Decode(got); err != nil || back != strings.ReplaceAll(s, endOfText, "") {
				t.Errorf("%s: %q came back as %q, %v", name, s, back, err)
			}
		}
		if got := tokenizer.Encode(want.Sentences[0], 4); len(got) != 4 || got[3] == end {
			t.Errorf("%s: cut to %v", name, got)
		}
	}
}

func copyFiles(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		data, err := os.ReadFile(filepath.Join("testdata/gpt2", name))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestBytePairs_damaged(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(dir string) error{
		"no merges.txt beside it": func(dir string) error { return os.Remove(filepath.Join(dir, "merges.txt")) },
		"merges.txt:1: want two pieces": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "merges.txt"), []byte("onlyone\n"), 0o644)
		},
		"to what has no id": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "merges.txt"), []byte("q zzz\n"), 0o644)
		},
		"no token for the byte": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "vocab.json"), []byte(`{"a": 0}`), 0o644)
		},
		"vocab.json is damaged": func(dir string) error {
			return os.WriteFile(filepath.Join(dir, "vocab.json"), []byte(`{"a": `), 0o644)
		},
	} {
		dir := copyFiles(t, "vocab.json", "merges.txt")
		if err := change(dir); err != nil {
			t.Fatal(err)
		}
		if strings.Contains(want, "byte") {
			if err := os.WriteFile(filepath.Join(dir, "merges.txt"), nil, 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if _, err := Load(dir); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %q", err, want)
		}
	}
}

// FuzzChunk: chunks cover the text, and joining bytes loses nothing.
func FuzzChunk(f *testing.F) {
	for _, s := range []string{" it's  a \n\t test", "\xff\xfe", "  ", "'ll 'x"} {
		f.Add(s)
	}
	p, err := loadBytePairs("testdata/gpt2")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for rest := s; len(rest) > 0; {
			n := chunk(rest)
			if n < 1 || n > len(rest) {
				t.Fatalf("chunk of %q has %d bytes", rest, n)
			}
			rest = rest[n:]
		}
		if back := p.decode(p.append(nil, s)); utf8.ValidString(s) && back != strings.ReplaceAll(s, endOfText, "") {
			t.Errorf("%q came back as %q", s, back)
		}
	})
}
