package pretrain

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/text"
)

const vocabFile = "vocab.txt"

// A source is a tokenizer with where its files are.
type source struct {
	*text.Tokenizer
	from string // a folder, or a vocabulary file
}

// prepareTokenizer loads the tokenizer, or learns one from the text into the
// folder work. What a call learned that left a checkpoint is used again.
func prepareTokenizer(o *Options, work string) (*source, error) {
	from := o.Tokenizer
	if from == "" {
		from = work
		if _, err := os.Stat(filepath.Join(work, checkpointFile)); errors.Is(err, fs.ErrNotExist) {
			if err := learn(o, work); err != nil {
				return nil, err
			}
		}
	}
	tokenizer, err := text.Load(from)
	if err != nil {
		return nil, err
	}
	if tokenizer.Special().Mask < 0 {
		return nil, fmt.Errorf("%s has no token [MASK]: it cannot be used to guess masked words", from)
	}
	return &source{tokenizer, from}, nil
}

func learn(o *Options, work string) error {
	learner := text.NewLearner(o.Cased)
	if err := eachText(o.Text, learner.Add); err != nil {
		return err
	}
	tokens, err := learner.Vocabulary(o.Vocabulary)
	if err != nil {
		return fmt.Errorf("%s: %w", o.Text, err)
	}
	o.Hooks.Log("learned a vocabulary of %d tokens from %d different words", len(tokens), learner.Words())
	if err := os.MkdirAll(work, 0o755); err != nil {
		return err
	}
	if err := writeTokenizerConfig(work, o.Cased); err != nil {
		return err
	}
	// The vocabulary last: with it the tokenizer is complete.
	return hf.WriteFile(filepath.Join(work, vocabFile), func(w io.Writer) error { return text.WriteVocabulary(w, tokens) })
}

// writeTokenizerConfig writes the two files that say how a vocab.txt is used.
func writeTokenizerConfig(dir string, cased bool) error {
	special := map[string]any{
		"pad_token": "[PAD]", "unk_token": "[UNK]", "cls_token": "[CLS]", "sep_token": "[SEP]", "mask_token": "[MASK]",
	}
	if err := hf.WriteJSON(filepath.Join(dir, "special_tokens_map.json"), special); err != nil {
		return err
	}
	special["tokenizer_class"], special["do_lower_case"], special["model_max_length"] = "BertTokenizer", !cased, hf.LeastPositions
	return hf.WriteJSON(filepath.Join(dir, "tokenizer_config.json"), special)
}

// copyTo copies the tokenizer's files into a folder.
func (t *source) copyTo(dir string) error {
	info, err := os.Stat(t.from)
	if err != nil || !info.Mode().IsRegular() {
		return hf.CopyFiles(t.from, dir, hf.TokenizerFiles...)
	}
	if err := hf.CopyFile(t.from, filepath.Join(dir, vocabFile)); err != nil {
		return err
	}
	return writeTokenizerConfig(dir, false) // what text.Load takes a bare vocabulary for
}
