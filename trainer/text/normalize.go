package text

import (
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// rules are the switches of BERT's normalizer, named as in tokenizer.json.
// The steps and their order are those of the reference implementation
// (huggingface/tokenizers, normalizers/bert.rs).
type rules struct {
	cleanText    bool // drop control characters
	chinese      bool // each CJK ideograph is a word
	stripAccents bool // decompose and drop what combines without width
	lowercase    bool
}

// words normalizes a stretch of text without white space and cuts it at
// ideographs and punctuation, each of which is a word.
func (r rules) words(s string) []string {
	var words []string
	for _, chunk := range r.chunks(s) {
		start := 0
		for i, c := range chunk {
			if !isPunctuation(c) && !unicode.IsSpace(c) {
				continue
			}
			if i > start {
				words = append(words, chunk[start:i])
			}
			start = i + utf8.RuneLen(c)
			if isPunctuation(c) {
				words = append(words, chunk[i:start])
			}
		}
		if start < len(chunk) {
			words = append(words, chunk[start:])
		}
	}
	return words
}

// chunks cleans s, cuts it around ideographs and normalizes the parts.
func (r rules) chunks(s string) []string {
	var chunks []string
	part := make([]rune, 0, len(s))
	flush := func() {
		if len(part) > 0 {
			chunks = append(chunks, r.fold(string(part)))
			part = part[:0]
		}
	}
	for _, c := range s {
		switch {
		case r.cleanText && (c == 0 || c == utf8.RuneError || isControl(c)):
		case r.chinese && isIdeograph(c):
			flush()
			part = append(part, c)
			flush()
		default:
			part = append(part, c)
		}
	}
	flush()
	return chunks
}

// fold strips accents and lowers case.
func (r rules) fold(s string) string {
	if isLowerASCII(s) {
		return s
	}
	if r.stripAccents {
		s = norm.NFD.String(s)
	}
	out := make([]rune, 0, len(s))
	for _, c := range s {
		switch {
		case r.stripAccents && isNonspacing(c):
		case r.lowercase && c == 'İ': // the one letter whose small form is two
			out = append(out, 'i', '\u0307')
		case r.lowercase:
			out = append(out, unicode.ToLower(c))
		default:
			out = append(out, c)
		}
	}
	return string(out)
}

func isLowerASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf || (s[i] >= 'A' && s[i] <= 'Z') {
			return false
		}
	}
	return true
}

// The categories of characters are those of Unicode 8, as in the reference:
// what came later is a letter to it, and a few characters have moved since.

func isControl(c rune) bool {
	switch c {
	case '\t', '\n', '\r':
		return false
	}
	return unicode.In(c, unicode.Cc, unicode.Cf, unicode.Co, unicode.Cs) && !unicode.Is(unclassified, c)
}

// isBreak reports white space that certainly ends a word. Some white space,
// such as U+0085 and the vertical tab, is a control character too: cleaning
// drops it, which joins what stands around it.
func isBreak(c rune) bool { return unicode.IsSpace(c) && !isControl(c) }

func isNonspacing(c rune) bool {
	switch c {
	case 0x1734: // Hanunoo pamudpod, a spacing mark since Unicode 14
		return true
	case 0x111C9: // Sharada sandhi mark, punctuation until Unicode 11
		return false
	}
	return unicode.Is(unicode.Mn, c) && !unicode.Is(unclassified, c)
}

func isPunctuation(c rune) bool {
	if c < utf8.RuneSelf { // all of ASCII that is no letter, digit or control
		return c >= '!' && c <= '/' || c >= ':' && c <= '@' || c >= '[' && c <= '`' || c >= '{' && c <= '~'
	}
	switch c {
	case 0x166D, 0x111C9: // U+166D is a symbol since Unicode 12
		return true
	}
	return unicode.Is(unicode.P, c) && !unicode.Is(unclassified, c)
}

// isIdeograph reports whether BERT makes the character a word of its own: the
// blocks of CJK ideographs, without kana and hangul.
func isIdeograph(c rune) bool {
	return c >= 0x4E00 && c <= 0x9FFF || c >= 0x3400 && c <= 0x4DBF || c >= 0xF900 && c <= 0xFAFF ||
		c >= 0x20000 && c <= 0x2A6DF || c >= 0x2A700 && c <= 0x2B73F || c >= 0x2B740 && c <= 0x2B81F ||
		c >= 0x2B920 && c <= 0x2CEAF || c >= 0x2F800 && c <= 0x2FA1F
}
