package text

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/sugarme/tokenizer/model"
	"github.com/sugarme/tokenizer/model/wordpiece"
)

// definition is everything that a folder says about its tokenizer.
type definition struct {
	file    string // where the vocabulary was read, for messages
	vocab   map[string]int
	size    int
	rules   rules
	added   []addedToken
	prefix  string // of pieces that continue a word
	maxWord int    // characters; longer words are unknown
	names   specialNames
}

type specialNames struct{ pad, unknown, cls, sep, mask string }

// Load reads the tokenizer of a Hugging Face folder. Of BERT: tokenizer.json,
// or vocab.txt when there is none; tokenizer_config.json beside either. Of
// GPT-2: vocab.json with merges.txt, or tokenizer.json. A
// vocabulary file may be named instead of a folder; letters are then made
// small. An error names the file and says what to do about it.
func Load(dir string) (*Tokenizer, error) {
	if info, err := os.Stat(dir); err == nil && info.Mode().IsRegular() {
		def, err := readVocab(dir, &config{})
		if err != nil {
			return nil, err
		}
		return def.build()
	}
	if isBytePairs(dir) {
		p, err := loadBytePairs(dir)
		if err != nil {
			return nil, err
		}
		special := Special{Pad: p.end, Unknown: p.end, CLS: p.end, SEP: p.end, Mask: -1}
		return &Tokenizer{bytes: p, size: len(p.names), special: special}, nil
	}
	cfg, err := readConfig(filepath.Join(dir, "tokenizer_config.json"))
	if err != nil {
		return nil, err
	}
	vocabFile := filepath.Join(dir, "vocab.txt")
	def, err := readTokenizerJSON(filepath.Join(dir, "tokenizer.json"), cfg)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		def, err = readVocab(vocabFile, cfg)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("loading the tokenizer: %s has neither tokenizer.json nor vocab.txt: "+
				"copy one of them from where the model came from", dir)
		}
	case err == nil:
		err = checkVocab(vocabFile, def)
	}
	if err != nil {
		return nil, err
	}
	return def.build()
}

// isBytePairs reports whether a folder has the files of GPT-2's tokenizer.
func isBytePairs(dir string) bool {
	if _, err := os.Stat(filepath.Join(dir, "vocab.json")); err == nil {
		return true
	}
	data, err := os.ReadFile(filepath.Join(dir, "tokenizer.json"))
	return err == nil && modelType(data, errors.ErrUnsupported, "") == "BPE"
}

// checkVocab compares a vocab.txt, if there is one, with the tokenizer.json
// beside it: a model put together from two folders would be wrong silently.
func checkVocab(path string, def *definition) error {
	other, err := readVocab(path, &config{})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for token, id := range other.vocab {
		if got, ok := def.vocab[token]; !ok || got != id {
			return fmt.Errorf("loading the tokenizer: %s gives %q the id %d, %s does not: the files are of different models; "+
				"remove the wrong one", path, token, id, def.file)
		}
	}
	return nil
}

// readVocab reads a vocabulary of one token a line; the line is its id.
func readVocab(path string, cfg *config) (*definition, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loading the tokenizer: %w", err)
	}
	if len(data) == 0 {
		return nil, fmt.Errorf("loading the tokenizer: %s is empty: copy it again", path)
	}
	def := &definition{file: path, vocab: make(map[string]int), prefix: "##", maxWord: 100, names: cfg.names()}
	lines := strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
	for id, line := range lines {
		if !utf8.ValidString(line) {
			return nil, fmt.Errorf("loading the tokenizer: %s:%d is not UTF-8: the file is damaged, copy it again", path, id+1)
		}
		// As in the reference, the last of several equal tokens counts.
		def.vocab[strings.TrimRight(line, " \t\r")] = id
	}
	def.size = len(lines)
	lower := cfg.DoLowerCase == nil || *cfg.DoLowerCase
	def.rules = rules{cleanText: true, chinese: true, stripAccents: lower, lowercase: lower}
	cfg.adjust(&def.rules)
	for _, name := range def.names.all() {
		if id, ok := def.vocab[name]; ok {
			def.added = append(def.added, addedToken{content: name, id: int32(id)})
		}
	}
	return def, nil
}

