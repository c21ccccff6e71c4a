package text

import (
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
)

func TestEncodeLength(t *testing.T) {
	t.Parallel()
	tok := load(t, minilm)
	sp := tok.Special()
	if want := (Special{Pad: 0, Unknown: 100, CLS: 101, SEP: 102, Mask: 103}); sp != want {
		t.Errorf("special ids %+v, want %+v", sp, want)
	}
	full := tok.Encode("one two three, four", 0)
	for limit, want := range map[int]int{-1: 2, 1: 2, 2: 2, 3: 3, 6: 6, 7: 7, 8: 7, 1000: 7} {
		got := tok.Encode("one two three, four", limit)
		if len(got) != want || got[0] != sp.CLS || got[len(got)-1] != sp.SEP || !slices.Equal(got[:want-1], full[:want-1]) {
			t.Errorf("limit %d: %v", limit, got)
		}
	}
	if got := tok.Encode("abc\xff\xfedef", 0); !slices.Equal(got, tok.Encode("abcdef", 0)) {
		t.Errorf("bytes that are not UTF-8: %v", got)
	}
	// A stretch of several words is cut in the middle, also from the cache.
	for range 2 {
		if got := tok.Encode("a.b.c.d", 5); len(got) != 5 {
			t.Errorf("a.b.c.d in 5: %v", got)
		}
	}
}

// TestEncodeConcurrently is for the race detector, and compares results.
func TestEncodeConcurrently(t *testing.T) {
	t.Parallel()
	tok := load(t, minilm)
	text := "Concurrent goroutines share one cache of words, naïve or not."
	want := load(t, minilm).Encode(text, 0)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			if got := tok.Encode(text, 0); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	wg.Wait()
}

func TestCacheIsBounded(t *testing.T) {
	t.Parallel()
	var c cache
	for i := range cacheEntries + 10 {
		c.put(strconv.Itoa(i), []int32{1})
	}
	if n := c.n.Load(); n != cacheEntries {
		t.Errorf("%d entries, want %d", n, cacheEntries)
	}
	c = cache{}
	c.put(strings.Repeat("x", cacheKeySize+1), nil)
	if _, ok := c.get(strings.Repeat("x", cacheKeySize+1)); ok {
		t.Error("a long stretch was kept")
	}
}

func TestFits(t *testing.T) {
	t.Parallel()
	tok := load(t, minilm)
	if tok.VocabSize() != 30522 {
		t.Errorf("vocabulary of %d, want 30522", tok.VocabSize())
	}
	if err := tok.Fits(30522); err != nil {
		t.Error(err)
	}
	if err := tok.Fits(30000); err == nil || !strings.Contains(err.Error(), "30522 tokens, the model only 30000") {
		t.Errorf("too few embeddings: %v", err)
	}
}

const smallVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\na\nA\n##b\n"

func TestLoadVocabRules(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, config, text string
		want               []int32
	}{
		{"no config", "", "Ab", []int32{2, 5, 7, 3}},
		{"lower", `{"do_lower_case": true}`, "Áb", []int32{2, 5, 7, 3}},
		{"cased", `{"do_lower_case": false}`, "Ab", []int32{2, 6, 7, 3}},
		{"cased keeps accents", `{"do_lower_case": false}`, "Áb", []int32{2, 1, 3}},
		{"cased, accents stripped", `{"do_lower_case": false, "strip_accents": true}`, "Áb", []int32{2, 6, 7, 3}},
		{"lower, accents kept", `{"strip_accents": false}`, "áb", []int32{2, 1, 3}},
		{"token objects", `{"mask_token": {"content": "a"}, "cls_token": {"content": "[SEP]"}}`, "ab", []int32{3, 5, 1, 3}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			write(t, dir, "vocab.txt", strings.ReplaceAll(smallVocab, "\n", "\r\n"))
			if tt.config != "" {
				write(t, dir, "tokenizer_config.json", tt.config)
			}
			if got := load(t, dir).Encode(tt.text, 0); !slices.Equal(got, tt.want) {
				t.Errorf("%q: got %v, want %v", tt.text, got, tt.want)
			}
		})
	}
}

