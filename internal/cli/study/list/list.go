// Package list is the verb "study list".
package list

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
)

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *app.Factory) error) *cobra.Command {
	if run == nil {
		run = list
	}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the studies in the storage",
		Args:    app.Args(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
}

func list(ctx context.Context, f *app.Factory) error {
	store, err := f.Existing(ctx)
	if errors.Is(err, app.ErrNoDatabase) {
		return f.Write(view.Studies(nil, f.Now()))
	}
	if err != nil {
		return err
	}
	all, err := store.Summaries(ctx)
	if err != nil {
		return err
	}
	return f.Write(view.Studies(all, f.Now()))
}