// config is what is read of tokenizer_config.json. Every field may be absent.
type config struct {
	DoLowerCase  *bool `json:"do_lower_case"`
	StripAccents *bool `json:"strip_accents"`
	Chinese      *bool `json:"tokenize_chinese_chars"`
	Pad          token `json:"pad_token"`
	Unknown      token `json:"unk_token"`
	CLS          token `json:"cls_token"`
	SEP          token `json:"sep_token"`
	Mask         token `json:"mask_token"`
}

// A token is written as a string or as an object with its content.
type token string

// UnmarshalJSON reads both forms.
func (t *token) UnmarshalJSON(data []byte) error {
	if string(data) == "null" {
		return nil
	}
	if err := json.Unmarshal(data, (*string)(t)); err == nil {
		return nil
	}
	var object struct {
		Content string `json:"content"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*t = token(object.Content)
	return nil
}

func readConfig(path string) (*config, error) {
	cfg := new(config)
	data, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return cfg, nil
	}
	if err != nil {
		return nil, fmt.Errorf("loading the tokenizer: %w", err)
	}
	if err := json.Unmarshal(data, cfg); err != nil {
		return nil, damaged(path, err)
	}
	return cfg, nil
}

func damaged(path string, err error) error {
	return fmt.Errorf("loading the tokenizer: %s is damaged or not a tokenizer's: %w; copy it again", path, err)
}

func (c *config) names() specialNames {
	or := func(t token, name string) string {
		if t != "" {
			return string(t)
		}
		return name
	}
	return specialNames{
		pad: or(c.Pad, "[PAD]"), unknown: or(c.Unknown, "[UNK]"), cls: or(c.CLS, "[CLS]"),
		sep: or(c.SEP, "[SEP]"), mask: or(c.Mask, "[MASK]"),
	}
}

// adjust lets tokenizer_config.json overrule the normalizer, as Hugging
// Face's transformers does. Accents follow the case unless they are set.
func (c *config) adjust(r *rules) {
	if c.DoLowerCase != nil && *c.DoLowerCase != r.lowercase {
		r.lowercase, r.stripAccents = *c.DoLowerCase, *c.DoLowerCase
	}
	if c.StripAccents != nil {
		r.stripAccents = *c.StripAccents
	}
	if c.Chinese != nil {
		r.chinese = *c.Chinese
	}
}

func (n specialNames) all() []string { return []string{n.pad, n.unknown, n.cls, n.sep, n.mask} }

// build checks the definition and makes the tokenizer.
func (d *definition) build() (*Tokenizer, error) {
	t := &Tokenizer{rules: d.rules, size: d.size, added: d.added}
	ids := []*int32{&t.special.Pad, &t.special.Unknown, &t.special.CLS, &t.special.SEP, &t.special.Mask}
	for i, name := range d.names.all() {
		id, ok := d.vocab[name]
		switch {
		case ok:
			*ids[i] = int32(id)
		case name == d.names.mask:
			*ids[i] = -1
		default:
			return nil, fmt.Errorf("loading the tokenizer: %s has no token %s: it is cut short or not of a BERT model; copy it again", d.file, name)
		}
	}
	sort.SliceStable(t.added, func(i, j int) bool { return len(t.added[i].content) > len(t.added[j].content) })
	for _, a := range t.added {
		t.addedFirst[a.content[0]] = true
	}
	vocab := model.Vocab(d.vocab)
	t.words = wordpiece.NewWordPieceBuilder().Vocab(&vocab).UnkToken(d.names.unknown).
		ContinuingSubwordPrefix(d.prefix).MaxInputCharsPerWord(d.maxWord).Build()
	return t, nil
}
