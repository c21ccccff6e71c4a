// Package text turns text into the token ids of a BERT or GPT-2 model, as its
// Hugging Face folder prescribes.
//
// Words are cut into pieces by github.com/sugarme/tokenizer's WordPiece model,
// which agrees with the reference. Its normalizer and its reader of
// tokenizer.json do not (they know four kinds of white space, and fail on
// "strip_accents": null), so that both are here, on golang.org/x/text. The
// tests hold the whole against the reference implementation, Hugging Face's
// tokenizers.
package text

import (
	"fmt"
	"math"
	"strings"

	"github.com/sugarme/tokenizer/model/wordpiece"
)

// A Tokenizer turns text into ids. It is safe for concurrent use.
type Tokenizer struct {
	words      wordpiece.WordPiece
	rules      rules
	added      []addedToken // literal tokens such as [MASK], longest first
	size       int
	special    Special
	cache      cache
	addedFirst [256]bool  // first bytes of added tokens
	bytes      *bytePairs // of a GPT-2 model; nil for WordPiece
}

// Special holds the ids of the tokens with a role of their own.
type Special struct {
	Pad, Unknown, CLS, SEP int32
	Mask                   int32 // -1 when the vocabulary has none
}

type addedToken struct {
	content string
	id      int32
}

// VocabSize returns one more than the largest id, the number of rows that the
// model's embedding must have at least.
func (t *Tokenizer) VocabSize() int { return t.size }

// Special returns the ids of the special tokens.
func (t *Tokenizer) Special() Special { return t.special }

// Decode returns the text of ids, special tokens left out. Only a GPT-2
// model's tokenizer can: WordPiece forgets where white space stood.
func (t *Tokenizer) Decode(ids []int32) (string, error) {
	if t.bytes == nil {
		return "", fmt.Errorf("decode: a WordPiece tokenizer does not keep white space")
	}
	return t.bytes.decode(ids), nil
}

// Fits returns an error when a model with that many embedding rows cannot
// take this tokenizer's ids.
func (t *Tokenizer) Fits(embeddings int) error {
	if t.size <= embeddings {
		return nil
	}
	return fmt.Errorf("the tokenizer has %d tokens, the model only %d embeddings: the files are of different models; "+
		"take both from the same folder", t.size, embeddings)
}

// Encode returns [CLS], the ids of s and [SEP], at most maxLength ids in all;
// what does not fit is cut from the end of s. maxLength 0 means no limit,
// other values below 2 are read as 2. Bytes that are not UTF-8 are dropped,
// as the reference drops the replacement character.
//
// A GPT-2 model's tokenizer has <|endoftext|> for both, and cuts the one at
// the end off, too, when s does not fit; its limit is at least 1.
func (t *Tokenizer) Encode(s string, maxLength int) []int32 {
	if t.bytes != nil {
		ids := t.bytes.append([]int32{t.bytes.end}, s)
		if ids = append(ids, t.bytes.end); maxLength != 0 {
			ids = ids[:min(len(ids), max(maxLength, 1))]
		}
		return ids
	}
	limit := math.MaxInt
	if maxLength != 0 {
		limit = max(maxLength, 2) - 1 // leaves room for [SEP]
	}
	ids := make([]int32, 1, min(limit, len(s)/3+3)+1)
	ids[0] = t.special.CLS
	for len(s) > 0 && len(ids) < limit {
		plain, token, rest := t.cutAdded(s)
		ids = t.appendPlain(ids, plain, limit)
		if token != nil {
			ids = append(ids, token.id)
		}
		s = rest
	}
	if len(ids) > limit {
		ids = ids[:limit]
	}
	return append(ids, t.special.SEP)
}

// cutAdded finds the first added token in s: plain stands before it, rest
// after it. Without one, plain is s.
func (t *Tokenizer) cutAdded(s string) (plain string, token *addedToken, rest string) {
	for i := range len(s) {
		if !t.addedFirst[s[i]] {
			continue
		}
		for k := range t.added {
			if strings.HasPrefix(s[i:], t.added[k].content) {
				return s[:i], &t.added[k], s[i+len(t.added[k].content):]
			}
		}
	}
	return s, nil, ""
}

// appendPlain appends the ids of text without added tokens. White space ends
// a word whatever stands around it, so that each stretch between white space
// is normalized, cut and cached by itself. It may append more than limit.
func (t *Tokenizer) appendPlain(ids []int32, s string, limit int) []int32 {
	for len(ids) < limit {
		s = strings.TrimLeftFunc(s, isBreak)
		if s == "" {
			return ids
		}
		end := strings.IndexFunc(s, isBreak)
		if end < 0 {
			end = len(s)
		}
		ids = t.appendStretch(ids, s[:end])
		s = s[end:]
	}
	return ids
}

func (t *Tokenizer) appendStretch(ids []int32, stretch string) []int32 {
	if known, ok := t.cache.get(stretch); ok {
		return append(ids, known...)
	}
	start := len(ids)
	for _, word := range t.rules.words(stretch) {
		// Tokenize fails only without an unknown token, which Load checked.
		pieces, _ := t.words.Tokenize(word)
		for _, p := range pieces {
			ids = append(ids, int32(p.Id))
		}
	}
	t.cache.put(stretch, ids[start:])
	return ids
}
