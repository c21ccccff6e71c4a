// Package adopt is the verb "study adopt".
package adopt

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name   string
	File   string
	DryRun bool
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = adopt
	}
	cmd := &cobra.Command{
		Use:   "adopt NAME -f FILE",
		Short: "Give a study that Optuna made a study file, so that it can be run",
		Long: `Give a study that Optuna made a study file, and print its name. From then on
"run", "worker" and "export" take it as any other: its trials so far are the
sampler's history and count for the budget, and Optuna's workers may go on
beside those of hpsearch. The name in the file does not matter.

The file must describe what the trials were: the same directions, the same
names of metrics if Optuna has some, and for each parameter of a trial the same
kind, scale and choices. Ranges and steps may differ; trials outside of them
count, and the sampler does not learn from them. All of that is checked before
anything is written. A study keeps the file that it was given first.`,
		Example: `  hpsearch study adopt theirs -f study.yaml --dry-run
  hpsearch study adopt theirs -f study.yaml
  hpsearch run theirs --trials 100`,
		Args:              app.Args("the NAME of a study that Optuna made"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if o.File == "" {
				return app.Usagef(cmd, "%s needs -f FILE", cmd.CommandPath())
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVarP(&o.File, "file", "f", "", "study file; - reads the standard input")
	app.CompleteFlag(cmd, "file", cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt))
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "check everything, write nothing")
	return cmd
}

func adopt(ctx context.Context, o *Options) error {
	if err := o.Lasting(); err != nil {
		return err
	}
	file, err := define.Read(o.Factory, o.File, "")
	if err != nil {
		return err
	}
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	file.Name = study.Name
	if !study.Foreign {
		return o.again(file, study)
	}
	if err := o.CheckVacant(study.Name); err != nil {
		return err
	}
	if err := o.check(ctx, store, study, file); err != nil {
		return err
	}
	if err := define.Complete(ctx, file); err != nil {
		return fmt.Errorf("study %s: %w", study.Name, err)
	}
	define.Warn(o.Factory, file)
	if o.DryRun {
		o.Say("Dry run: nothing was written.")
		return o.print()
	}
	if err := define.TakeInputs(ctx, &file.Definition); err != nil {
		return fmt.Errorf("study %s: %w", study.Name, err)
	}
	err = store.Adopt(ctx, study.ID, file.Definition)
	if errors.Is(err, search.ErrExists) { // another process was quicker
		if study, err = store.Study(ctx, study.Name); err == nil {
			return o.again(file, study)
		}
	}
	if err != nil {
		return fmt.Errorf("study %s: %w", o.Name, err)
	}
	o.Say("Next: hpsearch run %s goes on with it.", render.Argument(study.Name))
	return o.print()
}

// check compares the file with the trials that there are.
func (o *Options) check(ctx context.Context, store search.Store, study *search.Study, file *studyfile.File) error {
	trials, err := store.Trials(ctx, study.ID, search.TrialQuery{After: -1, Brief: true})
	if err != nil {
		return err
	}
	finished, fitting, err := search.CheckAdoption(study, &file.Definition, trials)
	if err != nil {
		return fmt.Errorf("%s does not describe study %s: %w", o.File, study.Name, err)
	}
	if finished > 0 {
		o.Say("Finished trials of study %s that fit the space: %d of %d.", study.Name, fitting, finished)
	}
	return nil
}

// again is the answer about a study that has a study file: it may be this one.
func (o *Options) again(file *studyfile.File, study *search.Study) error {
	part, err := define.Difference(file, &study.Definition)
	if err != nil {
		return err
	}
	if part != "" {
		return fmt.Errorf("study %s has a study file already, with another %s: run it as it is, or create another study", study.Name, part)
	}
	return o.print()
}

func (o *Options) print() error {
	return o.WriteNames("name", view.StudyName{Name: o.Name}, o.Name)
}
