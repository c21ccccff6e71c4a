// Package worker is the verb "worker".
package worker

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/internal/cli/work"
	"github.com/hpsearch/hpsearch/internal/render"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name    string
	Lease   time.Duration
	Timeout time.Duration // 0: the study's own
	Devices []string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	var device string
	if run == nil {
		run = pull
	}
	cmd := &cobra.Command{
		Use:   "worker NAME",
		Short: "Be one worker: pull trials until the study's budget is spent",
		Long: `Be one worker: pull trials until the study's budget is spent. Start as many as
you like, on any machines that reach the storage. SIGTERM lets the running
trial write a checkpoint, gives it back, and ends with exit code 85, on which
a batch system should start the worker again.`,
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if cmd.Flags().Changed("timeout") && o.Timeout <= 0 {
				return app.Usagef(cmd, "--timeout must be positive")
			}
			err := work.CheckLease(o.Lease)
			if err != nil {
				return app.Usagef(cmd, "%w", err)
			}
			if o.Devices, err = work.ParseDevices(device); err != nil {
				return app.Usagef(cmd, "%w", err)
			}
			return run(cmd.Context(), o)
		},
	}
	work.LeaseFlag(cmd.Flags(), &o.Lease)
	cmd.Flags().DurationVar(&o.Timeout, "timeout", 0, "end this worker after that time, such as 30m (default: the study file's)")
	app.DeviceFlag(cmd, &device, "or cuda:N")
	return cmd
}

func pull(ctx context.Context, o *Options) error {
	store, study, err := o.Study(ctx, o.Name)
	if err != nil {
		return err
	}
	if err := define.WarnChanged(ctx, o.Factory, study); err != nil {
		return err
	}
	budget := study.Definition.Budget
	budget.Parallel = 1
	if o.Timeout > 0 {
		budget.Timeout = o.Timeout
	}
	job := &work.Job{
		Factory: o.Factory, Store: store, Study: study, Budget: budget, Devices: o.Devices, Lease: o.Lease, Preemptible: true,
	}
	if err := app.TooManyFailed(job.Run(ctx), study.Name); err != nil {
		return err
	}
	o.Say("This worker ends here; hpsearch study show %s says where the study stands.", render.Argument(study.Name))
	return nil
}
