// Package remove is the verb "study delete".
package remove

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name  string
	Yes   bool
	Force bool // trials that run do not matter
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = remove
	}
	cmd := &cobra.Command{
		Use:   "delete NAME",
		Short: "Delete a study with its trials, logs and checkpoints",
		Long: `Delete a study with its trials, logs and checkpoints.

A study with running trials is not deleted, since its workers would go on for
nothing. When they do not matter, pass --force. Trials whose workers are known to be
dead, or have shown no sign of life to the end of their lease, do not count.`,
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if !o.Yes && !o.InTerminal {
				return app.Usagef(cmd, "nobody can be asked here: pass --yes to delete study %q", o.Name)
			}
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVarP(&o.Yes, "yes", "y", false, "do not ask")
	cmd.Flags().BoolVar(&o.Force, "force", false, "delete a study whose trials are running, too")
	return cmd
}

func remove(ctx context.Context, o *Options) error {
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	dir, err := o.StudyDir(study.Name)
	if err != nil {
		return err
	}
	counts, err := store.Counts(ctx, study.ID)
	if err != nil {
		return err
	}
	running, err := alive(ctx, store, study, counts)
	if err != nil {
		return err
	}
	if running > 0 && !o.Force {
		return fmt.Errorf("study %s has %s: stop its workers first, or pass --force if they do not matter", study.Name, render.Count(running, "running trial"))
	}
	if !o.Yes && !o.confirm(counts, running, dir) {
		return errors.New("nothing was deleted")
	}
	if err := store.DeleteStudy(ctx, study.ID); err != nil {
		return fmt.Errorf("delete study %s: %w", study.Name, err)
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("study %s is deleted, but not its folder: %w", study.Name, err)
	}
	o.Say("Deleted study %s.", study.Name)
	return nil
}

// alive counts the running trials that somebody may still work on.
func alive(ctx context.Context, store search.Store, study *search.Study, counts search.Counts) (int, error) {
	if counts.Running == 0 {
		return 0, nil
	}
	gone, err := lost.Running(ctx, store, study)
	return max(0, counts.Running-len(gone)), err
}

// confirm asks whether to go on.
func (o *Options) confirm(counts search.Counts, alive int, dir string) bool {
	running := ""
	if alive > 0 {
		running = fmt.Sprintf(" (%d of them running)", alive)
	}
	question := fmt.Sprintf("Delete study %s, its %s%s and the folder %s? [y/N] ", o.Name, render.Count(counts.Total(), "trial"), running, dir)
	fmt.Fprint(o.Err, render.Lines(question))
	answer, _ := bufio.NewReader(o.In).ReadString('\n') // no answer is a no
	return strings.EqualFold(strings.TrimSpace(answer), "y") || strings.EqualFold(strings.TrimSpace(answer), "yes")
}
