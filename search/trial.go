package search

import (
	"math"
	"slices"
	"time"
)

// State is the state of a trial.
type State string

// The states of a trial, named as Optuna stores them.
const (
	Waiting  State = "WAITING"
	Running  State = "RUNNING"
	Complete State = "COMPLETE"
	Pruned   State = "PRUNED"
	Failed   State = "FAIL"
)

// Finished reports whether a trial in this state can no longer change.
func (s State) Finished() bool { return s == Complete || s == Pruned || s == Failed }

// A Trial is an immutable copy of a trial as it was when it was read.
// Its maps must not be modified.
type Trial struct {
	ID     int64 // unique in the storage
	Number int   // 0, 1, 2, … in the study
	State  State

	// Params holds internal values; Distributions has the same keys.
	Params        map[string]float64
	Distributions map[string]Distribution
	// Fixed holds the external values that a WAITING trial was enqueued with.
	Fixed map[string]any

	// Values has one element an objective when the trial is COMPLETE. A
	// PRUNED trial has the last reported value there, if there is one.
	Values []float64
	// Metrics are the last values of everything else that was measured.
	Metrics map[string]float64
	// Intermediate holds the reports in ascending order of step.
	Intermediate []Report

	// Attempt counts the times the trial was started; the first is 1.
	Attempt  int
	Worker   string // who runs or ran it, for people
	Started  time.Time
	Finished time.Time

	// Reason and Message say why a FAIL trial failed, and of a WAITING or
	// RUNNING one why it has to run again, see [Store.Requeue].
	Reason  string
	Message string
	// Artifacts are paths inside the study's data directory, by role.
	Artifacts map[string]string
	// UserAttrs are JSON values of the user's.
	UserAttrs map[string]any
}

// A Report is one intermediate result of a trial.
type Report struct {
	Step    int
	Value   float64            // the objective's metric; may be NaN
	Metrics map[string]float64 // everything that was measured at this step
}

// Same reports whether two reports have the same step and, to the last bit, the same
// value; NaN is not the same as NaN.
func (r Report) Same(other Report) bool { return r.Step == other.Step && r.Value == other.Value }

// SameReports reports whether two trials have reported the same, as far as both went.
func SameReports(a, b *Trial) bool {
	n := min(len(a.Intermediate), len(b.Intermediate))
	return slices.EqualFunc(a.Intermediate[:n], b.Intermediate[:n], Report.Same)
}

// Value returns the first objective value; NaN when there is none.
func (t *Trial) Value() float64 {
	if len(t.Values) == 0 {
		return math.NaN()
	}
	return t.Values[0]
}

// External returns the parameters as the objective receives them.
func (t *Trial) External() map[string]any {
	m := make(map[string]any, len(t.Params))
	for name, v := range t.Params {
		m[name] = t.Distributions[name].External(v)
	}
	return m
}

// ConfigFailed reports whether the trial failed because of its parameters:
// the same configuration would fail again. Samplers avoid its surroundings.
func (t *Trial) ConfigFailed() bool {
	return t.State == Failed &&
		(t.Reason == ReasonDiverged || t.Reason == ReasonOutOfMemory || t.Reason == ReasonBadConfig)
}

// Last returns the report of the highest step.
func (t *Trial) Last() (Report, bool) {
	if len(t.Intermediate) == 0 {
		return Report{}, false
	}
	return t.Intermediate[len(t.Intermediate)-1], true
}

// Duration returns the time between start and end, 0 while it is running.
func (t *Trial) Duration() time.Duration {
	if t.Started.IsZero() || t.Finished.IsZero() {
		return 0
	}
	return t.Finished.Sub(t.Started)
}
