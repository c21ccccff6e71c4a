// Package pause is the verbs "study pause" and "study resume".
package pause

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
)

// Options are the arguments of both verbs.
type Options struct {
	*app.Factory
	Name   string
	Paused bool
}

// NewPauseCmd returns the verb "pause"; run is called instead of the real
// thing when it is not nil, for tests.
func NewPauseCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	return newCmd(f, run, true, "pause NAME", "Let running trials end and start no new ones")
}

// NewResumeCmd returns the verb "resume", in the same way.
func NewResumeCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	return newCmd(f, run, false, "resume NAME", "Let a paused study start trials again")
}

func newCmd(f *app.Factory, run func(context.Context, *Options) error, paused bool, use, short string) *cobra.Command {
	if run == nil {
		run = set
	}
	return &cobra.Command{
		Use:               use,
		Short:             short,
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), &Options{Factory: f, Name: args[0], Paused: paused})
		},
	}
}

func set(ctx context.Context, o *Options) error {
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	if err := store.SetPaused(ctx, study.ID, o.Paused); err != nil {
		return fmt.Errorf("study %s: %w", study.Name, err)
	}
	name := render.Argument(study.Name)
	switch {
	case o.Paused:
		o.Say("Study %s is paused; hpsearch study resume %s lets it go on.", study.Name, name)
	case studyfile.Told(study):
		o.Say("Study %s goes on; hpsearch ask %s asks for a trial.", study.Name, name)
	default:
		o.Say("Study %s goes on; hpsearch run %s starts workers.", study.Name, name)
	}
	return nil
}
