package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"syscall"

	"github.com/hpsearch/hpsearch/internal/cli/app"
)

// The exit codes.
const (
	exitOK          = 0
	exitFailed      = 1
	exitUsage       = 2
	exitFindings    = 3  // check or doctor found something
	exitPreempted   = 85 // a worker was told to leave; a scheduler starts it again
	exitInterrupted = 130
)

// exitCode maps the error of a command to the code that the process ends
// with. It is the only place that knows them.
func exitCode(err error) int {
	var usage *app.UsageError
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, app.ErrFindings):
		return exitFindings
	case errors.Is(err, app.ErrPreempted):
		return exitPreempted
	case errors.Is(err, app.ErrInterrupted), errors.Is(err, context.Canceled):
		return exitInterrupted
	case errors.As(err, &usage):
		return exitUsage
	case errors.Is(err, syscall.EPIPE): // the reader of a pipe had enough
		return exitOK
	}
	return exitFailed
}

// explain writes the one line that says what went wrong, if there is more to
// say than the command has said.
func explain(w io.Writer, err error) {
	var usage *app.UsageError
	switch {
	case err == nil, errors.Is(err, app.ErrFindings), errors.Is(err, syscall.EPIPE):
	case errors.Is(err, app.ErrInterrupted), errors.Is(err, app.ErrPreempted), errors.Is(err, context.Canceled):
		fmt.Fprintln(w, "hpsearch: "+firstLine(err))
	case errors.As(err, &usage) && usage.Help != "":
		fmt.Fprintf(w, "hpsearch: %s (see %s)\n", firstLine(err), usage.Help)
	default:
		fmt.Fprintln(w, "hpsearch: "+firstLine(err))
	}
}
