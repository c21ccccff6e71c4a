// Package pipe is the verb "pipe".
package pipe

import (
	"context"
	"errors"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/search/study"
)

// Options are the arguments of the verb.
type Options struct {
	*app.Factory
	Study string // a name or a file
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	if run == nil {
		run = pipe
	}
	return &cobra.Command{
		Use:   "pipe NAME|FILE",
		Short: "Ask and tell as JSON lines, for a program in any language",
		Long: `Answer requests on the standard input, one JSON object a line, with one line
each on the standard output:

  {"ask":true}                                       {"number":0,"params":{…}}
  {"report":{"number":0,"step":3,"value":0.5}}       {"prune":false}
  {"tell":{"number":0,"value":0.4}}                  {"ok":true}
  {"tell":{"number":0,"state":"pruned"}}             {"ok":true}
  {"tell":{"number":0,"state":"fail","message":"…"}} {"ok":true}

In a study of several objectives a tell has "values":[…], one for each metric.

What goes wrong is answered with {"error":"…"}, and the pipe goes on; when
there is no trial left to ask for, the answer also has "done":true. Trials that
were asked for and not told are given back when the input ends.`,
		Example:           `  hpsearch pipe study.yaml --storage memory:`,
		Args:              app.Args("the NAME or FILE of a study"),
		ValidArgsFunction: f.StudyNamesOrFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == define.Stdin {
				return app.Usagef(cmd, "%s reads requests from the standard input, not a study", cmd.CommandPath())
			}
			return run(cmd.Context(), &Options{Factory: f, Study: args[0]})
		},
	}
}

// closeTime bounds the giving back of trials at the end.
const closeTime = 5 * time.Second

func pipe(ctx context.Context, o *Options) (err error) {
	store, stored, err := define.Open(ctx, o.Factory, o.Study)
	if err != nil {
		return err
	}
	s, err := study.Open(store, stored, study.Options{Worker: "pipe"})
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(ctx, syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	// The input cannot be interrupted: after a signal it is left alone.
	done := make(chan error, 1)
	go func() { done <- serve(ctx, s, o.In, o.Out) }()
	select {
	case err = <-done:
	case <-ctx.Done():
		err = app.ErrInterrupted
	}
	closeCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTime)
	defer cancel()
	return errors.Join(err, s.Close(closeCtx))
}
