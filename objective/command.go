package objective

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// The variables in the environment of a plain program.
const (
	ParamsEnv    = "HPSEARCH_PARAMS"    // the fixed settings and the parameters, a JSON object
	TrialEnv     = "HPSEARCH_TRIAL"     // the trial's number
	AttemptEnv   = "HPSEARCH_ATTEMPT"   // 1 for the first
	SeedEnv      = "HPSEARCH_SEED"      // in [0, 2^31)
	MetricEnv    = "HPSEARCH_METRIC"    // what the trial is judged by
	DirectionEnv = "HPSEARCH_DIRECTION" // minimize or maximize
	DirEnv       = "HPSEARCH_TRIAL_DIR" // the attempt's folder, see [FilesDir]; empty when nothing is kept
)

// A Command runs any program. One whose first line on its standard output is
// the protocol's hello is run as a [Process]; any other is a plain program,
// started for each trial:
//
//   - {name} in its arguments is replaced by the trial's setting of that name
//     ({{name}} stands for {name} itself), and its environment has the
//     variables above;
//   - the last line of its standard output that is a number, or a JSON object
//     with the metric (by its name, or as "value"), is the trial's result;
//   - an object that also has a "step" is a report as soon as it is printed,
//     so that the trial can be pruned: the program then gets SIGTERM;
//   - another exit code than 0 is a failure of the trial.
//
// Both outputs go to the trial's log. A program with placeholders is always
// plain; of others the first run decides, for which the standard input is a
// pipe: later runs have an empty one. A Command is for one goroutine.
type Command struct {
	config  ProcessConfig
	env     []string
	plain   bool     // the program is known not to speak the protocol
	process *Process // the program is known to speak it
}

var _ search.Objective = (*Command)(nil)

// NewCommand checks the configuration; it starts nothing.
func NewCommand(config ProcessConfig) (*Command, error) {
	process, err := NewProcess(config)
	if err != nil {
		return nil, err
	}
	return &Command{config: process.config, env: process.env, plain: len(Placeholders(config.Command)) > 0}, nil
}

// Close ends a program that speaks the protocol, see [Process.Close].
func (c *Command) Close() error {
	if c.process == nil {
		return nil
	}
	return c.process.Close()
}

// Run implements [search.Objective].
func (c *Command) Run(ctx context.Context, task search.Task, session search.Session) (search.Result, error) {
	if c.process == nil {
		result, err := c.runPlain(ctx, task, session)
		if !errors.Is(err, errSpeaks) {
			return result, err
		}
		// It has done nothing yet but say hello: it is started over.
		if c.process, err = NewProcess(c.config); err != nil {
			return search.Result{}, err
		}
	}
	return c.process.Run(ctx, task, session)
}

// errSpeaks is returned by a plain run whose program speaks the protocol.
var errSpeaks = errors.New("the program speaks the protocol")

func (c *Command) runPlain(ctx context.Context, task search.Task, session search.Session) (search.Result, error) {
	if ctx.Err() != nil {
		return search.Result{}, context.Cause(ctx)
	}
	argv, err := expand(c.config.Command, task.Config)
	if err != nil {
		return search.Result{}, &search.TrialError{Reason: search.ReasonBadConfig, Message: err.Error()}
	}
	files, err := attemptFiles(task)
	if err != nil {
		return search.Result{}, fmt.Errorf("%w: %w", search.ErrUnavailable, err)
	}
	env, err := trialEnvironment(c.env, task, files)
	if err != nil {
		return search.Result{}, &search.TrialError{Reason: search.ReasonBadConfig, Message: err.Error()}
	}
	log, err := openLog(task)
	if err != nil {
		return search.Result{}, fmt.Errorf("%w: log of trial %d: %w", search.ErrUnavailable, task.Number, err)
	}
	config := c.config
	config.Command = argv
	p, err := startPlain(config, env, log, !c.plain)
	if err != nil {
		return search.Result{}, fmt.Errorf("%w: cannot start %q: %w", search.ErrUnavailable, argv[0], commandHint(err))
	}
	run := plainRun{plain: p, session: session, metric: task.Metric, grace: c.config.Grace}
	if !c.plain {
		run.undecided = c.config.HelloTimeout
	}
	result, err := run.run(ctx)
	if errors.Is(err, errSpeaks) && files != "" {
		_ = os.Remove(files) // it is empty, and has checkpoints instead
	}
	if !errors.Is(err, errSpeaks) && ctx.Err() == nil {
		c.plain = true
	}
	return result, err
}

// attemptFiles makes the folder that is the attempt's own: an earlier attempt
// whose worker was suspended, or cut off, may be at work still. It begins with
// a copy of what that one has left. It is "" when nothing is kept.
func attemptFiles(task search.Task) (string, error) {
	if task.Dir == "" {
		return "", nil
	}
	if err := inherit(task, FilesDir, false); err != nil {
		return "", err
	}
	path := attemptPath(task.Dir, FilesDir, task.Attempt)
	if err := os.MkdirAll(path, 0o777); err != nil {
		return "", fmt.Errorf("folder of attempt %d of trial %d: %w", task.Attempt, task.Number, err)
	}
	return path, nil
}

