// Package run is the verb "run".
package run

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/internal/cli/view"
	"github.com/hpsearch/hpsearch/internal/cli/work"
	"github.com/hpsearch/hpsearch/search"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Study    string // a name or a file
	Trials   int    // 0: the study's own budget, like the next two
	Parallel int
	Timeout  time.Duration
	Lease    time.Duration
	Devices  []string
	// WarmStart is the folder of an exported model; "": what the study says.
	WarmStart string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	var device string
	if run == nil {
		run = runStudy
	}
	cmd := &cobra.Command{
		Use:   "run NAME|FILE",
		Short: "Run a study's trials until its budget is spent",
		Long: `Run a study's trials until its budget is spent, and show the best one.

A study FILE creates the study if there is none of its name; of one that is
there, the budget may be edited. The number of trials is the study's total: run
again, and the study goes on where it was.

With --warm-start a study FILE goes on from a model that "hpsearch export" wrote,
when new data have come: every trial starts from its weights instead of those of
"model", whose architecture and tokenizer must be the same. The folder is
recorded in the study, and must stay where it is until the study is done.

The first Ctrl-C lets running trials write a checkpoint and gives them back,
the second stops at once.`,
		Example: `  hpsearch run study.yaml
  hpsearch run next-month.yaml --warm-start model
  hpsearch run mine --trials 50 --parallel 2 --device cuda:0,1`,
		Args:              app.Args("the NAME or FILE of a study"),
		ValidArgsFunction: f.StudyNamesOrFiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Study = args[0]
			if err := o.check(cmd, device); err != nil {
				return err
			}
			return run(cmd.Context(), o)
		},
	}
	flags := cmd.Flags()
	flags.IntVar(&o.Trials, "trials", 0, "total number of trials of the study (default: the study file's)")
	flags.IntVar(&o.Parallel, "parallel", 0, "workers, each with its share of the cores (default: the study file's, else 1)")
	flags.DurationVar(&o.Timeout, "timeout", 0, "end this run after that time, such as 30m (default: the study file's)")
	flags.StringVar(&o.WarmStart, "warm-start", "", "folder of an exported model whose weights all trials start from (trials of an earlier study: study create --warm-start)")
	work.LeaseFlag(flags, &o.Lease)
	app.DeviceFlag(cmd, &device, "or cuda:0,1 to name devices")
	return cmd
}

// check refuses flags that make no sense.
func (o *Options) check(cmd *cobra.Command, device string) error {
	flags := cmd.Flags()
	switch {
	case flags.Changed("trials") && o.Trials < 1:
		return app.Usagef(cmd, "--trials must be at least 1")
	case flags.Changed("parallel") && o.Parallel < 1:
		return app.Usagef(cmd, "--parallel must be at least 1")
	case flags.Changed("timeout") && o.Timeout <= 0:
		return app.Usagef(cmd, "--timeout must be positive")
	}
	err := work.CheckLease(o.Lease)
	if err != nil {
		return app.Usagef(cmd, "%w", err)
	}
	if o.Devices, err = work.ParseDevices(device); err != nil {
		return app.Usagef(cmd, "%w", err)
	}
	return nil
}

// budget is the study's own, with what the flags say instead.
func (o *Options) budget(own search.Budget) search.Budget {
	if o.Trials > 0 {
		own.Trials = o.Trials
	}
	if o.Parallel > 0 {
		own.Parallel = o.Parallel
	}
	if o.Timeout > 0 {
		own.Timeout = o.Timeout
	}
	return own
}

func runStudy(ctx context.Context, o *Options) error {
	store, study, err := define.OpenToRun(ctx, o.Factory, o.Study, o.WarmStart)
	if err != nil {
		return err
	}
	if err := define.WarnChanged(ctx, o.Factory, study); err != nil {
		return err
	}
	job := &work.Job{
		Factory: o.Factory, Store: store, Study: study,
		Budget: o.budget(study.Definition.Budget), Devices: o.Devices, Lease: o.Lease,
	}
	if err := job.Run(ctx); err != nil {
		return app.TooManyFailed(err, study.Name)
	}
	return job.Conclude(ctx, func(study *search.Study, best []*search.Trial, now time.Time) error {
		return o.Write(view.Bests(study, best, now))
	})
}
