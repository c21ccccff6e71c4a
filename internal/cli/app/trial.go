package app

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
)

// TrialNumber reads the argument that names a trial.
func TrialNumber(cmd *cobra.Command, arg string) (int, error) {
	n, err := strconv.Atoi(arg)
	if err != nil || n < 0 {
		return 0, Usagef(cmd, "%q is no trial number: they are 0, 1, 2, …", arg)
	}
	return n, nil
}

// Trial opens the storage and finds a trial.
func (f *Factory) Trial(ctx context.Context, name string, number int) (search.Store, *search.Study, *search.Trial, error) {
	store, study, err := f.Study(ctx, name)
	if err != nil {
		return nil, nil, nil, err
	}
	t, err := store.Trial(ctx, study.ID, number)
	if errors.Is(err, search.ErrNotFound) {
		return nil, nil, nil, fmt.Errorf("study %s has no trial %d (hpsearch trial list %s shows those there are)", name, number, render.Argument(name))
	}
	if err != nil {
		return nil, nil, nil, err
	}
	return store, study, t, nil
}
