package app

import (
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
)

// The errors that have an exit code of their own; the command line maps them
// in one place. Every other error means failure.
var (
	// ErrFindings ends check and doctor when they found something. The
	// findings are already written; nothing more is printed.
	ErrFindings = errors.New("something was found")
	// ErrInterrupted ends a verb that the user interrupted.
	ErrInterrupted = errors.New("interrupted")
	// ErrPreempted ends a worker that was told to leave its machine.
	ErrPreempted = errors.New("preempted")
)

// TooManyFailed adds to the error of a run that ended with
// [search.ErrTooManyFailed] or [search.ErrFailAlike] how to go on; others it
// returns as they are.
func TooManyFailed(err error, study string) error {
	name := render.Argument(study)
	switch {
	case errors.Is(err, search.ErrTooManyFailed):
		return fmt.Errorf("%w (hpsearch trial list %s --state fail shows them; to go on, mend the cause and run the study from its file with a larger budget.max_failed)", err, name)
	case errors.Is(err, search.ErrFailAlike):
		return fmt.Errorf("%w (mend the cause; hpsearch trial retry %s --failed has them tried again; a budget.max_failed in the study file says how many may fail)", err, name)
	}
	return err
}

// NotRun is the error for a study of which nobody but the user can run the
// trials; instead names the commands that such a study is for.
func NotRun(study, instead string) error {
	return fmt.Errorf("study %s has an objective of kind external: its trials are asked for and told, not run (%s)", study, instead)
}

// A UsageError is a command line that cannot be understood or obeyed.
type UsageError struct {
	Err  error
	Help string // the command that shows how it is used; may be empty
}

// Error implements error.
func (e *UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *UsageError) Unwrap() error { return e.Err }

// Usagef returns a UsageError about cmd.
func Usagef(cmd *cobra.Command, format string, args ...any) error {
	return &UsageError{Err: fmt.Errorf(format, args...), Help: cmd.CommandPath() + " --help"}
}
