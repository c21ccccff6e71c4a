// Package adapt is the verb "adapt".
package adapt

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/trainer"
	"github.com/hpsearch/hpsearch/internal/cli/work"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Model  string
	Task   string
	To     string
	Seed   int64
	Device string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = adapt
	}
	cmd := &cobra.Command{
		Use:   "adapt DIR --task FILE.jsonl --to DIR2",
		Short: "Fit an exported model to a new task from a few examples",
		Long: `Fit an exported model to a new task from a few examples. A task of texts is a
JSONL or CSV file; a task of images a folder with a folder of images for each
class. Labels are numbers where the model was meta-trained on tasks of type
regression, and there are none where it was on tasks of type generation.

What is printed is measured by cross-validation: accuracy, the root of the mean
squared error in the unit of the labels, or nats a token.`,
		Example: `  hpsearch adapt model --task support-tickets.jsonl --to tickets
  hpsearch adapt model --task screws/ --to screws-model
  hpsearch adapt model --task ratings.csv --to ratings --device cpu`,
		Args:              app.Args("the folder DIR of an exported model"),
		ValidArgsFunction: app.Folders,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Model = args[0]
			switch {
			case o.Task == "":
				return app.Usagef(cmd, "%s needs --task FILE.jsonl", cmd.CommandPath())
			case o.To == "":
				return app.Usagef(cmd, "%s needs --to DIR", cmd.CommandPath())
			case o.Seed < 0:
				return app.Usagef(cmd, "--seed must not be negative")
			}
			device, err := work.OneDevice(o.Device)
			if err != nil {
				return app.Usagef(cmd, "%w", err)
			}
			o.Device = device
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.Task, "task", "", "examples: one {\"text\": …, \"label\": …} a line, or a folder of class folders")
	cmd.Flags().StringVar(&o.To, "to", "", "folder to write, new or empty")
	app.CompleteFlag(cmd, "to", app.Folders)
	cmd.Flags().Int64Var(&o.Seed, "seed", 0, "seed of whatever is random (default 0)")
	app.DeviceFlag(cmd, &o.Device, "or cuda:N")
	return cmd
}

func adapt(ctx context.Context, o *Options) error {
	if err := app.CheckModel(o.Model); err != nil {
		return err
	}
	if err := checkTask(o.Task, o.Model); err != nil {
		return fmt.Errorf("--task: %w", err)
	}
	if err := app.CheckTarget(o.To); err != nil {
		return err
	}
	config := map[string]any{"seed": o.Seed}
	work.Place(config, o.Device)
	for key, path := range map[string]string{"model": o.Model, "task": o.Task, "to": o.To} {
		abs, err := filepath.Abs(path)
		if err != nil {
			return err
		}
		config[key] = abs
	}
	session, err := trainer.Open(ctx, o.Device)
	if err != nil {
		return err
	}
	defer session.Close() // its work is done or lost either way
	var output map[string]json.RawMessage
	handle, done := trainer.Progress(o.Factory)
	err = session.Do(protocol.JobAdapt, config, &output, handle)
	done()
	if err != nil {
		return err
	}
	if err := o.Write(document(o.To, output)); err != nil {
		return err
	}
	if app.ReadsImages(o.To) {
		o.Say("Next: hpsearch predict %s FILE labels the image in a file.", render.Argument(o.To))
		return nil
	}
	o.Say("Next: hpsearch predict %s TEXT %s.", render.Argument(o.To), app.Predicts(o.To))
	return nil
}

// checkTask refuses what cannot be the examples for a model.
func checkTask(path, model string) error {
	wanted := `a JSONL file of {"text": …, "label": …} lines, or a CSV file with these columns`
	switch {
	case app.ReadsImages(model):
		wanted = "a folder with a folder of images for each class"
	case app.ModelType(model) == setting.Generation:
		wanted = `a JSONL file of {"text": …} lines, or a CSV file with this column`
	}
	info, err := os.Stat(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("there is no %s: name %s", path, wanted)
	case err != nil:
		return err
	case info.IsDir() && !app.ReadsImages(model):
		return fmt.Errorf("%s is a folder: name %s", path, wanted)
	}
	return nil
}

// document shows whatever figures the trainer gives, in a stable order.
func document(to string, output map[string]json.RawMessage) render.Document {
	d := render.Document{
		Data: output, Names: []string{to}, Facts: true,
		Columns: []render.Column{{Title: "field"}, {Title: "value"}},
	}
	for _, key := range slices.Sorted(maps.Keys(output)) {
		var v any
		value := render.Text(string(output[key]))
		if json.Unmarshal(output[key], &v) == nil {
			value = render.Value(v)
		}
		d.Rows = append(d.Rows, []render.Cell{render.Tinted(key, render.Faint), value})
	}
	return d
}
