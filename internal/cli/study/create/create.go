// Package create is the verb "study create".
package create

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the flags of the verb.
type Options struct {
	*app.Factory
	File         string
	Name         string
	SkipIfExists bool
	DryRun       bool
	WarmStart    string // a study's name
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = create
	}
	cmd := &cobra.Command{
		Use:   "create -f FILE",
		Short: "Create a study from a study file",
		Long: `Create a study from a study file and print its name.

The file is checked first, the model and the task data must exist, and the
split of the tasks is drawn; only then is anything written. FILE may be - for
the standard input, or studies:NAME for a ready-made study.

With --warm-start the sampler also learns from the trials that another study
has finished so far, as far as they fit this study's space. They do not count
as trials of this study.`,
		Example: `  hpsearch study create -f study.yaml
  hpsearch study create -f studies:wordnet-5way-5shot --name mine
  hpsearch study create -f wider.yaml --warm-start mine`,
		Args: app.Args(),
		RunE: func(cmd *cobra.Command, _ []string) error {
			if o.File == "" {
				return app.Usagef(cmd, "%s needs -f FILE", cmd.CommandPath())
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVarP(&o.File, "file", "f", "", "study file; - reads the standard input")
	cmd.Flags().StringVar(&o.Name, "name", "", "name of the study instead of the file's")
	cmd.Flags().BoolVar(&o.SkipIfExists, "skip-if-exists", false, "succeed when there is a study of this name already")
	cmd.Flags().StringVar(&o.WarmStart, "warm-start", "", "study in the same storage whose finished trials the sampler learns from (weights of a model: run --warm-start)")
	app.CompleteFlag(cmd, "warm-start", f.StudyNames)
	app.CompleteFlag(cmd, "file", cobra.FixedCompletions([]string{"yaml", "yml"}, cobra.ShellCompDirectiveFilterFileExt))
	cmd.Flags().BoolVar(&o.DryRun, "dry-run", false, "check everything, write nothing")
	return cmd
}

func create(ctx context.Context, o *Options) error {
	file, err := define.Read(o.Factory, o.File, o.Name)
	if err != nil {
		return err
	}
	if err := o.Lasting(); err != nil {
		return err
	}
	switch _, err := define.Find(ctx, o.Factory, file.Name); {
	case err == nil:
		return o.exists(file.Name)
	case !errors.Is(err, search.ErrNotFound):
		return err
	}
	if err := o.CheckVacant(file.Name); err != nil {
		// The process that made the folder may have made the study, too.
		if _, findErr := define.Find(ctx, o.Factory, file.Name); findErr == nil {
			return o.exists(file.Name)
		}
		return err
	}
	if err := o.warmStart(ctx, file); err != nil {
		return err
	}
	if err := define.Complete(ctx, file); err != nil {
		return fmt.Errorf("study %s: %w", file.Name, err)
	}
	define.Warn(o.Factory, file)
	if o.DryRun {
		o.Say("Dry run: nothing was written.")
		return o.print(file.Name)
	}
	if err := define.TakeInputs(ctx, &file.Definition); err != nil {
		return fmt.Errorf("study %s: %w", file.Name, err)
	}
	store, err := o.Store(ctx)
	if err != nil {
		return err
	}
	_, err = store.CreateStudy(ctx, file.Definition)
	if errors.Is(err, search.ErrExists) { // another process was quicker
		return o.exists(file.Name)
	}
	if err != nil {
		return fmt.Errorf("create study %s: %w", file.Name, err)
	}
	return o.print(file.Name)
}

// warmStart writes the earlier study, if there is one, into the definition.
func (o *Options) warmStart(ctx context.Context, file *studyfile.File) error {
	if o.WarmStart == "" {
		return nil
	}
	store, earlier, err := o.Study(ctx, o.WarmStart)
	if err != nil {
		return fmt.Errorf("--warm-start: %w", err)
	}
	theirs, ours := &earlier.Definition.Objective, &file.Objective
	if !slices.Equal(theirs.AllMetrics(), ours.AllMetrics()) || !slices.Equal(earlier.Directions, ours.AllDirections()) {
		return fmt.Errorf("--warm-start: study %s is there to %s, this one to %s: their values cannot be compared",
			earlier.Name, view.Goals(theirs), view.Goals(ours))
	}
	counts, err := store.Counts(ctx, earlier.ID)
	if err != nil {
		return err
	}
	file.WarmStart = &search.WarmStart{Study: earlier.Name, Trials: counts.Total()}
	trials, err := search.Earlier(ctx, store, &file.Definition)
	if err != nil {
		return err
	}
	finished := counts.Complete + counts.Pruned + counts.Fail
	if len(trials) == 0 {
		return fmt.Errorf("--warm-start: none of the finished trials of study %s (%d) fits the space: "+
			"each parameter needs a value that its range contains", earlier.Name, finished)
	}
	o.Say("Finished trials of study %s that fit the space: %d of %d.", earlier.Name, len(trials), finished)
	return nil
}

// exists is the answer when there is a study of that name already.
func (o *Options) exists(name string) error {
	if o.SkipIfExists {
		return o.print(name)
	}
	return fmt.Errorf("study %q exists already: choose another --name, or pass --skip-if-exists", name)
}

func (o *Options) print(name string) error {
	return o.WriteNames("name", view.StudyName{Name: name}, name)
}
