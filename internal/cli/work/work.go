// Package work runs trials for the verbs run and worker: it wires a study's
// sampler, pruner and trainers to a runner, shows what happens, and turns
// interrupts into a gentle end.
package work

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"time"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/internal/cli/trainer"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// A Job is what one run does.
type Job struct {
	*app.Factory
	Store   search.Store
	Study   *search.Study
	Budget  search.Budget
	Devices []string // see [ParseDevices]; dealt to the workers in turn
	// Lease is how long a trial stays with this process when it gives no sign
	// of life.
	Lease time.Duration
	// Preemptible makes SIGTERM end the job with [app.ErrPreempted].
	Preemptible bool
}

// Run runs trials until the budget is spent or somebody stops it, and says on
// the standard error how it ended.
func (j *Job) Run(ctx context.Context) error {
	runner, shown, err := j.runner(ctx)
	if err != nil {
		return err
	}
	j.Notice = shown.say
	defer func() { j.Notice = nil }()
	if err := j.recover(ctx, shown); err != nil {
		shown.close()
		return fmt.Errorf("study %s: %w", j.Study.Name, err)
	}
	ctx, signals := watch(ctx, j, runner, shown)
	defer signals.stop()
	ending, err := runner.Run(ctx)
	shown.close()
	if caught := signals.caught(); caught != nil && (err == nil || ctx.Err() != nil) {
		return j.stopped(caught)
	}
	switch {
	case errors.Is(err, search.ErrTooManyFailed) || errors.Is(err, search.ErrFailAlike):
		return err // names the study
	case errors.Is(err, search.ErrNotFound) && j.deleted(ctx):
		return fmt.Errorf("study %s was deleted while it ran: nothing is kept of it", j.Study.Name)
	case err != nil:
		return fmt.Errorf("study %s: %w", j.Study.Name, err)
	}
	switch ending {
	case search.EndBudget:
		if !shown.ran() {
			return j.sayNothingLeft(ctx)
		}
	case search.EndTimeout:
		j.Say("The time of this run (%s) is over; hpsearch run %s goes on.", j.Budget.Timeout, render.Argument(j.Study.Name))
	case search.EndTarget, search.EndNoImprovement, search.EndTerminator, search.EndExhausted:
		j.Say("Study %s ends here: %s.", j.Study.Name, runner.Goal().Why)
	case search.EndPaused:
		j.Say("Study %s is paused; hpsearch study resume %s lets it go on.", j.Study.Name, render.Argument(j.Study.Name))
	}
	return nil
}

// deleted reports whether the study is not there any more.
func (j *Job) deleted(ctx context.Context) bool {
	_, err := j.Store.Study(ctx, j.Study.Name)
	return errors.Is(err, search.ErrNotFound)
}

// sayNothingLeft says why a run came to its end without running any trial.
func (j *Job) sayNothingLeft(ctx context.Context) error {
	counts, err := j.Store.Counts(ctx, j.Study.ID)
	if err != nil {
		return err
	}
	j.Say("Nothing was run: study %s has had its %s. A larger budget in its file, or --trials, lets it go on.",
		j.Study.Name, render.Count(counts.Total(), "trial"))
	return nil
}

// stopped is the error of a run that was interrupted.
func (j *Job) stopped(cause error) error {
	return fmt.Errorf("%w: study %s keeps its trials, hpsearch run %s goes on", cause, j.Study.Name, render.Argument(j.Study.Name))
}

