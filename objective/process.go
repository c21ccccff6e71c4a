package objective

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/search"
)

// The defaults of a [Process].
const (
	DefaultHelloTimeout = 2 * time.Minute // libtorch on a cold disk is slow to load
	DefaultGrace        = 30 * time.Second
)

// LogFile is the name of the log in a trial's folder.
const LogFile = "log"

// CacheDir is the name of a folder beside those of the trials, which all
// trainers of a study share.
const CacheDir = "cache"

// ProcessConfig says how to start a trainer. Only Command is required.
type ProcessConfig struct {
	// Command is the program and its arguments. A program without a slash is
	// looked for in PATH.
	Command []string
	// Env is added to the environment of this process.
	Env []string
	// Dir is the working directory; empty means that of this process.
	Dir string
	// Threads is the number of threads that the numerical libraries may use;
	// 0 leaves it to them.
	Threads int
	// Device is what the trainer may see: empty or "auto" or "cuda" for what
	// this process sees, "cpu" for no GPU, "cuda:N" for the N-th GPU that this
	// process sees, which the trainer then sees as its first.
	Device string
	// HelloTimeout bounds the time until the trainer says hello; 0 means
	// DefaultHelloTimeout.
	HelloTimeout time.Duration
	// Grace is how long the trainer may take to stop when asked to; 0 means
	// DefaultGrace. Then it is killed.
	Grace time.Duration
}

// A Process runs trials in a trainer process, which is started by the first
// Run or Job and again whenever it has died. It is for one goroutine.
type Process struct {
	config ProcessConfig
	env    []string
	child  *child // nil when none is up
	greets bool   // a trainer of this configuration has said hello before
	killed bool   // the last one was killed before it did
	// number and attempt are those of the last trial; 0 before the first.
	number, attempt int
}

var _ search.Objective = (*Process)(nil)

// NewProcess checks the configuration; it starts nothing.
func NewProcess(config ProcessConfig) (*Process, error) {
	if len(config.Command) == 0 || config.Command[0] == "" {
		return nil, errors.New("trainer: no command")
	}
	if config.HelloTimeout == 0 {
		config.HelloTimeout = DefaultHelloTimeout
	}
	if config.Grace == 0 {
		config.Grace = DefaultGrace
	}
	env, err := environment(os.Environ(), config)
	if err != nil {
		return nil, fmt.Errorf("trainer: %w", err)
	}
	return &Process{config: config, env: env}, nil
}

// Close asks the trainer to leave, by the end of its standard input, and
// kills it if it does not leave within the grace period. The next Run starts
// a new one.
func (p *Process) Close() error {
	if p.child == nil {
		return nil
	}
	p.child.leave(p.config.Grace)
	p.child = nil
	return nil
}

// Hello starts the trainer, if it is not up, and returns what it said of
// itself.
func (p *Process) Hello(ctx context.Context) (protocol.Hello, error) {
	if err := p.start(ctx); err != nil {
		return protocol.Hello{}, err
	}
	return p.child.hello, nil
}

// Run implements [search.Objective]. The trainer's log goes to the file log
// in the task's folder, which is made, and its checkpoints to a folder there
// that belongs to the attempt, see [CheckpointDir]. What the trainer wrote to
// its standard error before its result is in the log when Run returns; what it
// writes between two trials is in the log of the first.
//
// A trainer that dies is a [*search.TrialError] worth a retry, whose cause is a
// [*DiedError]; one that breaks the protocol is killed and
// the trial fails.
func (p *Process) Run(ctx context.Context, task search.Task, session search.Session) (search.Result, error) {
	first, err := trialMessage(task)
	if err != nil {
		return search.Result{}, &search.TrialError{Reason: search.ReasonBadConfig, Message: err.Error()}
	}
	if err := p.startLogged(ctx, task, session.Stopping()); err != nil {
		return search.Result{}, err
	}
	c := conversation{
		child: p.child, number: task.Number, grace: p.config.Grace,
		stopping: session.Stopping(), reason: session.StopReason,
		handle: func(m protocol.Message) error { return forward(ctx, session, m) },
	}
	result, err := p.finish(c.run(ctx, first))
	if err != nil {
		return search.Result{}, err
	}
	if result.Value == nil {
		return search.Result{}, &search.TrialError{Reason: search.ReasonError, Message: "the trainer's result has no value"}
	}
	artifacts, err := relativePaths(task.DataDir, result.Artifacts)
	if err != nil {
		return search.Result{}, &search.TrialError{Reason: search.ReasonError, Message: err.Error()}
	}
	return search.Result{Value: float64(*result.Value), Metrics: result.Metrics, Artifacts: artifacts}, nil
}

