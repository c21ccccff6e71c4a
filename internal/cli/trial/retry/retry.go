// Package retry is the verb "trial retry".
package retry

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name   string
	Number int
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = retry
	}
	return &cobra.Command{
		Use:   "retry NAME NUMBER",
		Short: "Try the configuration of an ended trial again, as a new trial",
		Long: `Try the configuration of an ended trial again, and print the number of the
new trial. The old one stays as it is: an ended trial never changes.`,
		Args: app.Args("the NAME of a study", "the NUMBER of a trial"),
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := app.TrialNumber(cmd, args[1])
			if err != nil {
				return err
			}
			return run(cmd.Context(), &Options{Factory: f, Name: args[0], Number: number})
		},
	}
}

func retry(ctx context.Context, o *Options) error {
	store, study, t, err := o.Trial(ctx, o.Name, o.Number)
	if err != nil {
		return err
	}
	if !t.State.Finished() {
		return fmt.Errorf("trial %d of %s is %s: it has not ended yet", t.Number, o.Name, t.State)
	}
	params := t.External()
	if len(params) == 0 {
		return fmt.Errorf("trial %d of %s ended before it had parameters: there is nothing to try again", t.Number, o.Name)
	}
	number, err := store.Enqueue(ctx, study.ID, params)
	if err != nil {
		return fmt.Errorf("enqueue in study %s: %w", study.Name, err)
	}
	_, err = fmt.Fprintln(o.Out, number)
	return err
}