// trialEnvironment adds a trial's variables; files is the attempt's folder.
func trialEnvironment(base []string, task search.Task, files string) ([]string, error) {
	params, err := json.Marshal(task.Config)
	if err != nil {
		return nil, fmt.Errorf("encoding the configuration of trial %d: %w", task.Number, err)
	}
	return append(slices.Clip(base),
		ParamsEnv+"="+string(params),
		TrialEnv+"="+strconv.Itoa(task.Number),
		AttemptEnv+"="+strconv.Itoa(task.Attempt),
		SeedEnv+"="+strconv.FormatInt(task.Seed, 10),
		MetricEnv+"="+task.Metric,
		DirectionEnv+"="+string(task.Direction),
		DirEnv+"="+files,
	), nil
}

// A plainRun is one trial in a plain program.
type plainRun struct {
	*plain
	session   search.Session
	metric    string
	grace     time.Duration
	undecided time.Duration // how long a hello is waited for; 0: not at all

	last  *reading // the last line with a value
	said  []byte   // the beginning of the last line that is not empty
	first bool     // a line was read
}

// run follows the program to its end. It leaves nothing behind.
func (r *plainRun) run(ctx context.Context) (search.Result, error) {
	defer r.abandon()
	var noHello, tooLate <-chan time.Time
	if r.undecided > 0 {
		timer := time.NewTimer(r.undecided)
		defer timer.Stop()
		noHello = timer.C
	}
	stopping := r.session.Stopping()
	for {
		select {
		case line, ok := <-r.lines:
			if !ok {
				return r.ended(ctx, tooLate != nil)
			}
			if err := r.take(ctx, line); err != nil {
				return search.Result{}, err
			}
		case <-noHello: // it may be waiting for the end of its input
			_ = r.stdin.Close()
		case <-stopping:
			stopping = nil
			timer := time.NewTimer(r.grace)
			defer timer.Stop()
			tooLate = timer.C
			r.terminate()
		case <-tooLate:
			return search.Result{}, fmt.Errorf("%w: killed, as it went on for %s", search.ErrStopped, r.grace)
		case <-ctx.Done():
			return search.Result{}, context.Cause(ctx)
		}
	}
}

// take reads a line. A report that says stop is picked up from the session's
// channel.
func (r *plainRun) take(ctx context.Context, line []byte) error {
	if !r.first && r.undecided > 0 {
		if isHello(line) {
			return errSpeaks
		}
		_ = r.stdin.Close() // a plain program has no input
	}
	r.first = true
	if text := bytes.TrimSpace(line); len(text) > 0 {
		r.said = append(r.said[:0], text[:min(len(text), 2*quotedBytes)]...)
	}
	said, ok := readLine(line, r.metric)
	if !ok {
		return nil
	}
	r.last = &said
	if said.step == nil {
		return nil
	}
	if *said.step < 0 {
		return &search.TrialError{Reason: search.ReasonError, Message: fmt.Sprintf("the program reported the negative step %d", *said.step)}
	}
	if err := r.session.Report(ctx, *said.step, said.metrics); err != nil && !errors.Is(err, search.ErrStopped) {
		return err
	}
	return nil
}

// ended says what became of a trial whose program has closed its output.
func (r *plainRun) ended(ctx context.Context, stopped bool) (search.Result, error) {
	timer := time.AfterFunc(drainTime, r.kill) // its output is closed: it has nothing more to say
	defer timer.Stop()
	<-r.exited
	state := r.cmd.ProcessState
	switch {
	case ctx.Err() != nil:
		return search.Result{}, context.Cause(ctx)
	case r.readErr != nil && !errors.Is(r.readErr, io.EOF):
		return search.Result{}, r.failed(fmt.Sprintf("its output could not be read: %v", r.readErr))
	case stopped && (!state.Success() || r.last == nil || r.last.step != nil):
		return search.Result{}, search.ErrStopped
	case state.ExitCode() < 0: // by a signal
		return search.Result{}, &search.TrialError{
			Reason: search.ReasonCrashed, Message: r.name + " " + describeExit(state) + r.stderr.quoteLast(), Retry: true,
		}
	case !state.Success():
		return search.Result{}, r.failed(describeExit(state) + r.stderr.quoteLast())
	case r.last == nil:
		return search.Result{}, r.failed(r.noValue())
	}
	return search.Result{Value: r.last.value, Metrics: r.last.metrics}, nil
}

// noValue says what was expected of a program that printed no value, and what
// it printed instead.
func (r *plainRun) noValue() string {
	text := fmt.Sprintf("printed no value: the last line of its standard output must be a number, or a JSON object such as {%q: 0.5}", r.metric)
	switch {
	case len(r.said) == 0:
		return text + r.stderr.quoteLast()
	case r.said[0] == '{':
		return fmt.Sprintf("%s; it is %s, without a number %q (the metric of the objective)", text, quoteLine(r.said), r.metric)
	}
	return text + "; it is " + quoteLine(r.said)
}

func (r *plainRun) failed(how string) error {
	return &search.TrialError{Reason: search.ReasonError, Message: r.name + " " + how}
}
