package text

import (
	"bufio"
	"compress/gzip"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// The reference values of these tests were made by testdata/reference.py.

const minilm = "testdata/minilm"

func load(t testing.TB, dir string) *Tokenizer {
	t.Helper()
	tok, err := Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// vocabulary returns the model's vocab.txt.
func vocabulary(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(minilm, "vocab.txt"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// tokenizerJSONDir writes a tokenizer.json of those tokens, with everything
// that is read of the model's own, into a new folder. change may alter it
// before it is written.
func tokenizerJSONDir(t testing.TB, tokens string, change func(m map[string]any)) string {
	t.Helper()
	vocab := make(map[string]any)
	for id, token := range strings.Split(strings.TrimSuffix(tokens, "\n"), "\n") {
		vocab[token] = id
	}
	var added []any
	for _, name := range []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"} {
		added = append(added, map[string]any{"id": vocab[name], "special": true, "content": name, "single_word": false, "normalized": false})
	}
	m := map[string]any{
		"added_tokens": added,
		"normalizer": map[string]any{
			"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": nil, "lowercase": true,
		},
		"pre_tokenizer":  map[string]any{"type": "BertPreTokenizer"},
		"post_processor": map[string]any{"type": "TemplateProcessing"},
		"model": map[string]any{
			"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100, "vocab": vocab,
		},
	}
	if change != nil {
		change(m)
	}
	data, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	write(t, dir, "tokenizer.json", string(data))
	return dir
}

func write(t testing.TB, dir, name, content string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestSentences(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/sentences.json")
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Text       string
		IDs, Cased []int32
	}
	if err := json.Unmarshal(data, &rows); err != nil {
		t.Fatal(err)
	}
	if len(rows) < 60 {
		t.Fatalf("only %d sentences", len(rows))
	}
	cased := load(t, tokenizerJSONDir(t, vocabulary(t), func(m map[string]any) { m["normalizer"].(map[string]any)["lowercase"] = false }))
	lower := map[string]*Tokenizer{"vocab.txt": load(t, minilm), "tokenizer.json": load(t, tokenizerJSONDir(t, vocabulary(t), nil))}
	for _, row := range rows {
		for name, tok := range lower {
			if got := tok.Encode(row.Text, 0); !slices.Equal(got, row.IDs) {
				t.Errorf("%s: %q\n got %v\nwant %v", name, row.Text, got, row.IDs)
			}
		}
		if got := cased.Encode(row.Text, 0); !slices.Equal(got, row.Cased) {
			t.Errorf("cased: %q\n got %v\nwant %v", row.Text, got, row.Cased)
		}
	}
}

func TestGlosses(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/glosses.gz")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	zr, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	tok := load(t, minilm)
	n := 0
	for lines := bufio.NewScanner(zr); lines.Scan(); n++ {
		want, text, _ := strings.Cut(lines.Text(), "\t")
		for range 2 { // the second time from the cache
			if got := join(tok.Encode(text, 0), " "); got != want {
				t.Fatalf("%q\n got %s\nwant %s", text, got, want)
			}
		}
	}
	if n != 3000 {
		t.Errorf("compared %d glosses, want 3000", n)
	}
}

func join(ids []int32, separator string) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = strconv.Itoa(int(id))
	}
	return strings.Join(parts, separator)
}

// TestCodepoints compares every character that was assigned in Unicode 14.
func TestCodepoints(t *testing.T) {
	t.Parallel()
	f, err := os.Open("testdata/codepoints.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	tok := load(t, minilm)
	n := 0
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var low, high rune
		var want string
		if _, err := fmt.Sscanf(lines.Text(), "%X %X %s", &low, &high, &want); err != nil {
			t.Fatal(err)
		}
		h := sha256.New()
		for c := low; c <= high; c++ {
			n++
			fmt.Fprintf(h, "[%s]", join(tok.Encode(fmt.Sprintf("a%cb %c x%c", c, c, c), 0), ","))
		}
		if got := fmt.Sprintf("%x", h.Sum(nil)[:6]); got != want {
			t.Errorf("characters %U to %U differ from the reference", low, high)
		}
	}
	if n < 140_000 {
		t.Errorf("compared only %d characters", n)
	}
}
