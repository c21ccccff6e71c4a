package text

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

// endOfText is the token that stands between the texts that GPT-2 was trained
// on: what comes after it is a new text.
const endOfText = "<|endoftext|>"

// bytePairs is GPT-2's byte-level byte-pair encoding (Radford et al. 2019,
// section 2.2): every string has ids, and no token is unknown.
type bytePairs struct {
	ids   map[string]int32
	ranks map[[2]string]int
	names []string // by id
	end   int32
	cache sync.Map // chunk -> []int32
}

// byteLetters maps each byte to the letter that stands for it in the files:
// printable ones to themselves, the others to letters from U+0100 on, as in
// GPT-2's encoder.py.
var byteLetters = func() (letters [256]rune) {
	next := rune(256)
	for b := range rune(256) {
		if b >= '!' && b <= '~' || b >= '¡' && b <= '¬' || b >= '®' && b <= 'ÿ' {
			letters[b] = b
			continue
		}
		letters[b] = next
		next++
	}
	return letters
}()

// loadBytePairs reads vocab.json with merges.txt, or the tokenizer.json of
// such a model. The error is fs.ErrNotExist when the folder has neither.
func loadBytePairs(dir string) (*bytePairs, error) {
	vocab, merges, err := readBytePairs(dir)
	if err != nil {
		return nil, err
	}
	p := &bytePairs{ids: make(map[string]int32, len(vocab)), ranks: make(map[[2]string]int, len(merges))}
	size := 0
	for token, id := range vocab {
		if id < 0 || id > 1<<24 {
			return nil, fmt.Errorf("loading the tokenizer: %s gives %q the id %d: the file is damaged, copy it again", dir, token, id)
		}
		p.ids[token], size = int32(id), max(size, id+1)
	}
	p.names = make([]string, size)
	for token, id := range p.ids {
		p.names[id] = token
	}
	for i, m := range merges {
		if _, ok := p.ids[m[0]+m[1]]; !ok {
			return nil, fmt.Errorf("loading the tokenizer: %s joins %q and %q to what has no id: the files are of different models; take them from the same folder", dir, m[0], m[1])
		}
		p.ranks[m] = i
	}
	for _, letter := range &byteLetters {
		if _, ok := p.ids[string(letter)]; !ok {
			return nil, fmt.Errorf("loading the tokenizer: %s has no token for the byte %q: it is cut short or not of a GPT-2 model; copy it again", dir, letter)
		}
	}
	end, ok := p.ids[endOfText]
	if !ok {
		return nil, fmt.Errorf("loading the tokenizer: %s has no token %s: it is cut short or not of a GPT-2 model; copy it again", dir, endOfText)
	}
	p.end = end
	return p, nil
}

func readBytePairs(dir string) (vocab map[string]int, merges [][2]string, err error) {
	path := filepath.Join(dir, "vocab.json")
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return readBytePairsJSON(filepath.Join(dir, "tokenizer.json"))
	}
	if err != nil {
		return nil, nil, fmt.Errorf("loading the tokenizer: %w", err)
	}
	if err := json.Unmarshal(data, &vocab); err != nil {
		return nil, nil, damaged(path, err)
	}
	path = filepath.Join(dir, "merges.txt")
	file, err := os.Open(path)
	if err != nil {
		// Not fs.ErrNotExist: a vocab.json alone is not another kind of model.
		return nil, nil, fmt.Errorf("loading the tokenizer: there is a vocab.json, but no merges.txt beside it: copy it from where the model came from (%s)", path)
	}
	defer file.Close()
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := lines.Text()
		if line == "" || n == 1 && strings.HasPrefix(line, "#version") {
			continue
		}
		left, right, ok := strings.Cut(line, " ")
		if !ok || strings.Contains(right, " ") {
			return nil, nil, fmt.Errorf("loading the tokenizer: %s:%d: want two pieces, with a space between: the file is damaged, copy it again", path, n)
		}
		merges = append(merges, [2]string{left, right})
	}
	if err := lines.Err(); err != nil {
		return nil, nil, damaged(path, err)
	}
	return vocab, merges, nil
}

func readBytePairsJSON(path string) (map[string]int, [][2]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, nil, err
	}
	var file struct {
		AddedTokens []struct {
			ID      int    `json:"id"`
			Content string `json:"content"`
		} `json:"added_tokens"`
		Normalizer   any `json:"normalizer"`
		PreTokenizer struct {
			Type      string `json:"type"`
			AddPrefix bool   `json:"add_prefix_space"`
		} `json:"pre_tokenizer"`
		Model struct {
			Vocab  map[string]int `json:"vocab"`
			Merges []merge        `json:"merges"`
		} `json:"model"`
	}
	if err := json.Unmarshal(data, &file); err != nil {
		return nil, nil, damaged(path, err)
	}
	if file.Normalizer != nil || file.PreTokenizer.Type != "ByteLevel" || file.PreTokenizer.AddPrefix {
		return nil, nil, fmt.Errorf("loading the tokenizer: %s prepares text in another way than GPT-2 does, which is not supported", path)
	}
	for _, a := range file.AddedTokens {
		file.Model.Vocab[a.Content] = a.ID
	}
	merges := make([][2]string, len(file.Model.Merges))
	for i, m := range file.Model.Merges {
		merges[i] = m
	}
	return file.Model.Vocab, merges, nil
}

