package define

import (
	"context"
	"errors"
	"fmt"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/search"
)

// Open opens the storage and finds the study that arg names, or, when arg is
// a study file, creates the study unless it is there. A stored study of the
// file's name that says something else is an error.
func Open(ctx context.Context, f *app.Factory, arg string) (search.Store, *search.Study, error) {
	if !IsFile(arg) {
		return f.Study(ctx, arg)
	}
	file, err := Read(f, arg, "")
	if err != nil {
		return nil, nil, err
	}
	store, err := f.Store(ctx)
	if err != nil {
		return nil, nil, err
	}
	study, err := store.Study(ctx, file.Name)
	if errors.Is(err, search.ErrNotFound) {
		if err := Complete(ctx, file); err != nil {
			return nil, nil, fmt.Errorf("study %s: %w", file.Name, err)
		}
		study, err = store.CreateStudy(ctx, file.Definition)
		if !errors.Is(err, search.ErrExists) {
			if err == nil {
				f.Say("Created study %s.", file.Name)
			}
			return store, study, err
		}
		study, err = store.Study(ctx, file.Name) // another process was quicker
	}
	if err != nil {
		return nil, nil, err
	}
	part, err := Difference(file, &study.Definition)
	if err != nil {
		return nil, nil, err
	}
	if part != "" {
		return nil, nil, fmt.Errorf("%s: there is a study %q with another %s: give the file another name, or run the study by its name",
			arg, file.Name, part)
	}
	return store, study, nil
}
