// Package upgrade is the verb "storage upgrade".
package upgrade

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/storage"
)

// Options are the flags of the verb.
type Options struct {
	*app.Factory
	DryRun bool
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = upgrade
	}
	cmd := &cobra.Command{
		Use:   "upgrade",
		Short: "Bring the database's tables to this version",
		Long: `Bring the database's tables to this version. Optuna's own tables stay as they
are. It happens in one transaction where the database can do that, under a lock,
and several upgrades at once do it one time. Older versions of hpsearch cannot
open the database afterwards; those that have it open may go on.`,
		Args: app.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), o) },
	}
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "only say what would be done")
	return cmd
}

func upgrade(ctx context.Context, o *Options) error {
	if _, err := storage.Path(o.StorageURL); err != nil {
		return &app.UsageError{Err: err}
	}
	before, err := storage.Inspect(ctx, o.StorageURL)
	if err != nil {
		return err
	}
	switch {
	case len(before.Pending) == 0:
		o.Say("There is nothing to do: the database has schema %d.", before.Schema)
	case o.DryRun:
		o.Say("Scripts that an upgrade would run, in this order: %d. Nothing was changed.", len(before.Pending))
		return o.Write(view.Storage(before))
	default:
		if _, err := storage.Upgrade(ctx, o.StorageURL); err != nil {
			return err
		}
		o.Say("The database had schema %d and has schema %d now.", before.Schema, before.Wanted)
	}
	after, err := storage.Inspect(ctx, o.StorageURL)
	if err != nil {
		return err
	}
	return o.Write(view.Storage(after))
}
