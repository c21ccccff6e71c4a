// Package predict is the verb "predict".
package predict

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/trainer"
	"github.com/hpsearch/hpsearch/internal/cli/work"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// Lines are labelled in batches: large enough to keep the model busy, small
// enough that results flow and a message stays far below protocol.MaxLine.
const (
	batchLines = 64
	batchBytes = 256 << 10
	maxText    = 64 << 10 // one text; models read only its first few hundred words
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Model string
	Texts []string // none: lines of the standard input
	// Device is where to compute, as [work.OneDevice] returns it.
	Device string

	// Of models that generate text.
	Tokens      int
	Temperature float64
	Seed        int64
	// Given are the flags of these three that were given.
	Given []string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = predict
	}
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "predict DIR [TEXT…]",
		Short: "Label, rate or continue texts, or label images, with a model",
		Long: `Label texts with an adapted model; of a model of images, TEXT is the name of an
image file. Without TEXT, lines are read from the standard input, and each gives
one line of output: a blank one is not predicted, and has empty fields. A table
in a pipe is written as labels are found; other output comes at the end.

A model that was meta-trained on tasks of type regression gives each text a
number, in the unit of the labels that it was adapted to.

A model that was meta-trained on tasks of type generation continues texts
instead: by the likeliest token each time, or with --temperature by tokens drawn
from what it says, the same ones for the same --seed.`,
		Example: `  hpsearch predict tickets "the printer is on fire"
  hpsearch predict screws-model photos/*.png
  hpsearch predict tickets -o csv < lines.txt
  hpsearch predict writer "Dear customer," --tokens 40 --temperature 0.8 --seed 7`,
		Args:              app.ArgsFrom("the folder DIR of a model"),
		ValidArgsFunction: app.Folders,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Model, o.Texts = args[0], args[1:]
			switch {
			case o.Tokens < 1 || o.Tokens > mostTokens:
				return app.Usagef(cmd, "--tokens must be 1 to %d", mostTokens)
			case !(o.Temperature >= 0 && o.Temperature <= mostTemperature):
				return app.Usagef(cmd, "--temperature must be 0 to %d", mostTemperature)
			}
			device, err := work.OneDevice(o.Device)
			if err != nil {
				return app.Usagef(cmd, "%w", err)
			}
			o.Device = device
			for _, name := range []string{"tokens", "temperature", "seed"} {
				if cmd.Flags().Changed(name) {
					o.Given = append(o.Given, name)
				}
			}
			return run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Tokens, "tokens", 32, "most tokens by which a text is continued")
	flags.Float64Var(&o.Temperature, "temperature", 0, "how freely a text is continued, such as 0.8; 0, the default, takes the likeliest token")
	app.DeviceFlag(cmd, &o.Device, "or cuda:N")
	flags.Int64Var(&o.Seed, "seed", 0, "seed of what is drawn with a temperature (default 0)")
	return cmd
}

// Bounds of flags: beyond them a number was mistyped.
const (
	mostTokens      = 100_000
	mostTemperature = 100
)

func predict(ctx context.Context, o *Options) error {
	if err := app.CheckModel(o.Model); err != nil {
		return err
	}
	kind := app.ModelType(o.Model)
	if len(o.Given) > 0 && kind != setting.Generation {
		return &app.UsageError{Err: fmt.Errorf("--%s is for models that continue text: %s %s", o.Given[0], o.Model, app.Predicts(o.Model))}
	}
	model, err := filepath.Abs(o.Model)
	if err != nil {
		return err
	}
	session, err := trainer.Open(ctx, o.Device)
	if err != nil {
		return err
	}
	defer session.Close() // nothing is left to be done
	if o.InTerminal && len(o.Texts) == 0 {
		o.Say("Type a line for each prediction, and Ctrl-D when there are no more.")
	}
	p := &predictor{Options: o, session: session, model: model, images: app.ReadsImages(model)}
	streams := o.Format == string(render.Table) && !o.OutTerminal
	var all []Prediction
	for batch, err := range batches(o.source(session.Context())) {
		if err != nil {
			return err
		}
		more, err := p.predict(batch)
		if err != nil {
			return err
		}
		if !streams {
			all = append(all, more...)
		} else if err := o.Write(document(kind, more)); err != nil {
			return err
		}
	}
	if streams {
		return nil
	}
	return o.Write(document(kind, all))
}

// A predictor asks a trainer what a model says.
type predictor struct {
	*Options
	session *trainer.Session
	model   string // an absolute path
	images  bool
}

