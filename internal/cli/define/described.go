package define

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// checkDescribed checks a BERT that is trained from nothing: that its tokenizer
// is there, and that it is large enough for what the study may try. Of other
// networks the schema knows all. config is one that a trial can run.
func checkDescribed(def *search.Definition, described map[string]any, config *setting.Config) error {
	if described["kind"] != setting.ModelBERT {
		return nil
	}
	tokenizer := fmt.Sprint(described["tokenizer"])
	info, err := os.Stat(tokenizer)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("model.tokenizer: there is no %s: name a vocab.txt, or a folder with %s; `hpsearch-trainer pretrain` makes one from your texts",
			tokenizer, strings.Join(tokenizerFiles, " or "))
	case err != nil:
		return fmt.Errorf("model.tokenizer: %w", err)
	case info.IsDir() && !hasOne(tokenizer, tokenizerFiles):
		return fmt.Errorf("model.tokenizer: %s has no tokenizer: it needs %s", tokenizer, strings.Join(tokenizerFiles, " or "))
	}
	m := config.Model
	// A new model has as many positions as the texts need.
	shape, err := hf.NewBERT(hf.Shape{Layers: m.Layers, Hidden: m.Hidden[0], Heads: m.Heads, Vocabulary: 1, Positions: 1 << 24})
	if err != nil {
		return fmt.Errorf("model: %w", err)
	}
	return checkFits(def, m.String(), shape, config)
}
