// Package show is the verb "trial show".
package show

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name   string
	Number int
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = show
	}
	return &cobra.Command{
		Use:               "show NAME NUMBER",
		Short:             "Show a trial with its reports",
		Args:              app.Args("the NAME of a study", "the NUMBER of a trial"),
		ValidArgsFunction: f.TrialNumbers,
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := app.TrialNumber(cmd, args[1])
			if err != nil {
				return err
			}
			return run(cmd.Context(), &Options{Factory: f, Name: args[0], Number: number})
		},
	}
}

func show(ctx context.Context, o *Options) error {
	store, study, t, err := o.Trial(ctx, o.Name, o.Number)
	if err != nil {
		return err
	}
	why, err := lost.Trials(ctx, store, study, []*search.Trial{t})
	if err != nil {
		return err
	}
	return o.Write(view.TrialFacts(study, t, why[t.Number], o.Now()))
}
