package app

import (
	"context"
	"errors"
	"fmt"

	"github.com/hpsearch/hpsearch/search"
)

// Best opens the storage and finds a study's best trial.
func (f *Factory) Best(ctx context.Context, name string) (*search.Study, *search.Trial, error) {
	store, study, err := f.Study(ctx, name)
	if err != nil {
		return nil, nil, err
	}
	best, err := store.Best(ctx, study.ID)
	if errors.Is(err, search.ErrNotFound) {
		return nil, nil, fmt.Errorf("study %s has no complete trial yet (hpsearch run %s starts some)", name, name)
	}
	if err != nil {
		return nil, nil, err
	}
	return study, best, nil
}
