// Package ask is the verb "ask".
package ask

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/study"
)

// defaultLease leaves time for a trial that is run by hand.
const defaultLease = 24 * time.Hour

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name  string
	Lease time.Duration
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = ask
	}
	cmd := &cobra.Command{
		Use:   "ask NAME",
		Short: "Ask for a trial to run yourself",
		Long: `Ask for a trial to run yourself, and show its number and parameters. Tell its
value with "hpsearch tell". A trial that is not told in time is given to the
next who asks, and may then be told by that one only.`,
		Example: `  hpsearch ask mine -o json
  hpsearch tell mine 0 0.42`,
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			if o.Lease <= 0 {
				return app.Usagef(cmd, "--lease must be positive")
			}
			o.Name = args[0]
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().DurationVar(&o.Lease, "lease", defaultLease, "time until the trial may be given to somebody else")
	return cmd
}

func ask(ctx context.Context, o *Options) error {
	store, stored, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	s, err := study.Open(store, stored, study.Options{Worker: "ask", Lease: o.Lease, Detached: true})
	if err != nil {
		return err
	}
	t, err := s.Ask(ctx)
	if errors.Is(err, search.ErrNothing) {
		return fmt.Errorf("%w (hpsearch study show %s tells more)", err, render.Argument(o.Name))
	}
	if err != nil {
		return err
	}
	return o.Write(view.Asked(stored, t))
}