// predict returns a prediction for each text; that of a blank line is empty.
func (p *predictor) predict(texts []string) ([]Prediction, error) {
	all := make([]Prediction, len(texts))
	var asked []string
	var at []int
	for i, text := range texts {
		all[i].Text = text
		if !p.blank(text) {
			asked, at = append(asked, text), append(at, i)
		}
	}
	if len(asked) == 0 {
		return all, nil
	}
	said, err := p.ask(asked)
	if err != nil {
		return nil, err
	}
	for i, one := range said {
		one.Text = asked[i]
		all[at[i]] = one
	}
	return all, nil
}

// blank reports whether a text is a line with nothing in it. Whoever names a
// text as an argument means it.
func (p *predictor) blank(text string) bool {
	return len(p.Texts) == 0 && strings.TrimSpace(text) == ""
}

// ask has the trainer predict texts, or the images in files.
func (p *predictor) ask(texts []string) ([]Prediction, error) {
	sent := texts
	if p.images {
		var err error
		if sent, err = absolute(texts); err != nil {
			return nil, err
		}
	}
	config := map[string]any{"model": p.model, "texts": sent, "tokens": p.Tokens, "temperature": p.Temperature, "seed": p.Seed}
	work.Place(config, p.Device)
	var output struct {
		Predictions []Prediction `json:"predictions"`
	}
	if err := p.session.Do(protocol.JobPredict, config, &output, nil); err != nil {
		return nil, err
	}
	if len(output.Predictions) != len(texts) {
		return nil, fmt.Errorf("predict: the trainer labelled %d of %d texts", len(output.Predictions), len(texts))
	}
	return output.Predictions, nil
}

// absolute returns the names of files as a trainer anywhere can open them.
func absolute(files []string) ([]string, error) {
	paths := make([]string, len(files))
	for i, name := range files {
		info, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil, fmt.Errorf("predict: there is no image file %s", name)
		case err != nil:
			return nil, fmt.Errorf("predict: %w", err)
		case info.IsDir():
			return nil, fmt.Errorf("predict: %s is a folder: name the image files in it, such as %s", name, filepath.Join(name, "*.png"))
		}
		if paths[i], err = filepath.Abs(name); err != nil {
			return nil, err
		}
	}
	return paths, nil
}

// A Prediction is what a model says about one text; of a blank line nothing.
type Prediction struct {
	Text         string   `json:"text"`
	Label        string   `json:"label,omitempty"` // of a model that labels
	Probability  float64  `json:"probability,omitempty"`
	Value        *float64 `json:"value,omitempty"`        // of a regression
	Continuation string   `json:"continuation,omitempty"` // of one that generates
}

// document shows what a model for tasks of a type says.
func document(kind setting.TaskType, all []Prediction) render.Document {
	d := render.Document{Data: all, Empty: "No text."}
	if all == nil {
		d.Data = []Prediction{}
	}
	switch kind {
	case setting.Regression:
		return numbers(d, all)
	case setting.Generation:
		d.Columns = []render.Column{{Title: "text"}, {Title: "continuation"}}
		for _, p := range all {
			d.Names = append(d.Names, p.Continuation)
			d.Rows = append(d.Rows, []render.Cell{render.Text(p.Text), render.Tinted(p.Continuation, render.Strong)})
		}
		return d
	}
	d.Columns = []render.Column{{Title: "label"}, {Title: "probability", Right: true}, {Title: "text"}}
	for _, p := range all {
		label, probability := render.Missing(), render.Missing()
		if p.Label != "" {
			label, probability = render.Tinted(p.Label, render.Strong), render.Number(p.Probability)
			probability.Human = fmt.Sprintf("%.3f", p.Probability)
		}
		d.Names = append(d.Names, p.Label)
		d.Rows = append(d.Rows, []render.Cell{label, probability, render.Text(p.Text)})
	}
	return d
}

// numbers shows what a regression says.
func numbers(d render.Document, all []Prediction) render.Document {
	d.Columns = []render.Column{{Title: "value", Right: true}, {Title: "text"}}
	for _, p := range all {
		value, name := render.Missing(), ""
		if p.Value != nil {
			value = render.Number(*p.Value)
			value.Human = fmt.Sprintf("%.6g", *p.Value)
			name = value.Human
		}
		d.Names = append(d.Names, name)
		d.Rows = append(d.Rows, []render.Cell{value, render.Text(p.Text)})
	}
	return d
}
