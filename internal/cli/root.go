package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/adapt"
	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/ask"
	"github.com/hpsearch/hpsearch/internal/cli/best"
	"github.com/hpsearch/hpsearch/internal/cli/doctor"
	"github.com/hpsearch/hpsearch/internal/cli/export"
	"github.com/hpsearch/hpsearch/internal/cli/importance"
	"github.com/hpsearch/hpsearch/internal/cli/pipe"
	"github.com/hpsearch/hpsearch/internal/cli/predict"
	"github.com/hpsearch/hpsearch/internal/cli/run"
	"github.com/hpsearch/hpsearch/internal/cli/storage"
	"github.com/hpsearch/hpsearch/internal/cli/study"
	"github.com/hpsearch/hpsearch/internal/cli/tell"
	"github.com/hpsearch/hpsearch/internal/cli/trial"
	"github.com/hpsearch/hpsearch/internal/cli/version"
	"github.com/hpsearch/hpsearch/internal/cli/worker"
	"github.com/hpsearch/hpsearch/internal/render"
)

// newRoot returns the command hpsearch with all its verbs.
func newRoot(f *app.Factory) *cobra.Command {
	root := app.Group(&cobra.Command{
		Use:   "hpsearch",
		Short: "Search the hyperparameters of meta-training",
		Long: `Search the hyperparameters of meta-training: create a study, run its trials in
parallel, and export the best model, compressed if you like.

Exit codes: 0 done, 1 failed, 2 wrong usage, 3 check or doctor found something,
85 a worker was preempted, 130 interrupted.`,
		Example: `  hpsearch study create -f studies:wordnet-5way-5shot
  hpsearch run wordnet-5way-5shot --parallel 2
  hpsearch export wordnet-5way-5shot --to model --quantize int8`,
		Version:       version.Read().Version,
		SilenceErrors: true,
		SilenceUsage:  true,
	})
	root.Flags().Bool("version", false, "print the version")
	globalFlags(root, f)
	root.SetFlagErrorFunc(app.FlagError)
	root.PersistentPreRunE = func(cmd *cobra.Command, _ []string) error {
		if _, err := render.ParseFormat(f.Format); err != nil {
			return app.Usagef(cmd, "--output: %w", err)
		}
		if f.Quiet && f.Verbose {
			return app.Usagef(cmd, "--quiet and --verbose exclude each other")
		}
		return nil
	}
	root.AddGroup(
		&cobra.Group{ID: "search", Title: "Search"},
		&cobra.Group{ID: "model", Title: "Models"},
	)
	for _, cmd := range []*cobra.Command{
		study.NewCmd(f), run.NewCmd(f, nil), worker.NewCmd(f, nil), trial.NewCmd(f), best.NewCmd(f, nil),
		importance.NewCmd(f, nil),
		ask.NewCmd(f, nil), tell.NewCmd(f, nil), pipe.NewCmd(f, nil),
	} {
		cmd.GroupID = "search"
		root.AddCommand(cmd)
	}
	for _, cmd := range []*cobra.Command{export.NewCmd(f, nil), adapt.NewCmd(f, nil), predict.NewCmd(f, nil)} {
		cmd.GroupID = "model"
		root.AddCommand(cmd)
	}
	root.AddCommand(storage.NewCmd(f), doctor.NewCmd(f, nil), version.NewCmd(f))
	root.CompletionOptions.DisableDescriptions = true
	root.InitDefaultCompletionCmd()
	for _, cmd := range root.Commands() {
		if cmd.Name() == "completion" {
			strictCompletion(cmd)
		}
	}
	return root
}

// strictCompletion makes mistakes in cobra's own command wrong usage, as in
// all others.
func strictCompletion(completion *cobra.Command) {
	app.Group(completion)
	for _, shell := range completion.Commands() {
		shell.Args = app.Args()
	}
}

// globalFlags adds the flags that every verb has.
func globalFlags(root *cobra.Command, f *app.Factory) {
	names := make([]string, 0, len(render.Formats()))
	for _, format := range render.Formats() {
		names = append(names, string(format))
	}
	url := app.DefaultStorage
	if named := os.Getenv(app.StorageEnv); named != "" {
		url = named
	}
	flags := root.PersistentFlags()
	flags.StringVar(&f.StorageURL, "storage", url, "where studies are kept, also "+app.StorageEnv)
	flags.StringVar(&f.DataDir, "data", "", "folder of logs, checkpoints and models (default hpsearch-data beside the SQLite file)")
	flags.StringVarP(&f.Format, "output", "o", string(render.Table), "output: "+strings.Join(names, ", "))
	flags.BoolVarP(&f.Quiet, "quiet", "q", false, "no progress and no advice on the standard error")
	flags.BoolVarP(&f.Verbose, "verbose", "v", false, "log what happens inside to the standard error")
	// The default may come from the environment and hold a password.
	flags.Lookup("storage").DefValue = app.DefaultStorage
	app.CompleteWords(root, "output", names...)
	app.CompleteFlag(root, "data", app.Folders)
}
