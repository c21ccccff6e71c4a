// Package trial is the noun trial: one folder below it is one verb.
package trial

import (
	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/trial/enqueue"
	"github.com/hpsearch/hpsearch/internal/cli/trial/list"
	"github.com/hpsearch/hpsearch/internal/cli/trial/logs"
	"github.com/hpsearch/hpsearch/internal/cli/trial/retry"
	"github.com/hpsearch/hpsearch/internal/cli/trial/show"
)

// NewCmd returns the command "trial" with its verbs.
func NewCmd(f *app.Factory) *cobra.Command {
	cmd := app.Group(&cobra.Command{Use: "trial", Short: "Look at trials, and ask for particular ones"})
	cmd.AddCommand(list.NewCmd(f, nil), show.NewCmd(f, nil), logs.NewCmd(f, nil), enqueue.NewCmd(f, nil), retry.NewCmd(f, nil))
	return cmd
}
