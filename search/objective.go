package search

import (
	"context"
	"errors"
	"fmt"
)

// A Task is one attempt at a trial, as an [Objective] sees it.
type Task struct {
	Number  int
	Attempt int
	Seed    int64
	// Config holds external values: the fixed settings and the parameters,
	// see [TrialConfig].
	Config    map[string]any
	Metric    string // what the trial is judged by, for example val_loss
	Direction Direction
	// Dir is the trial's folder, where its log and checkpoints go, and
	// DataDir the study's folder above it; both are empty when nothing is
	// kept. Dir may not exist yet.
	Dir     string
	DataDir string
}

// A Result is what a trial that ran to its end gives back.
type Result struct {
	Value float64 // of the metric; a NaN or infinity means the trial diverged
	// Metrics are everything that was measured. Those of the objectives after
	// the first must be there.
	Metrics   map[string]float64
	Artifacts map[string]string // paths relative to Task.DataDir, by role
}

// An Objective runs trials, one at a time: a trainer process, a command, a Go
// function. It is used by one goroutine; the goroutines of other workers have
// objectives of their own.
type Objective interface {
	// Run runs one trial. It returns
	//   - a result when the trial ran to its end, stop or no stop;
	//   - [ErrStopped] when it ended because session.Stopping was closed,
	//     after a checkpoint where the objective can write one;
	//   - a [*TrialError] when the trial failed;
	//   - an error that wraps [ErrUnavailable] when no trial can be run, for
	//     example because a program is missing;
	//   - any other error counts as a failure of the trial.
	// The end of ctx is more urgent than Stopping: Run returns at once, and
	// nothing it started is left behind.
	Run(ctx context.Context, task Task, session Session) (Result, error)
	// Close frees what the objective holds between trials. A Run after Close
	// acquires it again, another Close does nothing.
	Close() error
}

// A Session connects a running trial with the runner. It is safe for
// concurrent use.
//
// Report, Checkpoint and Progress are a trial's signs of life: one without any
// for longer than the budget's stall timeout is killed, and fails.
type Session interface {
	// Report stores an intermediate result and asks the pruner. A report
	// without the study's metric is only shown. Once the trial should stop,
	// Report returns [ErrStopped]; after any other error the trial is lost
	// and Run should return that error.
	Report(ctx context.Context, step int, metrics map[string]float64) error
	// Checkpoint tells that a checkpoint is complete on disk.
	Checkpoint(step int, path string)
	// Progress tells, for display, how far the trial is.
	Progress(p Progress)
	// Stopping is closed when the trial should end soon. Then StopReason
	// says why; before, it is empty.
	Stopping() <-chan struct{}
	StopReason() StopReason
}

// Progress is how far a trial is, for display.
type Progress struct {
	Step, Total int    // Total is 0 when it is not known
	Phase       string // for example train
	Message     string
}

// A StopReason says why a trial is asked to stop.
type StopReason string

// The stop reasons.
const (
	StopPruned    StopReason = "pruned"    // it becomes PRUNED
	StopCancelled StopReason = "cancelled" // it becomes WAITING, to be resumed
	StopPreempted StopReason = "preempted" // likewise
)

// The reasons of a FAIL. The configuration is to blame for the first three:
// it would fail again, so that samplers avoid its surroundings.
const (
	ReasonDiverged    = "diverged"      // the value is not finite, or exploded
	ReasonOutOfMemory = "out-of-memory" // of the device or the host
	ReasonBadConfig   = "bad-config"    // the configuration cannot be run
	ReasonError       = "error"         // anything else that the objective says
	ReasonCrashed     = "crashed"       // the objective's process died
	ReasonTimeout     = "timeout"       // it gave no sign of life for too long
	ReasonLost        = "lost"          // every worker that had the trial disappeared
)

// ErrStopped is what an [Objective] returns for a trial that it stopped as
// asked.
var ErrStopped = errors.New("trial was stopped")

// ErrUnavailable is wrapped by errors of an [Objective] that cannot run any
// trial at all. It stops the runner; the trial is given back.
var ErrUnavailable = errors.New("objective is unavailable")

// A TrialError says why a trial failed.
type TrialError struct {
	Reason  string // one of the reasons of a FAIL
	Message string
	// Retry is set when the failure is not the configuration's fault, so that
	// another attempt may succeed.
	Retry bool
	Cause error // may be nil
}

// Unwrap returns the cause.
func (e *TrialError) Unwrap() error { return e.Cause }

// Error implements error.
func (e *TrialError) Error() string {
	if e.Message == "" {
		return e.Reason
	}
	return fmt.Sprintf("%s: %s", e.Reason, e.Message)
}
