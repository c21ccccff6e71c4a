package text

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// TestLearner_joins follows byte-pair encoding by hand: "low" is there five
// times, "lower" twice, "new" six times, "newest" three times.
func TestLearner_joins(t *testing.T) {
	t.Parallel()
	l := NewLearner(false)
	l.Add(strings.Repeat("Low ", 5) + strings.Repeat("lower ", 2))
	l.Add(strings.Repeat("new\n", 6) + strings.Repeat("newést\t", 3))
	tokens, err := l.Vocabulary(100)
	if err != nil {
		t.Fatal(err)
	}
	want := append(slices.Clone(specialTokens), "##e", "##o", "##r", "##s", "##t", "##w", "l", "n")
	// ##e ##w and n ##e: 9; l ##o: 7, ##o ##w: 7; then ##e ##s, new ##es, newes ##t: 3.
	want = append(want, "##ew", "new", "##ow", "low", "##es", "newes", "newest", "##er", "lower")
	if !slices.Equal(tokens, want) {
		t.Errorf("got  %q\nwant %q", tokens, want)
	}
	few, err := l.Vocabulary(15)
	if err != nil || !slices.Equal(few, want[:15]) {
		t.Errorf("15 tokens: %q, %v", few, err)
	}
	if _, err := l.Vocabulary(12); err == nil || !strings.Contains(err.Error(), "are 13 already") {
		t.Errorf("12 tokens: %v", err)
	}
	if _, err := NewLearner(false).Vocabulary(12); err == nil {
		t.Error("a vocabulary of no words")
	}
}

// TestLearner_isRead: what was learned is a vocabulary that Load reads, with
// which the texts have no unknown tokens and common words are one token.
func TestLearner_isRead(t *testing.T) {
	t.Parallel()
	l := NewLearner(false)
	var texts []string
	for i := range 300 {
		texts = append(texts, fmt.Sprintf("The printer no. %d, Größe %d: it's on fire! 東京", i%7, i%13))
	}
	for _, s := range texts {
		l.Add(s)
	}
	tokens, err := l.Vocabulary(120)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "vocab.txt")
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := WriteVocabulary(f, tokens); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	tokenizer, err := Load(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range texts {
		if slices.Contains(tokenizer.Encode(s, 0), tokenizer.Special().Unknown) {
			t.Fatalf("%q has unknown tokens: %v", s, tokenizer.Encode(s, 0))
		}
	}
	if ids := tokenizer.Encode("printer", 0); len(ids) != 3 {
		t.Errorf("printer is %v", ids)
	}
	again, err := l.Vocabulary(120)
	if err != nil || !slices.Equal(tokens, again) {
		t.Errorf("a second vocabulary differs: %v", err)
	}
}
