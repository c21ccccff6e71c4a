// Package logs is the verb "trial logs".
package logs

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name   string
	Number int
	Follow bool
	Poll   time.Duration // how often a followed log is looked at
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f, Poll: 200 * time.Millisecond}
	if run == nil {
		run = logs
	}
	cmd := &cobra.Command{
		Use:               "logs NAME NUMBER",
		Short:             "Print the log of a trial: what its trainer wrote to standard error",
		Args:              app.Args("the NAME of a study", "the NUMBER of a trial"),
		ValidArgsFunction: f.TrialNumbers,
		RunE: func(cmd *cobra.Command, args []string) error {
			number, err := app.TrialNumber(cmd, args[1])
			if err != nil {
				return err
			}
			o.Name, o.Number = args[0], number
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().BoolVarP(&o.Follow, "follow", "f", false, "go on until the trial has ended")
	return cmd
}

func logs(ctx context.Context, o *Options) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt)
	defer stop()
	store, study, t, err := o.Trial(ctx, o.Name, o.Number)
	if err != nil {
		return err
	}
	dir, err := o.StudyDir(study.Name)
	if err != nil {
		return err
	}
	if o.Follow {
		why, err := lost.Trials(ctx, store, study, []*search.Trial{t})
		if err != nil {
			return err
		}
		if text := why[t.Number]; text != "" {
			o.Say("Trial %d of %s is lost: %s.", t.Number, study.Name, text)
		}
	}
	path := filepath.Join(search.TrialDir(dir, o.Number), "log")
	log := &tail{path: path, to: o.Out}
	defer log.close()
	for {
		// The state is read before the log: what a finished trial wrote is
		// then there to be copied.
		ended := t.State.Finished()
		if err := log.copy(); err != nil {
			return err
		}
		if !o.Follow || ended {
			break
		}
		select {
		case <-ctx.Done():
			return app.ErrInterrupted
		case <-time.After(o.Poll):
		}
		if t, err = store.Trial(ctx, study.ID, o.Number); err != nil {
			return err
		}
	}
	if log.file == nil {
		return fmt.Errorf("trial %d of %s has no log: there is no %s (--data names the folder that runs wrote to)", o.Number, o.Name, path)
	}
	return nil
}

// A tail copies a growing file that may not exist yet.
type tail struct {
	path string
	to   io.Writer
	file *os.File
}

// copy copies what has been added since the last call.
func (t *tail) copy() error {
	if t.file == nil {
		file, err := os.Open(t.path)
		if errors.Is(err, os.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		t.file = file
	}
	_, err := io.Copy(t.to, t.file)
	return err
}

func (t *tail) close() {
	if t.file != nil {
		t.file.Close() // read only: nothing to lose
	}
}
