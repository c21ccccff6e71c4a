// Package show is the verb "study show".
package show

import (
	"context"
	"errors"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Name string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = show
	}
	return &cobra.Command{
		Use:               "show NAME",
		Short:             "Show a study: its space, its counts, its best trial",
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			return run(cmd.Context(), &Options{Factory: f, Name: args[0]})
		},
	}
}

func show(ctx context.Context, o *Options) error {
	store, err := o.Existing(ctx)
	if err != nil {
		return err
	}
	summary, err := store.Summary(ctx, o.Name)
	if errors.Is(err, search.ErrNotFound) {
		return o.NoStudy(ctx, store, o.Name)
	}
	if err != nil {
		return err
	}
	known, err := look(ctx, store, summary)
	if err != nil {
		return err
	}
	if summary.Counts.Running > 0 {
		if known.Lost, err = lost.Running(ctx, store, &summary.Study); err != nil {
			return err
		}
	}
	return o.Write(view.StudyFacts(summary, known, o.Now()))
}

// look finds what of a study is not in its summary.
func look(ctx context.Context, store search.Store, summary *search.Summary) (view.State, error) {
	var known view.State
	study := &summary.Study
	budget := study.Definition.Budget
	terminator, err := kinds.NewTerminator(budget.Terminator, study.Definition.Sampler.Seed)
	if err != nil {
		return known, nil // a newer hpsearch made the study; it can be shown all the same
	}
	goals := search.Goals{
		Store: store, Study: study, Budget: budget, Terminator: terminator, History: search.NewHistoryCache(store, study),
	}
	if known.Goal, err = goals.Reached(ctx); err != nil {
		return known, err
	}
	if known.Goal.Ending == "" {
		if known.Goal, err = kinds.Exhausted(ctx, &goals, summary.Counts); err != nil {
			return known, err
		}
	}
	if study.Several() {
		known.Front, err = app.Bests(ctx, store, study)
	}
	return known, err
}
