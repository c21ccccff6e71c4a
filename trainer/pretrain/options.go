package pretrain

import (
	"encoding/json"
	"fmt"

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

// Options say what is trained on what. [Defaults] has values for all but Text
// and To.
type Options struct {
	Text      string `json:"-"` // a .txt or .jsonl file, or a folder of them
	To        string `json:"-"` // the folder that is written; it must not exist, or be empty
	Tokenizer string `json:"-"` // a folder or vocab.txt; "": learn a vocabulary from the text

	Vocabulary int   `json:"vocabulary"` // tokens to learn, without a Tokenizer
	Cased      bool  `json:"cased"`      // keep capital letters, without a Tokenizer
	Layers     int   `json:"layers"`
	Hidden     int64 `json:"hidden"`
	Heads      int64 `json:"heads"`

	MaxLength    int     `json:"max_length"` // tokens of a block
	BatchSize    int     `json:"batch_size"` // blocks of a step
	Epochs       int     `json:"epochs"`     // passes over the text; counts when Steps is 0
	Steps        int     `json:"steps"`
	LearningRate float64 `json:"learning_rate"` // the peak
	WeightDecay  float64 `json:"weight_decay"`
	WarmupRatio  float64 `json:"warmup_ratio"`
	Dropout      float64 `json:"dropout"`
	GradientClip float64 `json:"gradient_clip"` // 0: off
	HeldOut      float64 `json:"held_out"`      // share of the texts
	EvalEvery    int     `json:"eval_every"`    // steps; 0: a tenth of them
	Seed         int64   `json:"seed"`

	Checkpoints string          `json:"-"` // folder; "": beside To
	Device      tensor.Device   `json:"-"`
	Stopped     <-chan struct{} `json:"-"` // closed when training should stop; nil: never
	Hooks       Hooks           `json:"-"`
}

// Hooks are called on the goroutine of [Run]. Any may be nil.
type Hooks struct {
	// Log gets a line for people.
	Log func(format string, args ...any)
	// Report gets val_loss, val_perplexity and train_loss of each validation.
	Report func(step int, metrics map[string]float64)
	// Progress is called after every step.
	Progress func(step, total int)
}

// Defaults returns the defaults. Warm-up, decay and dropout are those of
// Devlin et al. 2019, appendix A.2; the rate is that of ELECTRA-Small (Clark
// et al. 2020, table 6), for a model of such a size wants a higher one than
// BERT-Base; layers and width are those of BERT-Tiny (Turc et al. 2019).
func Defaults() Options {
	return Options{
		Vocabulary: 8000, Layers: 2, Hidden: 128, Heads: 2,
		MaxLength: 128, BatchSize: 32, Epochs: 10, LearningRate: 5e-4, WeightDecay: 0.01,
		WarmupRatio: 0.1, Dropout: 0.1, GradientClip: 1, HeldOut: 0.05, Device: tensor.CPU,
	}
}

// Check reports the first option that makes no sense. The names are those of
// the command's flags.
func (o *Options) Check() error {
	for _, c := range []struct {
		wrong bool
		text  string
	}{
		{o.Text == "", "--text is missing: name a .txt or .jsonl file, or a folder of them"},
		{o.To == "", "--to is missing: name the folder to write"},
		{o.Vocabulary < 64 || o.Vocabulary > 1<<20, fmt.Sprintf("--vocabulary %d: use 64 to %d", o.Vocabulary, 1<<20)},
		{o.Layers < 1 || o.Layers > 96, fmt.Sprintf("--layers %d: use 1 to 96", o.Layers)},
		{o.Heads < 1, fmt.Sprintf("--heads %d: use at least 1", o.Heads)},
		{o.Hidden < 1 || o.Hidden > 1<<14, fmt.Sprintf("--hidden %d: use 1 to %d", o.Hidden, 1<<14)},
		{o.Heads > 0 && o.Hidden%o.Heads != 0, fmt.Sprintf("--hidden %d is no multiple of the %d --heads", o.Hidden, o.Heads)},
		{o.MaxLength < 16 || o.MaxLength > 8192, fmt.Sprintf("--max-length %d: use 16 to 8192", o.MaxLength)},
		{o.BatchSize < 1 || o.BatchSize > 1<<16, fmt.Sprintf("--batch-size %d: use 1 to %d", o.BatchSize, 1<<16)},
		{o.Steps < 0 || o.Steps == 0 && o.Epochs < 1, "--steps or --epochs must be at least 1"},
		{!(o.LearningRate > 0 && o.LearningRate <= 10), fmt.Sprintf("--learning-rate %g: use more than 0, at most 10", o.LearningRate)},
		{!(o.WeightDecay >= 0 && o.WeightDecay <= 1), fmt.Sprintf("--weight-decay %g: use 0 to 1", o.WeightDecay)},
		{!(o.WarmupRatio >= 0 && o.WarmupRatio < 1), fmt.Sprintf("--warmup-ratio %g: use 0 to less than 1", o.WarmupRatio)},
		{!(o.Dropout >= 0 && o.Dropout < 1), fmt.Sprintf("--dropout %g: use 0 to less than 1", o.Dropout)},
		{!(o.GradientClip >= 0), fmt.Sprintf("--gradient-clip %g: use 0 or more", o.GradientClip)},
		{!(o.HeldOut > 0 && o.HeldOut < 1), fmt.Sprintf("--held-out %g: use more than 0, less than 1", o.HeldOut)},
		{o.EvalEvery < 0, fmt.Sprintf("--eval-every %d: use 1 or more", o.EvalEvery)},
	} {
		if c.wrong {
			return fmt.Errorf("%s", c.text)
		}
	}
	return nil
}

// named returns the options that change the result, by their names in JSON,
// which are those of the command line with underscores.
func (o Options) named() (map[string]any, error) {
	encoded, err := json.Marshal(o)
	if err != nil {
		return nil, err
	}
	var values map[string]any
	return values, json.Unmarshal(encoded, &values)
}
