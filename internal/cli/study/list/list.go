// Package list is the verb "study list".
package list

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
	"github.com/hpsearch/hpsearch/storage"
)

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *app.Factory) error) *cobra.Command {
	if run == nil {
		run = list
	}
	return &cobra.Command{
		Use:     "list",
		Aliases: []string{"ls"},
		Short:   "List the studies in the storage",
		Args:    app.Args(),
		RunE:    func(cmd *cobra.Command, _ []string) error { return run(cmd.Context(), f) },
	}
}

func list(ctx context.Context, f *app.Factory) error {
	store, err := f.Existing(ctx)
	if errors.Is(err, app.ErrNoDatabase) {
		return write(f, nil, nil)
	}
	if err != nil {
		return err
	}
	all, err := store.Summaries(ctx)
	if err != nil {
		return err
	}
	known, err := look(ctx, store, all)
	if err != nil {
		return err
	}
	return write(f, all, known)
}

// write writes the list. Where it is empty, people are told which storage was
// looked at: it depends on the current folder.
func write(f *app.Factory, all []search.Summary, known map[int64]view.State) error {
	document := view.Studies(all, known, f.Now())
	document.Empty = fmt.Sprintf("No studies in %s yet: hpsearch study create -f FILE makes one.", storage.Redact(f.StorageURL))
	return f.Write(document)
}

// look finds, by the studies' number, the goals that studies have come to, and
// their lost trials. What a terminator would say is left out: it needs all
// trials.
func look(ctx context.Context, store search.Store, all []search.Summary) (map[int64]view.State, error) {
	known := make(map[int64]view.State)
	for i := range all {
		s := &all[i]
		goal, err := reachedBy(ctx, store, s)
		if err != nil {
			return nil, err
		}
		of := view.State{Goal: goal}
		if s.Counts.Running > 0 {
			if of.Lost, err = lost.Running(ctx, store, &s.Study); err != nil {
				return nil, err
			}
		}
		known[s.Study.ID] = of
	}
	return known, nil
}

// reachedBy returns the goal that a study has come to, if any.
func reachedBy(ctx context.Context, store search.Store, s *search.Summary) (search.Goal, error) {
	g := search.Goals{Store: store, Study: &s.Study, Budget: s.Study.Definition.Budget}
	if s.Best != nil && !s.Study.Several() {
		if after := s.Counts.Total() - s.Best.Number - 1; after < g.Budget.NoImprovement {
			g.Budget.NoImprovement = 0 // that many trials cannot have followed
		}
		if goal, err := g.ReachedWith(ctx, s.Best); err != nil || goal.Ending != "" {
			return goal, err
		}
	}
	return kinds.Exhausted(ctx, &g, s.Counts)
}
