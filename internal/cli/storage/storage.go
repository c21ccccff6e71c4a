// Package storage is the noun storage: one folder below it is one verb.
package storage

import (
	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/storage/status"
	"github.com/hpsearch/hpsearch/internal/cli/storage/upgrade"
)

// NewCmd returns the command "storage" with its verbs.
func NewCmd(f *app.Factory) *cobra.Command {
	cmd := app.Group(&cobra.Command{Use: "storage", Short: "Look at the database, and bring it to this version"})
	cmd.AddCommand(status.NewCmd(f, nil), upgrade.NewCmd(f, nil))
	return cmd
}