// runner makes the runner with everything that it needs.
func (j *Job) runner(ctx context.Context) (*search.Runner, *retention, error) {
	def := &j.Study.Definition
	sampler, err := kinds.NewSampler(def.Sampler)
	if err != nil {
		return nil, nil, fmt.Errorf("study %s: %w", j.Study.Name, err)
	}
	pruner, err := kinds.NewPruner(def.Pruner)
	if err != nil {
		return nil, nil, fmt.Errorf("study %s: %w", j.Study.Name, err)
	}
	terminator, err := kinds.NewTerminator(j.Budget.Terminator, def.Sampler.Seed)
	if err != nil {
		return nil, nil, fmt.Errorf("study %s: %w", j.Study.Name, err)
	}
	command, err := j.command()
	if err != nil {
		return nil, nil, err
	}
	dir, err := j.StudyDir(j.Study.Name)
	if err != nil {
		return nil, nil, err
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, nil, fmt.Errorf("folder of study %s: %w", j.Study.Name, err)
	}
	shown, err := j.retain(ctx, j.display(), dir)
	if err != nil {
		return nil, nil, fmt.Errorf("study %s: %w", j.Study.Name, err)
	}
	study := j.placed()
	devices := deal(j.Devices, cudaDevices())
	if n := max(1, j.Budget.Parallel); len(j.Devices) > n {
		j.Say("Only %d of the %d devices will be used: --parallel %d uses all.", n, len(j.Devices), len(j.Devices))
	}
	j.Log().Debug("run", "study", study.Name, "folder", dir, "command", command, "workers", max(1, j.Budget.Parallel),
		"threads", Threads(j.Budget.Parallel), "devices", devices, "sampler", def.Sampler.Kind, "pruner", def.Pruner.Kind)
	runner, err := search.NewRunner(search.RunnerConfig{
		Store: j.Store, Study: study, Sampler: sampler, Pruner: pruner, Terminator: terminator,
		History: search.NewHistoryCache(j.Store, study),
		NewObjective: func(worker int) (search.Objective, error) {
			config := objective.ProcessConfig{
				Command: command, Threads: Threads(j.Budget.Parallel), Device: devices[worker%len(devices)],
			}
			if def.Objective.Kind == studyfile.Command {
				return objective.NewCommand(config)
			}
			return objective.NewProcess(config)
		},
		Worker: lost.WorkerName(), Devices: names(devices), Neighbour: lost.Here, Budget: j.Budget, DataDir: dir, Observer: shown, Lease: j.Lease,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("study %s: %w", j.Study.Name, err)
	}
	return runner, shown, nil
}

// command is the program that runs the study's trials.
func (j *Job) command() ([]string, error) {
	if j.Study.Foreign {
		return nil, app.NoStudyFile(j.Study.Name)
	}
	switch spec := j.Study.Definition.Objective; spec.Kind {
	case studyfile.Command:
		return spec.Command, nil
	case studyfile.MetaTraining:
		path, err := trainer.Find()
		if err != nil {
			return nil, err
		}
		return []string{path, "serve"}, nil
	default:
		name := render.Argument(j.Study.Name)
		return nil, app.NotRun(j.Study.Name, "hpsearch ask "+name+", or hpsearch pipe "+name)
	}
}

// placed returns the study with the device of this run among its settings, so
// that a trainer that cannot have the device says so rather than takes
// another. What is stored does not change: another run may be elsewhere.
func (j *Job) placed() *search.Study {
	if j.Study.Definition.Objective.Kind != studyfile.MetaTraining || j.Devices[0] == "auto" {
		return j.Study
	}
	placed := *j.Study
	placed.Definition.Train = maps.Clone(placed.Definition.Train)
	Place(placed.Definition.Train, j.Devices[0])
	return &placed
}

// Place writes a device, as [ParseDevices] returns it, into the settings of a
// trainer; auto leaves them alone.
func Place(settings map[string]any, device string) {
	switch device {
	case "auto":
	case "cpu":
		settings["device"] = "cpu"
	default:
		settings["device"] = "cuda" // the first of those that the trainer may see
	}
}

// Conclude shows the best trial when a run has come to its end, or those of
// the front, and what to do next. It fails when there are trials but none of
// them is complete.
func (j *Job) Conclude(ctx context.Context, show func(*search.Study, []*search.Trial, time.Time) error) error {
	best, err := app.Bests(ctx, j.Store, j.Study)
	if err != nil {
		return err
	}
	if len(best) == 0 {
		return j.nothingComplete(ctx)
	}
	if err := show(j.Study, best, j.Now()); err != nil {
		return err
	}
	if kind := j.Study.Definition.Pruner.Kind; kind != "" && kind != kinds.DefaultPruner && len(best[0].Intermediate) == 0 {
		j.Say("Trial %d has no reports, and without them pruner %s ends nothing: docs/protocol.md says how a program gives them.",
			best[0].Number, kind)
	}
	switch {
	case j.Study.Definition.Objective.Kind != studyfile.MetaTraining:
		j.Say("Next: hpsearch trial list %s shows all trials.", render.Argument(j.Study.Name))
	case j.Study.Several():
		j.Say("Next: hpsearch export %s --trial N --to DIR retrains one of these configurations and exports the model.", render.Argument(j.Study.Name))
	default:
		j.Say("Next: hpsearch export %s --to DIR retrains this configuration and exports the model.", render.Argument(j.Study.Name))
	}
	return nil
}

// nothingComplete is the end of a run without any complete trial.
func (j *Job) nothingComplete(ctx context.Context) error {
	failed, err := j.Store.Trials(ctx, j.Study.ID, search.TrialQuery{States: []search.State{search.Failed}, After: -1, Brief: true})
	if err != nil {
		return err
	}
	if len(failed) == 0 {
		j.Say("No trial of study %s is complete yet.", j.Study.Name)
		return nil
	}
	last, name := failed[len(failed)-1], render.Argument(j.Study.Name)
	return fmt.Errorf("study %s: no trial is complete and %d failed, the last (%d) with %s: %s (hpsearch trial logs %s %d shows its log; hpsearch trial retry %s --failed has them tried again)",
		j.Study.Name, len(failed), last.Number, last.Reason, last.Message, name, last.Number, name)
}
