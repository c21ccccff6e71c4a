// Package retry is the verb "trial retry".
package retry

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name    string
	Number  int
	NewSeed bool
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = retry
	}
	o := &Options{Factory: f}
	cmd := &cobra.Command{
		Use:   "retry NAME NUMBER",
		Short: "Try the configuration of an ended trial again, as a new trial",
		Long: `Try the configuration of an ended trial again, with its seed, and print the
number of the new trial. The old one stays as it is: an ended trial never
changes. With --new-seed the new trial differs in whatever is random.`,
		Args:              app.Args("the NAME of a study", "the NUMBER of a trial"),
		ValidArgsFunction: f.TrialNumbers,
		RunE: func(cmd *cobra.Command, args []string) error {
			var err error
			if o.Number, err = app.TrialNumber(cmd, args[1]); err != nil {
				return err
			}
			o.Name = args[0]
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVar(&o.NewSeed, "new-seed", false, "give the new trial a seed of its own")
	return cmd
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
	if !o.NewSeed {
		params[search.KeptSeed] = search.NewTask(study, t, "").Seed
	}
	number, err := store.Enqueue(ctx, study.ID, params)
	if err != nil {
		return fmt.Errorf("enqueue in study %s: %w", study.Name, err)
	}
	_, err = fmt.Fprintln(o.Out, number)
	return err
}
