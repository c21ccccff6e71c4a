package pretrain

import (
	"errors"
	"fmt"

	"github.com/spf13/pflag" // the flags of hpsearch, whose help reads alike

	"github.com/hpsearch/hpsearch/trainer/tensor"
)

const usage = `Train a small BERT on plain text by guessing masked words, and write it as a
Hugging Face folder: something to meta-train where no pretrained model fits.

Text is a line of a .txt file, or "text" in a line of a .jsonl file. Without
--tokenizer a WordPiece vocabulary is learned from it. The weights are those of
the best validation, on texts that are held out. Ctrl-C leaves a checkpoint;
the same command goes on from it, to the same result.

Usage:
  hpsearch-trainer pretrain --text PATH --to DIR [flags]

Examples:
  hpsearch-trainer pretrain --text corpus/ --to tiny --layers 4 --hidden 256 --heads 4

Flags:
`

// A commandLine is what the arguments of [Command] ask for.
type commandLine struct {
	options Options
	output  string // one of the forms
	help    string // if that is all that was asked for
}

// parse reads arguments. Its errors are about their use.
func parse(args []string) (*commandLine, error) {
	l := &commandLine{options: Defaults()}
	o := &l.options
	var device string
	var threads int
	flags := pflag.NewFlagSet("pretrain", pflag.ContinueOnError)
	flags.Usage = func() {} // the caller prints it
	flags.StringVar(&o.Text, "text", "", "a .txt or .jsonl file, or a folder of such files")
	flags.StringVar(&o.To, "to", "", "folder to write, new or empty")
	flags.StringVar(&o.Tokenizer, "tokenizer", "", "a folder with a tokenizer, or a vocab.txt; a vocabulary is learned without it")
	flags.IntVar(&o.Vocabulary, "vocabulary", o.Vocabulary, "tokens of the vocabulary that is learned")
	flags.BoolVar(&o.Cased, "cased", o.Cased, "keep capital letters and accents in the vocabulary that is learned")
	flags.IntVar(&o.Layers, "layers", o.Layers, "layers")
	flags.Int64Var(&o.Hidden, "hidden", o.Hidden, "width of the hidden states")
	flags.Int64Var(&o.Heads, "heads", o.Heads, "heads of attention; the width is a multiple of them")
	flags.IntVar(&o.MaxLength, "max-length", o.MaxLength, "tokens of a block of text")
	flags.IntVar(&o.BatchSize, "batch-size", o.BatchSize, "blocks of a step")
	flags.IntVar(&o.Epochs, "epochs", o.Epochs, "passes over the text")
	flags.IntVar(&o.Steps, "steps", o.Steps, "steps, instead of epochs")
	flags.Float64Var(&o.LearningRate, "learning-rate", o.LearningRate, "peak learning rate of AdamW")
	flags.Float64Var(&o.WeightDecay, "weight-decay", o.WeightDecay, "decoupled weight decay")
	flags.Float64Var(&o.WarmupRatio, "warmup-ratio", o.WarmupRatio, "share of the steps in which the rate rises to its peak; it falls to 0 afterwards")
	flags.Float64Var(&o.Dropout, "dropout", o.Dropout, "dropout")
	flags.Float64Var(&o.GradientClip, "gradient-clip", o.GradientClip, "largest norm of the gradient; 0 turns it off")
	flags.Float64Var(&o.HeldOut, "held-out", o.HeldOut, "share of the texts that validation has")
	flags.IntVar(&o.EvalEvery, "eval-every", o.EvalEvery, "steps between validations (default: a tenth of all)")
	flags.Int64Var(&o.Seed, "seed", o.Seed, "seed of all that is random (default 0)")
	flags.StringVar(&o.Checkpoints, "checkpoints", "", "folder of the checkpoint (default: DIR.checkpoint)")
	flags.StringVar(&device, "device", "auto", "auto, cpu, cuda or cuda:N")
	flags.IntVar(&threads, "threads", 0, "CPU threads (default: libtorch's choice)")
	flags.StringVarP(&l.output, "output", "o", formTable, "output: table, json")
	flags.BoolP("help", "h", false, "help for pretrain")
	if err := flags.Parse(args); err != nil {
		return nil, inWords(err)
	}
	if asked, err := flags.GetBool("help"); err == nil && asked {
		l.help = usage + flags.FlagUsages()
		return l, nil
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if l.output != formTable && l.output != formJSON {
		return nil, fmt.Errorf("--output %q: use %s or %s", l.output, formTable, formJSON)
	}
	if flags.Changed("steps") && flags.Changed("epochs") {
		return nil, errors.New("--steps and --epochs both say how long to train: keep one")
	}
	if flags.Changed("steps") && o.Steps < 1 {
		return nil, fmt.Errorf("--steps %d: use 1 or more", o.Steps)
	}
	if err := o.Check(); err != nil {
		return nil, err
	}
	if threads < 0 {
		return nil, fmt.Errorf("--threads %d: use 1 or more", threads)
	}
	if threads > 0 {
		tensor.SetThreads(threads)
	}
	var err error
	o.Device, err = tensor.ParseDevice(device)
	return l, err
}

// wanted describes the values of flags by their types' names.
var wanted = map[string]string{"int": "a whole number", "int64": "a whole number", "float64": "a number", "bool": "true or false"}

// inWords says what is wrong with a flag in words that do not need Go.
func inWords(err error) error {
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) && wanted[invalid.GetFlag().Value.Type()] != "" {
		return fmt.Errorf("--%s %s: want %s", invalid.GetFlag().Name, invalid.GetValue(), wanted[invalid.GetFlag().Value.Type()])
	}
	return fmt.Errorf("%w (see hpsearch-trainer pretrain --help)", err)
}
