package text

import (
	"cmp"
	"container/heap"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"
)

// Bounds of a learned vocabulary.
const (
	// maxAlphabet is the number of different characters that get a token of
	// their own, the most frequent ones; Hugging Face's trainers take as many.
	maxAlphabet = 1000
	// minPairs is how often two pieces must stand side by side to be joined:
	// a piece that was seen once teaches nothing.
	minPairs = 2
	// maxWordRunes is the length from which WordPiece takes a word as unknown.
	maxWordRunes = 100
)

// specialTokens begin a learned vocabulary, in the order of BERT's own small
// vocabularies.
var specialTokens = []string{"[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"}

const continuing = "##"

// A Learner counts the words of texts and makes a WordPiece vocabulary of
// them. It is not safe for concurrent use.
//
// No Go library that is kept up does this; the method is that of Hugging
// Face's WordPieceTrainer: byte-pair encoding (Sennrich, Haddow and Birch
// 2016, algorithm 1) over the words of BERT's normalizer, in pieces that bear
// ## when they continue a word.
type Learner struct {
	rules rules
	words map[string]int
}

// NewLearner returns a learner without words. cased keeps capital letters
// and accents apart.
func NewLearner(cased bool) *Learner {
	return &Learner{
		rules: rules{cleanText: true, chinese: true, stripAccents: !cased, lowercase: !cased},
		words: make(map[string]int),
	}
}

// Add counts the words of a text.
func (l *Learner) Add(text string) {
	for stretch := range strings.FieldsFuncSeq(text, isBreak) {
		for _, word := range l.rules.words(stretch) {
			if utf8.RuneCountInString(word) <= maxWordRunes {
				l.words[word]++
			}
		}
	}
}

// Words returns the number of different words that were counted.
func (l *Learner) Words() int { return len(l.words) }

// Vocabulary returns at most size tokens by id: the special ones, the
// characters, and the pieces of words in the order in which they were joined.
// The same texts give the same vocabulary. It has fewer tokens when there is
// nothing left to join.
func (l *Learner) Vocabulary(size int) ([]string, error) {
	if len(l.words) == 0 {
		return nil, fmt.Errorf("learn a vocabulary: the texts hold no words")
	}
	j := newJoiner(l.words)
	if least := len(j.tokens); size < least {
		return nil, fmt.Errorf("learn a vocabulary of %d tokens: the special tokens and the characters of the texts are %d already; ask for more", size, least)
	}
	for len(j.tokens) < size && j.join() {
	}
	return j.tokens, nil
}

// WriteVocabulary writes tokens as vocab.txt has them, one a line.
func WriteVocabulary(w io.Writer, tokens []string) error {
	_, err := io.WriteString(w, strings.Join(tokens, "\n")+"\n")
	return err
}

// A joiner is the state of byte-pair encoding.
type joiner struct {
	tokens []string
	ids    map[string]int32
	words  []pieces
	pairs  map[pair]*occurrences
	queue  pairQueue
}

// pieces is a word as it is cut so far.
type pieces struct {
	ids   []int32
	count int
}

type pair struct{ left, right int32 }

// occurrences says how often a pair is there, and in which words: a word may
// stay listed after it has lost the pair.
type occurrences struct {
	count int
	words map[int]struct{}
}

func newJoiner(words map[string]int) *joiner {
	j := &joiner{tokens: slices.Clone(specialTokens), ids: make(map[string]int32), pairs: make(map[pair]*occurrences)}
	for _, c := range alphabet(words) {
		j.token(c)
	}
	for _, word := range slices.Sorted(maps.Keys(words)) {
		if ids, ok := j.cut(word); ok {
			j.words = append(j.words, pieces{ids: ids, count: words[word]})
		}
	}
	for i := range j.words {
		j.count(i, +1)
	}
	for p, o := range j.pairs {
		j.queue = append(j.queue, queued{p, o.count})
	}
	heap.Init(&j.queue)
	return j
}

