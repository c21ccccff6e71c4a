// Package example is the verb "study example".
package example

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/studies"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name string // "": list them
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = example
	}
	return &cobra.Command{
		Use:   "example [NAME]",
		Short: "Print a ready-made study file to begin with, or list them",
		Long: `Print a ready-made study file to begin with: name your model and your tasks in
it, and change the space. Without NAME those there are are listed. As it is, one
is run with "hpsearch run studies:NAME".`,
		Example: `  hpsearch study example
  hpsearch study example reviews-joint > mine.yaml`,
		Args:      cobra.MatchAll(app.ArgsFrom(), atMostOne),
		ValidArgs: studies.Names(),
		RunE: func(cmd *cobra.Command, args []string) error {
			o := &Options{Factory: f}
			if len(args) == 1 {
				o.Name = args[0]
			}
			return run(cmd.Context(), o)
		},
	}
}

func atMostOne(cmd *cobra.Command, args []string) error {
	if len(args) > 1 {
		return app.Usagef(cmd, "%s does not take %q", cmd.CommandPath(), args[1])
	}
	return nil
}

func example(_ context.Context, o *Options) error {
	if o.Name == "" {
		return o.Write(document())
	}
	text, err := define.Example(o.Name)
	if err != nil {
		return err
	}
	_, err = o.Out.Write(text)
	return err
}

// An item is a ready-made study file in JSON.
type item struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

func document() render.Document {
	d := render.Document{Columns: []render.Column{{Title: "name"}, {Title: "about"}}}
	var list []item
	for _, name := range studies.Names() {
		about := studies.About(name)
		list = append(list, item{name, about})
		d.Names = append(d.Names, name)
		d.Rows = append(d.Rows, []render.Cell{render.Tinted(name, render.Strong), render.Text(about)})
	}
	d.Data = list
	return d
}
