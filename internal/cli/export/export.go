// Package export is the verb "export".
package export

import (
	"context"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/define"
	"github.com/hpsearch/hpsearch/internal/cli/trainer"
	"github.com/hpsearch/hpsearch/internal/cli/work"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// Options are the arguments and flags of the verb.
type Options struct {
	*app.Factory
	Name     string
	Trial    int // -1: the best one
	To       string
	Prune    string
	Quantize string
	Device   string
}

// NewCmd returns the verb; run is called instead of the real thing when it is
// not nil, for tests.
func NewCmd(f *app.Factory, run func(context.Context, *Options) error) *cobra.Command {
	o := &Options{Factory: f}
	if run == nil {
		run = export
	}
	cmd := &cobra.Command{
		Use:   "export NAME --to DIR",
		Short: "Retrain the best configuration, compress it and export the model",
		Long: `Retrain the best configuration with its seed, measure it on tasks that the
study never saw, and write the model as a Hugging Face folder with a report.
With --prune or --quantize a compressed model is made and measured too.

--trial chooses another trial than the best. A study of several objectives has
no best trial, and needs it.`,
		Example:           "  hpsearch export mine --to model --prune magnitude:0.5",
		Args:              app.Args("the NAME of a study"),
		ValidArgsFunction: f.StudyNames,
		RunE: func(cmd *cobra.Command, args []string) error {
			o.Name = args[0]
			if o.To == "" {
				return app.Usagef(cmd, "%s needs --to DIR", cmd.CommandPath())
			}
			if err := checkSpecs(o.Prune, o.Quantize); err != nil {
				return app.Usagef(cmd, "%w", err)
			}
			if cmd.Flags().Changed("trial") && o.Trial < 0 {
				return app.Usagef(cmd, "--trial %d is no trial number: they are 0, 1, 2, …", o.Trial)
			}
			device, err := work.OneDevice(o.Device)
			if err != nil {
				return app.Usagef(cmd, "%w", err)
			}
			o.Device = device
			return run(cmd.Context(), o)
		},
	}
	cmd.Flags().StringVar(&o.To, "to", "", "folder to write, new or empty")
	app.CompleteFlag(cmd, "to", app.Folders)
	cmd.Flags().IntVar(&o.Trial, "trial", -1, "number of the trial to export (default: the best one)")
	cmd.Flags().Lookup("trial").DefValue = "0" // which is not shown
	app.DeviceFlag(cmd, &o.Device, "or cuda:N")
	cmd.Flags().StringVar(&o.Prune, "prune", "", "magnitude:S removes the share S of the weights, such as magnitude:0.5")
	cmd.Flags().StringVar(&o.Quantize, "quantize", "", "int8 computes with 8-bit weights")
	app.CompleteWords(cmd, "quantize", "int8")
	return cmd
}

// A config is what the trainer's export job is told.
type config struct {
	Study    string              `json:"study"`
	Trial    int                 `json:"trial"`
	Params   map[string]any      `json:"params"`
	Settings map[string]any      `json:"settings"` // fixed ones merged with the parameters
	Split    map[string][]string `json:"split,omitempty"`
	Seed     int64               `json:"seed"`
	Value    float64             `json:"value"`             // which retraining should reproduce
	Foreign  bool                `json:"foreign,omitempty"` // the value is another program's
	Metric   string              `json:"metric"`
	Threads  int                 `json:"threads"`
	To       string              `json:"to"`
	Prune    string              `json:"prune,omitempty"`
	Quantize string              `json:"quantize,omitempty"`
}

func export(ctx context.Context, o *Options) error {
	if err := app.CheckTarget(o.To); err != nil {
		return err
	}
	study, best, err := o.choose(ctx)
	if err != nil {
		return err
	}
	if study.Foreign {
		return app.NoStudyFile(study.Name)
	}
	if kind := study.Definition.Objective.Kind; kind != studyfile.MetaTraining {
		return fmt.Errorf("study %s has an objective of kind %s: only meta-training leaves a model to export", o.Name, kind)
	}
	if err := study.Definition.Fits(best); err != nil { // one of Optuna's need not
		return fmt.Errorf("trial %d of %s cannot be retrained by the study's file: %w: choose another with --trial", best.Number, o.Name, err)
	}
	job, err := o.config(study, best)
	if err != nil {
		return err
	}
	session, err := trainer.Open(ctx, o.Device)
	if err != nil {
		return err
	}
	defer session.Close() // its work is done or lost either way
	if err := define.WarnChanged(ctx, o.Factory, study); err != nil {
		return err
	}
	if foreign(best) {
		o.Say("Trial %d was not run by hpsearch: its value is another program's, and retraining need not give it again.", best.Number)
	}
	o.Say("Retraining trial %d of %s (%s %.6g).", best.Number, o.Name, study.Definition.Objective.Metric, best.Value())
	var report Report
	handle, done := trainer.Progress(o.Factory)
	err = session.Do(protocol.JobExport, job, &report, handle)
	done()
	if err != nil {
		return fmt.Errorf("study %s: %w", o.Name, err)
	}
	if err := o.Write(report.document(o.To)); err != nil {
		return err
	}
	for _, note := range report.notes() {
		o.Say("%s", note)
	}
	if examples := examplesOf(&study.Definition); examples != "" {
		o.Say("Next: hpsearch adapt %s --task %s --to DIR fits the model to a new task.", render.Argument(o.To), examples)
	}
	return nil
}

// examplesOf says what a new task of the study's family is given as; "" where
// tasks are generated and none can be given.
func examplesOf(def *search.Definition) string {
	tasks, _ := def.Train["tasks"].(map[string]any)
	switch tasks["kind"] {
	case setting.KindSinusoid:
		return ""
	case "images":
		return "FOLDER"
	}
	return "FILE.jsonl"
}

// choose returns the trial to export.
func (o *Options) choose(ctx context.Context) (*search.Study, *search.Trial, error) {
	if o.Trial >= 0 {
		_, study, t, err := o.Factory.Trial(ctx, o.Name, o.Trial)
		if err == nil && t.State != search.Complete {
			err = fmt.Errorf("trial %d of %s is %s: only a COMPLETE one can be exported", o.Trial, o.Name, t.State)
		}
		return study, t, err
	}
	study, front, err := o.Front(ctx, o.Name)
	if err != nil {
		return nil, nil, err
	}
	if study.Several() {
		numbers := make([]string, len(front))
		for i, t := range front {
			numbers[i] = strconv.Itoa(t.Number)
		}
		return nil, nil, &app.UsageError{Err: fmt.Errorf(
			"study %s has %d objectives and no best trial: choose one of its front (%s) with --trial (hpsearch best %s shows them)",
			o.Name, len(study.Directions), strings.Join(numbers, ", "), render.Argument(o.Name))}
	}
	return study, front[0], nil
}

func (o *Options) config(study *search.Study, best *search.Trial) (config, error) {
	to, err := filepath.Abs(o.To)
	if err != nil {
		return config{}, fmt.Errorf("--to: %w", err)
	}
	def := &study.Definition
	task := search.NewTask(study, best, "")
	work.Place(task.Config, o.Device)
	return config{
		Study: study.Name, Trial: best.Number, Params: best.External(), Settings: task.Config, Split: def.Split,
		Seed: task.Seed, Value: best.Value(), Foreign: foreign(best), Metric: def.Objective.Metric,
		Threads: threads(best, def.Budget.Parallel),
		To:      to, Prune: o.Prune, Quantize: o.Quantize,
	}, nil
}

// foreign reports whether another program than hpsearch ran a trial.
func foreign(t *search.Trial) bool { return t.Attempt == 0 }

// threads is the number of threads that the trial was computed with: sums
// depend on it. A trial that does not say had those that a worker has now.
func threads(t *search.Trial, parallel int) int {
	if n, ok := t.Metrics["threads"]; ok && n >= 1 {
		return int(n)
	}
	return work.Threads(parallel)
}
