// Package status is the verb "storage status".
package status

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/storage"
)

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *app.Factory) error) *cobra.Command {
	if run == nil {
		run = status
	}
	return &cobra.Command{
		Use:   "status",
		Short: "Show the version of the database's tables",
		Long: `Show the version of the database's tables, and what an upgrade would do.
Nothing is changed.`,
		Args: app.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
}

func status(ctx context.Context, f *app.Factory) error {
	if _, err := storage.Path(f.StorageURL); err != nil {
		return &app.UsageError{Err: err}
	}
	s, err := storage.Inspect(ctx, f.StorageURL)
	if err != nil {
		return err
	}
	return f.Write(view.Storage(s))
}
