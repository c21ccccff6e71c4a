package pretrain

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"golang.org/x/term"

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

Example:
  hpsearch-trainer pretrain --text corpus/ --to tiny --layers 4 --hidden 256 --heads 4

Flags:
`

// The exit codes of [Command], those of both programs.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitInterrupted = 130
)

// Command executes "hpsearch-trainer pretrain" with its arguments and returns
// the exit code. The result goes to out as JSON, the rest to errOut.
func Command(args []string, out, errOut io.Writer) int {
	o, err := parse(args, errOut)
	switch {
	case errors.Is(err, flag.ErrHelp):
		return exitOK
	case err != nil:
		fmt.Fprintln(errOut, "hpsearch-trainer pretrain:", err)
		return exitUsage
	}
	stopped, release := interrupts()
	defer release()
	o.Stopped = stopped
	shown := &display{w: errOut, terminal: isTerminal(errOut)}
	o.Hooks = Hooks{Log: shown.line, Report: shown.report, Progress: shown.progress}
	result, err := Run(*o)
	shown.clear()
	switch {
	case errors.Is(err, ErrStopped):
		fmt.Fprintln(errOut, "hpsearch-trainer pretrain: stopped; the same command goes on from here")
		return exitInterrupted
	case err != nil:
		fmt.Fprintln(errOut, "hpsearch-trainer pretrain:", err)
		return exitFailed
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(result); err != nil {
		fmt.Fprintln(errOut, "hpsearch-trainer pretrain:", err)
		return exitFailed
	}
	return exitOK
}

func parse(args []string, errOut io.Writer) (*Options, error) {
	o := Defaults()
	var device string
	var threads int
	flags := flag.NewFlagSet("pretrain", flag.ContinueOnError)
	flags.SetOutput(io.Discard) // errors are the caller's to print
	flags.StringVar(&o.Text, "text", "", "a .txt or .jsonl `PATH`, or a folder of such files")
	flags.StringVar(&o.To, "to", "", "the folder to write")
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
	flags.Int64Var(&o.Seed, "seed", o.Seed, "seed of all that is random")
	flags.StringVar(&o.Checkpoints, "checkpoints", "", "folder of the checkpoint (default: DIR.checkpoint)")
	flags.StringVar(&device, "device", "auto", "auto, cpu, cuda or cuda:N")
	flags.IntVar(&threads, "threads", 0, "CPU threads (default: libtorch's choice)")
	if err := flags.Parse(args); err != nil {
		if errors.Is(err, flag.ErrHelp) {
			fmt.Fprint(errOut, usage)
			flags.SetOutput(errOut)
			flags.PrintDefaults()
		}
		return nil, err
	}
	if flags.NArg() > 0 {
		return nil, fmt.Errorf("unexpected argument %q", flags.Arg(0))
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
	if o.Device, err = tensor.ParseDevice(device); err != nil {
		return nil, err
	}
	return &o, nil
}

// interrupts returns a channel that is closed by the first Ctrl-C (or
// SIGTERM); a second one ends the process.
func interrupts() (stopped <-chan struct{}, release func()) {
	signals, closed := make(chan os.Signal, 1), make(chan struct{})
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	go func() {
		if _, ok := <-signals; ok {
			signal.Stop(signals)
			close(closed)
		}
	}()
	return closed, func() {
		signal.Stop(signals)
		close(signals)
	}
}

func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// A display shows progress: one line that changes on a terminal, lines
// with the time elsewhere.
type display struct {
	w        io.Writer
	terminal bool
	shown    bool
	last     time.Time
}

// progressEvery limits how often the changing line is drawn.
const progressEvery = 200 * time.Millisecond

func (d *display) progress(step, total int) {
	if now := time.Now(); d.terminal && now.Sub(d.last) >= progressEvery {
		d.last, d.shown = now, true
		// \r and "erase the line" (ECMA-48 EL 2) redraw it in place.
		fmt.Fprintf(d.w, "\r\x1b[2Kpretrain %d/%d", step, total)
	}
}

func (d *display) report(step int, metrics map[string]float64) {
	parts := make([]string, 0, len(metrics))
	for _, name := range slices.Sorted(maps.Keys(metrics)) {
		parts = append(parts, fmt.Sprintf("%s %.6g", name, metrics[name]))
	}
	d.line("step %d: %s", step, strings.Join(parts, ", "))
}

func (d *display) line(format string, args ...any) {
	d.clear()
	fmt.Fprintf(d.w, time.Now().UTC().Format("15:04:05 ")+format+"\n", args...)
}

func (d *display) clear() {
	if d.shown {
		fmt.Fprint(d.w, "\r\x1b[2K")
		d.shown = false
	}
}
