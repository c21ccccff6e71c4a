package text

import (
	"encoding/json"
	"fmt"
	"os"
)

// tokenizerJSON is what is read of tokenizer.json.
type tokenizerJSON struct {
	AddedTokens []struct {
		ID         int    `json:"id"`
		Content    string `json:"content"`
		SingleWord bool   `json:"single_word"`
		Normalized bool   `json:"normalized"`
		Special    bool   `json:"special"`
	} `json:"added_tokens"`
	Normalizer *struct {
		Type         string `json:"type"`
		CleanText    bool   `json:"clean_text"`
		Chinese      bool   `json:"handle_chinese_chars"`
		StripAccents *bool  `json:"strip_accents"`
		Lowercase    bool   `json:"lowercase"`
	} `json:"normalizer"`
	PreTokenizer *struct {
		Type string `json:"type"`
	} `json:"pre_tokenizer"`
	PostProcessor *struct {
		Type string `json:"type"`
	} `json:"post_processor"`
	Model struct {
		Type    string         `json:"type"`
		Unknown string         `json:"unk_token"`
		Prefix  *string        `json:"continuing_subword_prefix"`
		MaxWord *int           `json:"max_input_chars_per_word"`
		Vocab   map[string]int `json:"vocab"`
	} `json:"model"`
}

func readTokenizerJSON(path string, cfg *config) (*definition, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("loading the tokenizer: %w", err)
	}
	var file tokenizerJSON
	err = json.Unmarshal(data, &file)
	// Other kinds of model lay out the vocabulary differently, which is not
	// the same as a damaged file. Files written before the field existed have
	// a WordPiece model too.
	if k := modelType(data, err, file.Model.Type); k != "WordPiece" && k != "" {
		return nil, unsupported(path, "a "+k+" model")
	}
	if err != nil {
		return nil, damaged(path, err)
	}
	return file.definition(path, cfg)
}

// modelType returns the model's type, read alone when the whole was not.
func modelType(data []byte, err error, read string) string {
	if err == nil {
		return read
	}
	var kind struct {
		Model struct {
			Type string `json:"type"`
		} `json:"model"`
	}
	if json.Unmarshal(data, &kind) != nil {
		return ""
	}
	return kind.Model.Type
}

func unsupported(path, what string) error {
	return fmt.Errorf("loading the tokenizer: %s has %s, which is not supported: use a BERT or GPT-2 model (WordPiece with BertNormalizer and BertPreTokenizer, or byte-level BPE)", path, what)
}

func (f *tokenizerJSON) definition(path string, cfg *config) (*definition, error) {
	switch {
	case len(f.Model.Vocab) == 0:
		return nil, fmt.Errorf("loading the tokenizer: %s has no vocabulary: the file is damaged, copy it again", path)
	case f.Normalizer == nil || f.Normalizer.Type != "BertNormalizer":
		return nil, unsupported(path, "another normalizer than BERT's")
	case f.PreTokenizer == nil || f.PreTokenizer.Type != "BertPreTokenizer":
		return nil, unsupported(path, "another pre-tokenizer than BERT's")
	case f.PostProcessor != nil && f.PostProcessor.Type != "TemplateProcessing" && f.PostProcessor.Type != "BertProcessing":
		return nil, unsupported(path, "the post-processor "+f.PostProcessor.Type)
	}
	n := f.Normalizer
	d := &definition{
		file: path, vocab: f.Model.Vocab, prefix: "##", maxWord: 100, names: cfg.names(),
		rules: rules{cleanText: n.CleanText, chinese: n.Chinese, stripAccents: n.Lowercase, lowercase: n.Lowercase},
	}
	if n.StripAccents != nil {
		d.rules.stripAccents = *n.StripAccents
	}
	cfg.adjust(&d.rules)
	if f.Model.Unknown != "" {
		d.names.unknown = f.Model.Unknown
	}
	if f.Model.Prefix != nil {
		d.prefix = *f.Model.Prefix
	}
	if f.Model.MaxWord != nil {
		d.maxWord = *f.Model.MaxWord
	}
	for token, id := range d.vocab {
		if id < 0 || id > 1<<30 {
			return nil, fmt.Errorf("loading the tokenizer: %s gives %q the id %d: the file is damaged, copy it again", path, token, id)
		}
		d.size = max(d.size, id+1)
	}
	return d, f.addTokens(path, d)
}

// addTokens reads the tokens that are looked for before anything else.
func (f *tokenizerJSON) addTokens(path string, d *definition) error {
	for _, a := range f.AddedTokens {
		if a.Content == "" || a.ID < 0 || a.ID > 1<<30 {
			return fmt.Errorf("loading the tokenizer: %s: added token %q has the id %d: the file is damaged, copy it again", path, a.Content, a.ID)
		}
		if a.SingleWord || (a.Normalized && !a.Special) {
			return unsupported(path, fmt.Sprintf("the added token %q, to be found in normalized text or between words", a.Content))
		}
		d.added = append(d.added, addedToken{content: a.Content, id: int32(a.ID)})
		d.vocab[a.Content] = a.ID
		d.size = max(d.size, a.ID+1)
	}
	return nil
}
