// Package check is the verb "study check".
package check

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	File string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = check
	}
	return &cobra.Command{
		Use:   "check FILE",
		Short: "Check a study file and list everything that is wrong with it",
		Long: `Check a study file and list everything that is wrong with it: what
"study create" would refuse, missing models and task data included. Nothing is
written. The exit code is 3 when something was found.`,
		Args: app.Args("a study FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), &Options{Factory: f, File: args[0]})
		},
	}
}

func check(ctx context.Context, o *Options) error {
	findings, err := find(ctx, o)
	if err != nil {
		return err
	}
	if err := o.Write(document(findings)); err != nil {
		return err
	}
	if len(findings) > 0 {
		return app.ErrFindings
	}
	o.Say("%s is in order.", o.File)
	return nil
}

// find returns what is wrong with the file; the error is for a file that
// cannot be read at all.
func find(ctx context.Context, o *Options) (studyfile.Findings, error) {
	file, err := define.Read(o.Factory, o.File, "")
	var findings studyfile.Findings
	if errors.As(err, &findings) {
		return findings, nil
	}
	if err != nil {
		return nil, err
	}
	if err := define.Complete(ctx, file); err != nil {
		if ctx.Err() != nil {
			return nil, err
		}
		var problems define.Problems
		if !errors.As(err, &problems) {
			problems = define.Problems{err}
		}
		for _, problem := range problems {
			findings = append(findings, studyfile.Finding{File: o.File, Message: problem.Error()})
		}
		return findings, nil
	}
	define.Warn(o.Factory, file)
	return nil, nil
}

func document(findings studyfile.Findings) render.Document {
	d := render.Document{
		Data:    findings,
		Columns: []render.Column{{Title: "where"}, {Title: "finding"}, {Title: "hint"}},
	}
	if findings == nil {
		d.Data = studyfile.Findings{} // [] rather than null
	}
	for _, f := range findings {
		where := f.File
		if f.Line > 0 {
			where = fmt.Sprintf("%s:%d", f.File, f.Line)
		}
		d.Names = append(d.Names, where)
		d.Rows = append(d.Rows, []render.Cell{render.Text(where), render.Text(f.Message), render.Text(f.Hint)})
	}
	return d
}
