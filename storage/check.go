package storage

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// maxReason is the longest reason of a FAIL in characters, and maxShown how much
// of a message Optuna's dashboard is given, whose column holds 64 KB on MySQL.
const (
	maxReason = 64
	maxShown  = 8000
)

// readable replaces what PostgreSQL and MySQL refuse to store: a message may be
// whatever a program wrote before it died.
func readable(text string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(text, "\uFFFD"), "\x00", "\uFFFD")
}

// clip returns the first n characters of a text.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	runes := []rune(text)
	return string(runes[:min(n, len(runes))])
}

// isName reports whether every database can store a name.
func isName(name string) bool {
	return name != "" && len(name) <= maxName && readable(name) == name
}

// maxName is the longest study or parameter name, from Optuna's columns.
const maxName = 512

// checkDefinition refuses what cannot be stored; what the definition says is
// checked by whoever reads the study file.
func checkDefinition(def search.Definition) error {
	switch {
	case def.Name == "":
		return refuse("the study has no name")
	case len(def.Name) > maxName:
		return refuse("the study's name has %d bytes: at most %d are allowed", len(def.Name), maxName)
	case !isName(def.Name):
		return refuse("the study's name %q is not readable text", def.Name)
	}
	if err := def.Objective.Check(); err != nil {
		return refuse("study %q: %w", def.Name, err)
	}
	return nil
}

// checkParams refuses parameters without a distribution that holds them.
func checkParams(params map[string]float64, dists map[string]search.Distribution) error {
	for name, v := range params {
		d := dists[name]
		switch {
		case d == nil:
			return refuse("parameter %q has no distribution", name)
		case !isName(name):
			return refuse("parameter name %q: want 1 to %d bytes of readable text", name, maxName)
		case !d.Contains(v):
			return refuse("parameter %q: %v is not in %v", name, v, d)
		}
	}
	for name := range dists {
		if _, ok := params[name]; !ok {
			return refuse("parameter %q has a distribution and no value", name)
		}
	}
	return nil
}

// checkLease refuses a lease that is none.
func checkLease(lease time.Duration) error {
	if lease <= 0 {
		return refuse("lease %s: want more than 0", lease)
	}
	return nil
}

// checkReport refuses a step before the first.
func checkReport(r search.Report) error {
	if r.Step < 0 {
		return refuse("step %d: want 0 or more", r.Step)
	}
	return nil
}

// checkOutcome refuses an outcome that no trial may have and returns it as it
// is stored: only a COMPLETE or PRUNED trial has values, only a FAIL one a
// reason. last is the value of the last report, NaN when there is none.
func checkOutcome(o search.Outcome, objectives int, last float64) (search.Outcome, error) {
	switch o.State {
	case search.Complete:
		if len(o.Values) != max(1, objectives) {
			return o, refuse("a COMPLETE trial has %d values: want %d", len(o.Values), max(1, objectives))
		}
		for _, v := range o.Values {
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return o, refuse("a trial with value %v cannot be COMPLETE: end it as FAIL, for example with reason diverged", v)
			}
		}
	case search.Pruned:
		if len(o.Values) == 0 && objectives < 2 {
			o.Values = []float64{last}
		}
		if len(o.Values) != max(1, objectives) || slices.ContainsFunc(o.Values, math.IsNaN) {
			o.Values = nil
		}
	case search.Failed:
		o.Values = nil
	default:
		return o, refuse("a trial cannot end in state %q: want COMPLETE, PRUNED or FAIL", o.State)
	}
	if o.State != search.Failed {
		o.Reason = ""
	}
	o.Reason, o.Message = clip(readable(o.Reason), maxReason), readable(o.Message)
	o.Values, o.Metrics, o.Artifacts = slices.Clone(o.Values), maps.Clone(o.Metrics), maps.Clone(o.Artifacts)
	return o, nil
}

// trialRef names a trial in messages.
type trialRef struct {
	study  int64
	number int
}

func (t trialRef) String() string { return fmt.Sprintf("trial %d of study %d", t.number, t.study) }

func refOf(c search.Claim) trialRef { return trialRef{c.StudyID, c.Number} }

// checkClaim compares a claim with the trial as it is stored. It returns nil
// when the claim holds and the trial is RUNNING. A claim without a worker's
// name is judged by its attempt alone.
func checkClaim(c search.Claim, number int, state search.State, attempt int, worker string) error {
	switch {
	case c.Number != number || c.Attempt != attempt || c.Worker != "" && c.Worker != worker:
		return fmt.Errorf("attempt %d is over, attempt %d belongs to %q: %w", c.Attempt, attempt, worker, search.ErrFenced)
	case state.Finished():
		return fmt.Errorf("it ended as %s: %w: %w", state, search.ErrFenced, search.ErrFinished)
	case state != search.Running:
		return fmt.Errorf("it was given back: %w", search.ErrFenced)
	}
	return nil
}

// errGone is what a claim on a trial that was deleted gets.
func errGone() error {
	return fmt.Errorf("it does not exist any more: %w: %w", search.ErrFenced, search.ErrNotFound)
}

// lostMessage says why a trial was given up by [search.Store.Claim].
func lostMessage(attempts int) string {
	ended := fmt.Sprintf("%d attempts", attempts)
	if attempts == 1 {
		ended = "the only attempt"
	}
	return ended + " ended without a result: the worker was killed or cut off"
}

// lostReason is the reason of such a trial.
const lostReason = "lost"

// lostOutcome ends a trial whose workers all vanished.
func lostOutcome(attempts int) search.Outcome {
	return search.Outcome{State: search.Failed, Reason: lostReason, Message: lostMessage(attempts)}
}

// isNothing reports whether err says that there is nothing to claim.
func isNothing(err error) bool { return errors.Is(err, search.ErrNothing) }
