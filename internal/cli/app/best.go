package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
)

// Front opens the storage and finds a study's best trials: one, or, with
// several objectives, those of the Pareto front.
func (f *Factory) Front(ctx context.Context, name string) (*search.Study, []*search.Trial, error) {
	store, study, err := f.Study(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	front, err := Bests(ctx, store, study)
	if err == nil && len(front) == 0 {
		err = noneComplete(name)
	}
	return study, front, err
}

// Bests returns the best trial of a study, or, with several objectives, those
// of the Pareto front by number; none when no trial is complete.
func Bests(ctx context.Context, store search.Store, study *search.Study) ([]*search.Trial, error) {
	if study.Several() {
		trials, err := store.Trials(ctx, study.ID, search.TrialQuery{States: []search.State{search.Complete}, After: -1, Brief: true})
		return search.ParetoFront(study.Directions, trials), err
	}
	best, err := store.Best(ctx, study.ID)
	if errors.Is(err, search.ErrNotFound) {
		return nil, nil
	}
	return []*search.Trial{best}, err
}

func noneComplete(name string) error {
	return fmt.Errorf("study %s has no complete trial yet (hpsearch run %s starts some)", name, render.Argument(name))
}
