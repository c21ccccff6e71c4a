package define

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/trainer"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
)

// Open opens the storage and finds the study that arg names, or, when arg is
// a study file, creates the study unless it is there. A stored study of the
// file's name that says something else is an error.
func Open(ctx context.Context, f *app.Factory, arg string) (search.Store, *search.Study, error) {
	return open(ctx, f, arg, "", func(*studyfile.File) error { return nil })
}

// OpenToRun is Open for a verb that runs the trials: a file whose trials
// nobody can run, or not here, is refused before its study is created. warmStart
// is the folder of an exported model that trials start from, "" for what the study
// says.
func OpenToRun(ctx context.Context, f *app.Factory, arg, warmStart string) (search.Store, *search.Study, error) {
	return open(ctx, f, arg, warmStart, func(file *studyfile.File) error {
		switch file.Objective.Kind {
		case studyfile.External:
			return app.NotRun(file.Name, "hpsearch pipe "+render.Argument(arg)+", or hpsearch study create -f "+render.Argument(arg)+" and then hpsearch ask")
		case studyfile.Command:
			if err := objective.CheckProgram(file.Objective.Command); err != nil {
				return fmt.Errorf("study %s: %w", file.Name, err)
			}
		case studyfile.MetaTraining:
			_, err := trainer.Find()
			return err
		}
		return nil
	})
}

// open does what Open does; a file that check refuses is not looked at further.
func open(ctx context.Context, f *app.Factory, arg, warmStart string, check func(*studyfile.File) error) (search.Store, *search.Study, error) {
	if !IsFile(arg) || isStudy(ctx, f, arg) {
		store, study, err := byName(ctx, f, arg)
		if err == nil {
			err = sameWarmStart(study, warmStart)
		}
		return store, study, err
	}
	file, err := Read(f, arg, "")
	if err != nil {
		return nil, nil, err
	}
	if err := check(file); err != nil {
		return nil, nil, err
	}
	if err := setWarmStart(file, warmStart); err != nil {
		return nil, nil, err
	}
	study, err := Find(ctx, f, file.Name)
	if errors.Is(err, search.ErrNotFound) {
		study, err = add(ctx, f, *file)
	}
	if err != nil {
		return nil, nil, err
	}
	store, err := f.Store(ctx)
	if err != nil {
		return nil, nil, err
	}
	if study.Foreign {
		return nil, nil, app.NoStudyFile(study.Name)
	}
	part, err := Difference(file, &study.Definition)
	if err != nil {
		return nil, nil, err
	}
	if part != "" {
		return nil, nil, fmt.Errorf("%s: there is a study %q with another %s: give the file another name, or run the study by its name",
			arg, file.Name, part)
	}
	return store, study, rebudget(ctx, f, store, study, file.Budget, arg)
}

// isStudy reports whether there is a study of a name that looks like a path
// and no file there: Optuna's studies may have any name.
func isStudy(ctx context.Context, f *app.Factory, arg string) bool {
	if arg == Stdin || strings.HasPrefix(arg, Embedded) {
		return false
	}
	if _, err := os.Stat(arg); !errors.Is(err, fs.ErrNotExist) {
		return false
	}
	_, err := Find(ctx, f, arg)
	return err == nil
}

// byName finds a study by its name. One that looks like a file's is more likely
// to be one, mistyped.
func byName(ctx context.Context, f *app.Factory, name string) (search.Store, *search.Study, error) {
	if isYAML(name) {
		if _, err := Find(ctx, f, name); errors.Is(err, search.ErrNotFound) {
			return nil, nil, fmt.Errorf("there is no file %s", name)
		}
	}
	return f.Study(ctx, name)
}

// Find looks for a study; the error wraps [search.ErrNotFound] when there is
// none, or no database yet. Nothing is created.
func Find(ctx context.Context, f *app.Factory, name string) (*search.Study, error) {
	store, err := f.Existing(ctx)
	if errors.Is(err, app.ErrNoDatabase) {
		return nil, search.ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	return store.Study(ctx, name)
}

// add creates the study of a file, or returns the one that another process
// has created meanwhile. The caller's file stays as it was read, with open
// what it leaves open, to be compared.
func add(ctx context.Context, f *app.Factory, file studyfile.File) (*search.Study, error) {
	if err := f.CheckVacant(file.Name); err != nil {
		// The process that made the folder may have made the study, too.
		if study, findErr := Find(ctx, f, file.Name); findErr == nil {
			return study, nil
		}
		return nil, err
	}
	if err := Complete(ctx, &file); err != nil {
		return nil, fmt.Errorf("study %s: %w", file.Name, err)
	}
	if err := TakeInputs(ctx, &file.Definition); err != nil {
		return nil, fmt.Errorf("study %s: %w", file.Name, err)
	}
	Warn(f, &file)
	store, err := f.Store(ctx)
	if err != nil {
		return nil, err
	}
	study, err := store.CreateStudy(ctx, file.Definition)
	if errors.Is(err, search.ErrExists) {
		return store.Study(ctx, file.Name)
	}
	if err == nil {
		f.Say("Created study %s.", file.Name)
	}
	return study, err
}