// alphabet returns the characters of words as they begin or continue one, in
// ascending order; of more than maxAlphabet characters the most frequent.
func alphabet(words map[string]int) []string {
	counts := make(map[rune]int)
	forms := make(map[rune][2]bool) // begins a word, continues one
	for word, n := range words {
		for i, c := range word {
			counts[c] += n
			f := forms[c]
			f[min(i, 1)] = true
			forms[c] = f
		}
	}
	chosen := slices.SortedFunc(maps.Keys(counts), func(a, b rune) int { return cmp.Or(counts[b]-counts[a], int(a-b)) })
	chosen = chosen[:min(len(chosen), maxAlphabet)]
	var tokens []string
	for _, c := range chosen {
		if forms[c][0] {
			tokens = append(tokens, string(c))
		}
		if forms[c][1] {
			tokens = append(tokens, continuing+string(c))
		}
	}
	slices.Sort(tokens)
	return tokens
}

// token returns the id of a token, a new one if need be.
func (j *joiner) token(name string) int32 {
	id, ok := j.ids[name]
	if !ok {
		id = int32(len(j.tokens))
		j.tokens, j.ids[name] = append(j.tokens, name), id
	}
	return id
}

// cut returns the characters of a word; not ok when one is not in the
// alphabet.
func (j *joiner) cut(word string) (ids []int32, ok bool) {
	for i, c := range word {
		name := string(c)
		if i > 0 {
			name = continuing + name
		}
		id, ok := j.ids[name]
		if !ok {
			return nil, false
		}
		ids = append(ids, id)
	}
	return ids, true
}

// count adds the pairs of word i to the counts, or takes them away.
func (j *joiner) count(i, sign int) {
	w := j.words[i]
	for k := 1; k < len(w.ids); k++ {
		p := pair{w.ids[k-1], w.ids[k]}
		o := j.pairs[p]
		if o == nil {
			o = &occurrences{words: make(map[int]struct{})}
			j.pairs[p] = o
		}
		o.count += sign * w.count
		if sign > 0 {
			o.words[i] = struct{}{}
		}
	}
}

// join makes one token of the most frequent pair, the first made among equals;
// it reports whether there was one.
func (j *joiner) join() bool {
	for len(j.queue) > 0 {
		top := heap.Pop(&j.queue).(queued)
		now := j.pairs[top.pair]
		switch {
		case now == nil || now.count < minPairs:
			continue
		case now.count < top.count: // it has lost occurrences since
			heap.Push(&j.queue, queued{top.pair, now.count})
			continue
		case now.count > top.count: // a newer entry stands further up
			continue
		}
		j.merge(top.pair)
		return true
	}
	return false
}

func (j *joiner) merge(p pair) {
	joined := j.token(j.tokens[p.left] + strings.TrimPrefix(j.tokens[p.right], continuing))
	affected := slices.Sorted(maps.Keys(j.pairs[p].words))
	grown := make(map[pair]struct{})
	for _, i := range affected {
		j.count(i, -1)
		ids := j.words[i].ids
		kept := ids[:0]
		for k := 0; k < len(ids); k++ {
			if k+1 < len(ids) && ids[k] == p.left && ids[k+1] == p.right {
				kept = append(kept, joined)
				k++
				continue
			}
			kept = append(kept, ids[k])
		}
		j.words[i].ids = kept
		j.count(i, +1)
		for k := 1; k < len(kept); k++ {
			if kept[k-1] == joined || kept[k] == joined {
				grown[pair{kept[k-1], kept[k]}] = struct{}{}
			}
		}
	}
	delete(j.pairs, p)
	for q := range grown { // the order does not matter: the queue has one of its own
		if q != p {
			heap.Push(&j.queue, queued{q, j.pairs[q].count})
		}
	}
}

// queued is a pair with its count when it was queued.
type queued struct {
	pair
	count int
}

// A pairQueue is a heap of pairs, the most frequent first; pairs of older
// tokens go before others of the same count.
type pairQueue []queued

func (q pairQueue) Len() int      { return len(q) }
func (q pairQueue) Swap(i, j int) { q[i], q[j] = q[j], q[i] }
func (q pairQueue) Less(i, j int) bool {
	a, b := q[i], q[j]
	return cmp.Or(cmp.Compare(b.count, a.count), cmp.Compare(a.left, b.left), cmp.Compare(a.right, b.right)) < 0
}

// Push implements heap.Interface.
func (q *pairQueue) Push(x any) { *q = append(*q, x.(queued)) }

// Pop implements heap.Interface.
func (q *pairQueue) Pop() any {
	last := (*q)[len(*q)-1]
	*q = (*q)[:len(*q)-1]
	return last
}
