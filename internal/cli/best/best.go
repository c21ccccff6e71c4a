// Package best is the verb "best".
package best

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = best
	}
	return &cobra.Command{
		Use:   "best NAME",
		Short: "Show the best trial of a study",
		Long: `Show the best trial of a study; of a study of several objectives the trials of
its Pareto front, each of which is better than any other trial in some metric.`,
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), &Options{Factory: f, Name: args[0]})
		},
	}
}

func best(ctx context.Context, o *Options) error {
	study, front, err := o.Front(ctx, o.Name)
	if err != nil {
		return err
	}
	return o.Write(view.Bests(study, front, o.Now()))
}
