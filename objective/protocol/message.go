package protocol

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
)

// Version is the protocol version that this package speaks.
const Version = 1

// JobNumber stands for the trial number in messages that answer a [Job].
const JobNumber = -1

// A StopReason says why a trial or job is asked to stop.
type StopReason string

// The reasons of a [Stop].
const (
	StopPruned    StopReason = "pruned"    // it is not worth going on with
	StopCancelled StopReason = "cancelled" // the user, or the budget, ended the run
	StopPreempted StopReason = "preempted" // the machine is needed elsewhere
)

// A FailReason says why a trial or job failed.
type FailReason string

// The reasons of a [Failed].
const (
	Diverged    FailReason = "diverged"      // the loss is not finite, or exploded
	OutOfMemory FailReason = "out-of-memory" // on the device or the host
	BadConfig   FailReason = "bad-config"    // trying again cannot help
	Unavailable FailReason = "unavailable"   // no trial can be run now: the disk is full, a model file is damaged
	Stopped     FailReason = "stopped"       // as asked by a Stop
	OtherError  FailReason = "error"         // anything else
)

// A JobKind names a one-off job.
type JobKind string

// The kinds of a [Job].
const (
	JobExport  JobKind = "export"
	JobAdapt   JobKind = "adapt"
	JobPredict JobKind = "predict"
	JobCheck   JobKind = "check"
)

// A Message is one of [Trial], [Job], [Stop] (worker to trainer), [Hello],
// [Report], [Checkpoint], [Progress], [Result] and [Failed] (trainer to
// worker). Messages are plain values.
type Message interface {
	// Type is the value of the message's "type" field.
	Type() string
	// check reports what makes the message unusable, if anything.
	check() error
}

// Trial asks the trainer to run one trial.
type Trial struct {
	Number  int   `json:"number"`
	Attempt int   `json:"attempt"` // 1 for the first
	Seed    int64 `json:"seed"`
	// Config is an object: the study's fixed settings and the trial's
	// parameters. A float setting of 1.0 may be written as 1.
	Config json.RawMessage `json:"config"`
	// CheckpointDir is the folder for this trial's checkpoints. It need not
	// exist. If it holds a checkpoint, the trial goes on from there.
	CheckpointDir string `json:"checkpoint_dir,omitempty"`
	// CacheDir is a folder that all trials of the study share, on all its
	// workers, for what can be computed again. It need not exist.
	CacheDir string `json:"cache_dir,omitempty"`
	// Metric and Direction (minimize or maximize) say what the trial is
	// judged by: which of its validations is the best one.
	Metric    string `json:"metric,omitempty"`
	Direction string `json:"direction,omitempty"`
}

// Job asks the trainer for something that is not a trial. It is answered by
// reports and progress, then a [Result] with Output, or a [Failed].
type Job struct {
	Kind   JobKind         `json:"kind"`
	Config json.RawMessage `json:"config"` // an object
}

// Stop asks the trainer to end what it is running, with a checkpoint.
type Stop struct {
	Reason StopReason `json:"reason"`
}

// Hello is the first message of a trainer.
type Hello struct {
	Protocol     int      `json:"protocol"` // [Version]
	Name         string   `json:"name"`
	Version      string   `json:"version,omitempty"` // of the trainer
	Capabilities []string `json:"capabilities,omitempty"`
}

// Report is an intermediate result. Steps ascend; the same step again
// replaces the earlier report.
type Report struct {
	Number  int     `json:"number"`
	Step    int     `json:"step"`
	Metrics Metrics `json:"metrics"`
}

// Checkpoint says that a checkpoint is complete on disk.
type Checkpoint struct {
	Number int    `json:"number"`
	Step   int    `json:"step"`
	Path   string `json:"path"`
}

// Progress is for display only: how far the trainer is, and in what.
type Progress struct {
	Number  int    `json:"number"`
	Step    int    `json:"step"`
	Total   int    `json:"total,omitempty"` // 0: not known
	Phase   string `json:"phase,omitempty"` // for example train, retrain, quantize
	Message string `json:"message,omitempty"`
}

// Result ends a trial or a job that succeeded.
type Result struct {
	Number int `json:"number"`
	// Value is the trial's value, nil for a job.
	Value     *Float            `json:"value,omitempty"`
	Metrics   Metrics           `json:"metrics,omitempty"`
	Artifacts map[string]string `json:"artifacts,omitempty"` // paths by role
	Output    json.RawMessage   `json:"output,omitempty"`    // what the job gives back
}

// Failed ends a trial or a job that did not succeed.
type Failed struct {
	Number  int        `json:"number"`
	Reason  FailReason `json:"reason"`
	Message string     `json:"message,omitempty"`
}

// Type implements [Message].
func (Trial) Type() string { return "trial" }

// Type implements [Message].
func (Job) Type() string { return "job" }

// Type implements [Message].
func (Stop) Type() string { return "stop" }

// Type implements [Message].
func (Hello) Type() string { return "hello" }

// Type implements [Message].
func (Report) Type() string { return "report" }

// Type implements [Message].
func (Checkpoint) Type() string { return "checkpoint" }

// Type implements [Message].
func (Progress) Type() string { return "progress" }

// Type implements [Message].
func (Result) Type() string { return "result" }

// Type implements [Message].
func (Failed) Type() string { return "failed" }

func (m Trial) check() error {
	switch {
	case m.Number < 0:
		return fmt.Errorf("number %d is negative", m.Number)
	case m.Attempt < 1:
		return fmt.Errorf("attempt %d is less than 1", m.Attempt)
	}
	return checkObject("config", m.Config)
}

func (m Job) check() error {
	switch m.Kind {
	case JobExport, JobAdapt, JobPredict, JobCheck:
		return checkObject("config", m.Config)
	}
	return fmt.Errorf("unknown kind %q", m.Kind)
}

func (m Stop) check() error {
	switch m.Reason {
	case StopPruned, StopCancelled, StopPreempted:
		return nil
	}
	return fmt.Errorf("unknown reason %q", m.Reason)
}

func (m Hello) check() error {
	if m.Protocol < 1 {
		return fmt.Errorf("protocol %d is less than 1", m.Protocol)
	}
	return nil
}

func (m Report) check() error {
	if len(m.Metrics) == 0 {
		return errors.New("no metrics")
	}
	return checkPosition(m.Number, m.Step)
}

func (m Checkpoint) check() error {
	if m.Path == "" {
		return errors.New("no path")
	}
	return checkPosition(m.Number, m.Step)
}

func (m Progress) check() error { return checkPosition(m.Number, m.Step) }

func (m Result) check() error { return checkPosition(m.Number, 0) }

func (m Failed) check() error {
	switch m.Reason {
	case Diverged, OutOfMemory, BadConfig, Unavailable, Stopped, OtherError:
		return checkPosition(m.Number, 0)
	}
	return fmt.Errorf("unknown reason %q", m.Reason)
}

func checkPosition(number, step int) error {
	switch {
	case number < JobNumber:
		return fmt.Errorf("number %d is negative", number)
	case step < 0:
		return fmt.Errorf("step %d is negative", step)
	}
	return nil
}

func checkObject(field string, raw json.RawMessage) error {
	if !bytes.HasPrefix(bytes.TrimLeft(raw, " \t\r\n"), []byte("{")) {
		return fmt.Errorf("%s is not an object", field)
	}
	return nil
}
