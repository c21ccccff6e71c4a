package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
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
		err = noneComplete(ctx, store, study)
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

// noneComplete is the error for a study without any complete trial, and says
// what it has instead.
func noneComplete(ctx context.Context, store search.Store, study *search.Study) error {
	counts, err := store.Counts(ctx, study.ID)
	if err != nil {
		return err
	}
	name := render.Argument(study.Name)
	switch {
	case counts.Fail > 0 && counts.Fail == counts.Total():
		return fmt.Errorf("study %s has no complete trial: %d failed (hpsearch trial list %s shows why)", study.Name, counts.Fail, name)
	case counts.Running > 0:
		return fmt.Errorf("study %s has no complete trial yet: %d running (hpsearch trial list %s shows them)", study.Name, counts.Running, name)
	case studyfile.Told(study):
		return fmt.Errorf("study %s has no complete trial yet (hpsearch ask %s asks for one)", study.Name, name)
	}
	return fmt.Errorf("study %s has no complete trial yet (hpsearch run %s starts some)", study.Name, name)
}
