// Package study is the noun study: one folder below it is one verb.
package study

import (
	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/study/adopt"
	"github.com/hpsearch/hpsearch/internal/cli/study/check"
	"github.com/hpsearch/hpsearch/internal/cli/study/create"
	"github.com/hpsearch/hpsearch/internal/cli/study/example"
	"github.com/hpsearch/hpsearch/internal/cli/study/list"
	"github.com/hpsearch/hpsearch/internal/cli/study/pause"
	"github.com/hpsearch/hpsearch/internal/cli/study/remove"
	"github.com/hpsearch/hpsearch/internal/cli/study/show"
)

// NewCmd returns the command "study" with its verbs.
func NewCmd(f *app.Factory) *cobra.Command {
	cmd := app.Group(&cobra.Command{Use: "study", Short: "Create, adopt, list, check and delete studies"})
	cmd.AddCommand(
		create.NewCmd(f, nil), adopt.NewCmd(f, nil), list.NewCmd(f, nil), show.NewCmd(f, nil), check.NewCmd(f, nil),
		remove.NewCmd(f, nil), pause.NewPauseCmd(f, nil), pause.NewResumeCmd(f, nil),
		example.NewCmd(f, nil),
	)
	return cmd
}