func TestLoadErrors(t *testing.T) {
	t.Parallel()
	files := func(kv ...string) func(*testing.T) string {
		return func(t *testing.T) string {
			dir := t.TempDir()
			for i := 0; i < len(kv); i += 2 {
				write(t, dir, kv[i], kv[i+1])
			}
			return dir
		}
	}
	changed := func(change func(m map[string]any)) func(*testing.T) string {
		return func(t *testing.T) string { return tokenizerJSONDir(t, smallVocab, change) }
	}
	tests := []struct {
		name string
		dir  func(*testing.T) string
		want []string
	}{
		{"nothing there", files(), []string{"neither tokenizer.json nor vocab.txt"}},
		{"no folder", func(t *testing.T) string { return filepath.Join(t.TempDir(), "none") }, []string{"none has neither"}},
		{"empty vocab", files("vocab.txt", ""), []string{"vocab.txt is empty"}},
		{"short vocab", files("vocab.txt", "[PAD]\n[unused0]\n"), []string{"vocab.txt has no token [UNK]", "copy it again"}},
		{"not UTF-8", files("vocab.txt", "[PAD]\n\xff\n"), []string{"vocab.txt:2 is not UTF-8"}},
		{"bad config", files("vocab.txt", smallVocab, "tokenizer_config.json", `{"do_lower_case": "yes"}`), []string{"tokenizer_config.json is damaged"}},
		{"truncated json", files("tokenizer.json", `{"model": {"type": "Word`), []string{"tokenizer.json is damaged"}},
		{"a list of words", files("tokenizer.json", `{"model": {"type": "WordPiece", "vocab": ["a"]}}`), []string{"tokenizer.json is damaged"}},
		{"no vocabulary", files("tokenizer.json", `{}`), []string{"tokenizer.json has no vocabulary"}},
		{"another model", files("tokenizer.json", `{"model": {"type": "Unigram", "vocab": []}}`), []string{"has a Unigram model", "use a BERT or GPT-2 model"}},
		{"another normalizer", changed(func(m map[string]any) { m["normalizer"] = map[string]any{"type": "NFC"} }), []string{"another normalizer"}},
		{"another pre-tokenizer", changed(func(m map[string]any) { m["pre_tokenizer"] = nil }), []string{"another pre-tokenizer"}},
		{"another post-processor", changed(func(m map[string]any) { m["post_processor"] = map[string]any{"type": "ByteLevel"} }), []string{"post-processor ByteLevel"}},
		{"negative id", changed(func(m map[string]any) { m["model"].(map[string]any)["vocab"].(map[string]any)["a"] = -4 }), []string{`gives "a" the id -4`}},
		{"added token", changed(func(m map[string]any) {
			m["added_tokens"] = []any{map[string]any{"id": 1, "content": "x", "normalized": true}}
		}), []string{`the added token "x"`}},
		{"two models", func(t *testing.T) string {
			dir := tokenizerJSONDir(t, smallVocab, nil)
			write(t, dir, "vocab.txt", strings.ToUpper(smallVocab))
			return dir
		}, []string{"vocab.txt gives", "tokenizer.json does not", "different models"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, err := Load(tt.dir(t))
			if err == nil {
				t.Fatal("loaded")
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not contain %q", err, want)
				}
			}
		})
	}
}

func TestLoadBothFiles(t *testing.T) {
	t.Parallel()
	dir := tokenizerJSONDir(t, smallVocab, nil)
	write(t, dir, "vocab.txt", smallVocab)
	write(t, dir, "tokenizer_config.json", `{"do_lower_case": true, "strip_accents": null}`)
	if got := load(t, dir).Encode("AB", 0); !slices.Equal(got, []int32{2, 5, 7, 3}) {
		t.Errorf("AB: %v", got)
	}
}

// FuzzEncode checks what holds for every text: the ends, the bound, ids
// inside the vocabulary, and that a cut text is a prefix of the whole.
func FuzzEncode(f *testing.F) {
	tok := load(f, minilm)
	for _, s := range []string{"", "plain words", "e\u0301 中[MASK]文", "\xff\x00\u0085", strings.Repeat("é", 120)} {
		f.Add(s, 8)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		whole := tok.Encode(s, 0)
		for _, id := range whole {
			if id < 0 || int(id) >= tok.VocabSize() {
				t.Fatalf("id %d", id)
			}
		}
		limit = 2 + abs(limit)%64
		cut := tok.Encode(s, limit)
		n := min(limit, len(whole))
		if len(cut) != n || !slices.Equal(cut[:n-1], whole[:n-1]) || cut[n-1] != tok.Special().SEP {
			t.Fatalf("%q cut at %d: %v of %v", s, limit, cut, whole)
		}
	})
}

func abs(n int) int { return max(n, -(n + 1)) }

func BenchmarkEncode(b *testing.B) {
	text := "a plane figure with three sides; the sum of whose naïve angles equals 180°"
	for _, cached := range []bool{true, false} {
		b.Run(map[bool]string{true: "cached", false: "uncached"}[cached], func(b *testing.B) {
			tok := load(b, minilm)
			if !cached {
				tok.cache.n.Store(cacheEntries)
			}
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				tok.Encode(text, 128)
			}
		})
	}
}
