package cli

import (
	"context"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/tell"
	"github.com/hpsearch/hpsearch/internal/render"
)

// Main runs the command line of the process and returns its exit code.
func Main() int {
	// A closed pipe is an error of a write, not the end of the process, so
	// that the storage is closed as always.
	signal.Ignore(syscall.SIGPIPE)
	f := app.New(context.Background())
	err := Execute(f, os.Args[1:])
	explain(f.Err, err)
	return exitCode(err)
}

// Execute runs one command line.
func Execute(f *app.Factory, args []string) (err error) {
	root := newRoot(f)
	if cmd, _, err := root.Find(args); err == nil && cmd.Name() == "tell" {
		args = tell.Shield(args)
	}
	root.SetArgs(args)
	root.SetIn(f.In)
	root.SetOut(f.Out)
	root.SetErr(f.Err)
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
	}()
	return root.ExecuteContext(f.Context)
}

// firstLine keeps an error to one line.
func firstLine(err error) string {
	return render.Lines(strings.Join(strings.FieldsFunc(err.Error(), func(r rune) bool { return r == '\n' || r == '\r' }), "; "))
}
