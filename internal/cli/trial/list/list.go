// Package list is the verb "trial list".
package list

import (
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name   string
	States []search.State
	Limit  int
	After  int // -1: from the first
	Order  search.Order
	// Reverse turns the order around.
	Reverse bool
}

// orders are the values of --sort.
var orders = map[string]search.Order{"number": search.ByNumber, "value": search.ByValue, "duration": search.ByDuration}

// states are the values of --state, as JSON counts them.
var states = map[string]search.State{
	"waiting": search.Waiting, "running": search.Running, "complete": search.Complete,
	"pruned": search.Pruned, "fail": search.Failed,
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	var wanted []string
	var sort string
	if run == nil {
		run = list
	}
	cmd := &cobra.Command{
		Use:     "list NAME",
		Aliases: []string{"ls"},
		Short:   "List the trials of a study",
		Long: `List the trials of a study, by their numbers, or with --sort value the best
first and with --sort duration the longest first; --reverse turns that around.
Trials without a value, or that were not started, are the last of these orders.
Of several objectives the first one counts.`,
		Example: `  hpsearch trial list mine --sort value --limit 5
  hpsearch trial list mine --state fail
  hpsearch trial list mine --after 99 --limit 100`,
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			for _, word := range wanted {
				state, ok := states[strings.ToLower(word)]
				if !ok {
					return app.Usagef(cmd, "--state %s: use waiting, running, complete, pruned or fail", word)
				}
				o.States = append(o.States, state)
			}
			if o.Limit < 0 || o.After < -1 {
				return app.Usagef(cmd, "--limit and --after must not be negative")
			}
			order, ok := orders[sort]
			if !ok {
				return app.Usagef(cmd, "--sort %s: use number, value or duration", sort)
			}
			o.Order = order
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringSliceVar(&wanted, "state", nil, "only trials in these states, such as waiting,running: waiting, running, complete, pruned, fail (default: all)")
	app.CompleteWords(cmd, "state", slices.Sorted(maps.Keys(states))...)
	cmd.Flags().IntVar(&o.Limit, "limit", 0, "at most this many: the newest, or with --after or another --sort the first (default: all)")
	cmd.Flags().IntVar(&o.After, "after", -1, "only trials with a number greater than this, a page at a time with --limit (default: all)")
	cmd.Flags().Lookup("after").DefValue = "0" // so that help does not show -1
	cmd.Flags().StringVar(&sort, "sort", "number", "order: number, value (the best first) or duration (the longest first)")
	app.CompleteWords(cmd, "sort", slices.Sorted(maps.Keys(orders))...)
	cmd.Flags().BoolVar(&o.Reverse, "reverse", false, "turn the order around")
	return cmd
}

func list(ctx context.Context, o *Options) error {
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	trials, err := store.Trials(ctx, study.ID, search.TrialQuery{
		States: o.States, After: o.After, Limit: o.Limit, Newest: o.After < 0, Brief: true, Order: o.Order, Reverse: o.Reverse,
	})
	if err != nil {
		return err
	}
	if o.Order == search.ByNumber && o.Reverse {
		slices.Reverse(trials)
	}
	why, err := lost.Trials(ctx, store, study, trials)
	if err != nil {
		return err
	}
	return o.Write(view.Trials(study, trials, why, o.Now()))
}
