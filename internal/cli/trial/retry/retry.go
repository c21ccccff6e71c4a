// Package retry is the verb "trial retry".
package retry

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name    string
	Numbers []int
	Failed  bool // instead of numbers: what failed and was not tried again
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
		Use:   "retry NAME NUMBER…|--failed",
		Short: "Try the configurations of ended trials again, as new trials",
		Long: `Try the configurations of ended trials again, with their seeds, and print the
numbers of the new trials, which the next run begins with, whatever its budget.
The old ones stay as they are: an ended trial never changes. With --new-seed the
new trials differ in whatever is random.

--failed takes every configuration that failed when it was last tried.`,
		Example: `  hpsearch trial retry mine 3 5
  hpsearch trial retry mine --failed`,
		Args:              app.ArgsFrom("the NAME of a study"),
		ValidArgsFunction: f.TrialNumbers,
		RunE: func(cmd *cobra.Command, args []string) error {
			switch numbers := args[1:]; {
			case len(numbers) == 0 && !o.Failed:
				return app.Usagef(cmd, "%s needs the NUMBER of a trial, or --failed", cmd.CommandPath())
			case len(numbers) > 0 && o.Failed:
				return app.Usagef(cmd, "give either the numbers of trials or --failed")
			}
			for _, arg := range args[1:] {
				number, err := app.TrialNumber(cmd, arg)
				if err != nil {
					return err
				}
				o.Numbers = append(o.Numbers, number)
			}
			o.Name = args[0]
			return run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.BoolVar(&o.Failed, "failed", false, "try every configuration again that failed when it was last tried")
	flags.BoolVar(&o.NewSeed, "new-seed", false, "give the new trials seeds of their own")
	return cmd
}

func retry(ctx context.Context, o *Options) error {
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	trials, err := o.chosen(ctx, store, study)
	if err != nil {
		return err
	}
	numbers, names := []view.TrialNumber{}, []string(nil)
	for _, t := range trials {
		params := t.External()
		if !o.NewSeed {
			params[search.KeptSeed] = search.NewTask(study, t, "").Seed
		}
		number, err := store.Enqueue(ctx, study.ID, params)
		if err != nil { // those before are there
			return errors.Join(o.WriteNames("number", numbers, names...), fmt.Errorf("enqueue in study %s: %w", study.Name, err))
		}
		numbers, names = append(numbers, view.TrialNumber{Number: number}), append(names, strconv.Itoa(number))
	}
	return o.WriteNames("number", numbers, names...)
}

// chosen returns the trials to try again. Those that are named are checked
// before anything is enqueued.
func (o *Options) chosen(ctx context.Context, store search.Store, study *search.Study) ([]*search.Trial, error) {
	if o.Failed {
		failed, err := failedLast(ctx, store, study)
		if err == nil && len(failed) == 0 {
			o.Say("Study %s has no failed trial that was not tried again.", study.Name)
		}
		return failed, err
	}
	trials := make([]*search.Trial, len(o.Numbers))
	for i, number := range o.Numbers {
		_, _, t, err := o.Trial(ctx, o.Name, number)
		switch {
		case err != nil:
			return nil, err
		case !t.State.Finished():
			return nil, fmt.Errorf("trial %d of %s is %s: it has not ended yet", t.Number, o.Name, t.State)
		case len(t.External()) == 0:
			return nil, fmt.Errorf("trial %d of %s ended before it had parameters: there is nothing to try again", t.Number, o.Name)
		}
		trials[i] = t
	}
	return trials, nil
}
