// Package show is the verb "study show".
package show

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/search"
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
		run = show
	}
	return &cobra.Command{
		Use:   "show NAME",
		Short: "Show a study: its space, its counts, its best trial",
		Args:  app.Args("the NAME of a study"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), &Options{Factory: f, Name: args[0]})
		},
	}
}

func show(ctx context.Context, o *Options) error {
	store, err := o.Existing(ctx)
	if err != nil {
		return err
	}
	summary, err := store.Summary(ctx, o.Name)
	if errors.Is(err, search.ErrNotFound) {
		return o.NoStudy(o.Name)
	}
	if err != nil {
		return err
	}
	return o.Write(view.StudyFacts(summary, o.Now()))
}