// Job has the trainer do a one-off job and returns its result. config is
// encoded as a JSON object. handle, if not nil, is called with each report,
// checkpoint and progress message. The end of ctx kills the trainer.
//
// A job that fails returns a [*search.TrialError].
func (p *Process) Job(ctx context.Context, kind protocol.JobKind, config any, handle func(protocol.Message)) (protocol.Result, error) {
	encoded, err := json.Marshal(config)
	if err != nil {
		return protocol.Result{}, fmt.Errorf("encoding the configuration of job %s: %w", kind, err)
	}
	if err := p.start(ctx); err != nil {
		return protocol.Result{}, err
	}
	c := conversation{
		child: p.child, number: protocol.JobNumber, grace: p.config.Grace,
		handle: func(m protocol.Message) error {
			if handle != nil {
				handle(m)
			}
			return nil
		},
	}
	return p.finish(c.run(ctx, protocol.Job{Kind: kind, Config: encoded}))
}

// finish ends a conversation: what the trainer wrote to its standard error up
// to now is passed on, and one that has died is forgotten.
func (p *Process) finish(result protocol.Result, err error) (protocol.Result, error) {
	p.child.stderrPipe.drain()
	if p.child.dead() {
		p.child = nil
	}
	return result, err
}

func trialMessage(task search.Task) (protocol.Trial, error) {
	config, err := json.Marshal(task.Config)
	if err != nil {
		return protocol.Trial{}, fmt.Errorf("encoding the configuration of trial %d: %w", task.Number, err)
	}
	m := protocol.Trial{
		Number: task.Number, Attempt: task.Attempt, Seed: task.Seed, Config: config,
		Metric: task.Metric, Direction: string(task.Direction),
	}
	if task.Dir != "" {
		m.CheckpointDir = checkpointPath(task.Dir, task.Attempt)
	}
	if task.DataDir != "" {
		m.CacheDir = filepath.Join(task.DataDir, CacheDir)
	}
	return m, nil
}

// forward passes what a trainer tells about a trial on to its session. A stop
// that Report answers with is picked up from the session's channel.
func forward(ctx context.Context, session search.Session, m protocol.Message) error {
	switch m := m.(type) {
	case protocol.Report:
		if err := session.Report(ctx, m.Step, m.Metrics); err != nil && !errors.Is(err, search.ErrStopped) {
			return err
		}
	case protocol.Checkpoint:
		session.Checkpoint(m.Step, m.Path)
	case protocol.Progress:
		session.Progress(search.Progress{Step: m.Step, Total: m.Total, Phase: m.Phase, Message: m.Message})
	}
	return nil
}

// relativePaths makes artifact paths relative to the study's data directory,
// which they must not leave. Relative paths are taken to be so already.
func relativePaths(dataDir string, artifacts map[string]string) (map[string]string, error) {
	relative := make(map[string]string, len(artifacts))
	for role, path := range artifacts {
		inside := path
		if filepath.IsAbs(path) {
			base, err := filepath.Abs(dataDir)
			if err != nil {
				return nil, fmt.Errorf("artifact %s: %w", role, err)
			}
			if inside, err = filepath.Rel(base, path); err != nil {
				return nil, fmt.Errorf("artifact %s: %w", role, err)
			}
		}
		if dataDir == "" || !filepath.IsLocal(inside) {
			return nil, fmt.Errorf("artifact %s: %s is not in the study's data directory %s", role, path, dataDir)
		}
		relative[role] = inside
	}
	return relative, nil
}

// startLogged starts the trainer, if it is not up, with its standard error
// going to the trial's log.
func (p *Process) startLogged(ctx context.Context, task search.Task, stopping <-chan struct{}) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	if task.Dir != "" {
		again := task.Number == p.number && task.Attempt == p.attempt
		if err := inheritCheckpoint(task, again); err != nil {
			return fmt.Errorf("%w: %w", search.ErrUnavailable, err)
		}
		p.number, p.attempt = task.Number, task.Attempt
	}
	log, err := openLog(task)
	if err != nil {
		return fmt.Errorf("%w: log of trial %d: %w", search.ErrUnavailable, task.Number, err)
	}
	if p.up() {
		p.child.stderrPipe.drain()
		p.child.stderr.attach(log)
		return nil
	}
	return p.startWith(ctx, log, stopping)
}

// openLog opens the trial's log for appending; a later attempt adds to it.
func openLog(task search.Task) (io.WriteCloser, error) {
	if task.Dir == "" {
		return nil, nil
	}
	if err := os.MkdirAll(task.Dir, 0o777); err != nil {
		return nil, err
	}
	log, err := os.OpenFile(filepath.Join(task.Dir, LogFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o666)
	if err != nil {
		return nil, err
	}
	line := fmt.Sprintf("=== trial %d, attempt %d, %s\n", task.Number, task.Attempt, time.Now().Format(time.RFC3339))
	if _, err := log.WriteString(line); err != nil {
		return nil, errors.Join(err, log.Close())
	}
	return log, nil
}