// A merge is written as "a b" or as ["a", "b"].
type merge [2]string

// UnmarshalJSON reads both forms.
func (m *merge) UnmarshalJSON(data []byte) error {
	var text string
	if json.Unmarshal(data, &text) != nil {
		return json.Unmarshal(data, (*[2]string)(m))
	}
	left, right, ok := strings.Cut(text, " ")
	if !ok {
		return fmt.Errorf("merge %q: want two pieces", text)
	}
	*m = merge{left, right}
	return nil
}

// append adds the ids of s.
func (p *bytePairs) append(ids []int32, s string) []int32 {
	for len(s) > 0 {
		before, after, found := strings.Cut(s, endOfText)
		for len(before) > 0 {
			n := chunk(before)
			ids = append(ids, p.encode(before[:n])...)
			before = before[n:]
		}
		if found {
			ids = append(ids, p.end)
		}
		s = after
	}
	return ids
}

// encode joins the bytes of a chunk, the pair of lowest rank first.
func (p *bytePairs) encode(s string) []int32 {
	if known, ok := p.cache.Load(s); ok {
		return known.([]int32)
	}
	pieces := make([]string, len(s))
	for i := range len(s) {
		pieces[i] = string(byteLetters[s[i]])
	}
	for len(pieces) > 1 {
		lowest, best := math.MaxInt, [2]string{}
		for i := 1; i < len(pieces); i++ {
			pair := [2]string{pieces[i-1], pieces[i]}
			if rank, ok := p.ranks[pair]; ok && rank < lowest {
				lowest, best = rank, pair
			}
		}
		if lowest == math.MaxInt {
			break
		}
		kept := pieces[:0]
		for i := 0; i < len(pieces); i++ {
			if i+1 < len(pieces) && pieces[i] == best[0] && pieces[i+1] == best[1] {
				kept = append(kept, best[0]+best[1])
				i++
				continue
			}
			kept = append(kept, pieces[i])
		}
		pieces = kept
	}
	ids := make([]int32, len(pieces))
	for i, piece := range pieces {
		ids[i] = p.ids[piece]
	}
	if len(s) <= cacheKeySize {
		p.cache.Store(strings.Clone(s), ids)
	}
	return ids
}

// decode returns the text of ids; bytes that are not UTF-8 become U+FFFD.
func (p *bytePairs) decode(ids []int32) string {
	var out []byte
	for _, id := range ids {
		if id < 0 || int(id) >= len(p.names) || id == p.end {
			continue
		}
		for _, letter := range p.names[id] {
			if b, ok := letterBytes[letter]; ok {
				out = append(out, b)
			} else {
				out = utf8.AppendRune(out, letter) // of an added token
			}
		}
	}
	return strings.ToValidUTF8(string(out), "\ufffd")
}

var letterBytes = func() map[rune]byte {
	m := make(map[rune]byte, 256)
	for b, letter := range byteLetters {
		m[letter] = byte(b)
	}
	return m
}()

var contractions = []string{"'s", "'t", "'re", "'ve", "'m", "'ll", "'d"}

// chunk returns the length of the first chunk of s, which is not empty. Chunks
// are those of GPT-2's regular expression
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
//
// which Go's regexp cannot have, for it looks ahead.
func chunk(s string) int {
	for _, c := range contractions {
		if strings.HasPrefix(s, c) {
			return len(c)
		}
	}
	start := 0
	if s[0] == ' ' {
		start = 1
	}
	if r, _ := utf8.DecodeRuneInString(s[start:]); start < len(s) && !unicode.IsSpace(r) {
		kind := kindOf(r)
		for i, c := range s[start:] {
			if kindOf(c) != kind {
				return start + i
			}
		}
		return len(s)
	}
	end := strings.IndexFunc(s, func(c rune) bool { return !unicode.IsSpace(c) })
	if end < 0 {
		return len(s)
	}
	// The last white space before a word is the word's.
	if _, last := utf8.DecodeLastRuneInString(s[:end]); last < end {
		return end - last
	}
	return end
}

// kindOf tells letters, numbers, white space and the rest apart.
func kindOf(c rune) int {
	switch {
	case unicode.IsLetter(c):
		return 1
	case unicode.IsNumber(c):
		return 2
	case unicode.IsSpace(c):
		return 3
	}
	return 0
}
