package study

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"strings"

	"github.com/hpsearch/hpsearch/search"
)

// ErrNotRunning is wrapped by the errors about a trial that cannot be told or
// reported on: it has ended, or was never asked for.
var ErrNotRunning = errors.New("trial is not running")

// Report stores an intermediate value of the (first) metric at a step, and
// other measured values if there are any. The same step again replaces the report.
// The error is [search.ErrFenced] when another worker has the trial by now, and
// [search.ErrFinished] when the trial has ended.
func (s *Study) Report(ctx context.Context, number, step int, value float64, others map[string]float64) error {
	claim, err := s.claim(ctx, number)
	if err != nil {
		return err
	}
	metrics := maps.Clone(others)
	if metrics == nil {
		metrics = make(map[string]float64, 1)
	}
	metrics[s.study.Definition.Objective.Metric] = value
	err = s.store.Report(ctx, claim, search.Report{Step: step, Value: value, Metrics: metrics})
	switch {
	case errors.Is(err, search.ErrFinished):
		return fmt.Errorf("step %d of trial %d of study %q is too late, for the trial has ended: %w", step, number, s.study.Name, search.ErrFinished)
	case err != nil:
		return fmt.Errorf("storing step %d of trial %d: %w", step, number, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if h := s.held[number]; h != nil {
		h.last, h.any = step, true
	}
	return nil
}

// ShouldPrune reports whether the pruner would end the trial now, after its
// last report. It is for the caller to end it, with [Study.TellPruned].
func (s *Study) ShouldPrune(ctx context.Context, number int) (bool, error) {
	t, err := s.trial(ctx, number)
	if err != nil {
		return false, err
	}
	t = s.thisAttempt(t)
	if len(t.Intermediate) == 0 {
		return false, nil
	}
	history, err := s.history.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	prune, err := s.pruner.Prune(ctx, history, t)
	if err != nil {
		return false, fmt.Errorf("pruning trial %d: %w", number, err)
	}
	return prune, nil
}

// thisAttempt leaves out the reports of later steps that an earlier attempt
// made: this one has not come that far.
func (s *Study) thisAttempt(t *search.Trial) *search.Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := s.held[t.Number]
	if h == nil {
		return t
	}
	if !h.any {
		trimmed := *t
		trimmed.Intermediate = nil
		return &trimmed
	}
	for i, r := range t.Intermediate {
		if r.Step > h.last {
			trimmed := *t
			trimmed.Intermediate = t.Intermediate[:i:i]
			return &trimmed
		}
	}
	return t
}

// Tell ends a trial with its value, or with one for each objective of the
// study. A value that is NaN or infinite makes it FAIL, as diverged. The same
// values told twice are accepted; the error is [search.ErrFinished] when the
// trial has ended otherwise.
func (s *Study) Tell(ctx context.Context, number int, values ...float64) error {
	names := s.study.Definition.Objective.AllMetrics()
	if len(values) != len(names) {
		return fmt.Errorf("trial %d of study %q needs one value for each metric (%s), not %d",
			number, s.study.Name, strings.Join(names, ", "), len(values))
	}
	metrics := make(map[string]float64, len(names))
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return s.TellFailed(ctx, number, search.ReasonDiverged, fmt.Sprintf("its %s is %v", names[i], v))
		}
		metrics[names[i]] = v
	}
	return s.finish(ctx, number, search.Outcome{State: search.Complete, Values: values, Metrics: metrics})
}

// TellPruned ends a trial as PRUNED, with the last report as its value. In a
// study of several objectives no trial can be judged before its end.
func (s *Study) TellPruned(ctx context.Context, number int) error {
	if s.study.Several() {
		return fmt.Errorf("trial %d of study %q cannot be pruned: it has %d objectives", number, s.study.Name, len(s.study.Directions))
	}
	t, err := s.trial(ctx, number)
	if err != nil {
		return err
	}
	o := search.Outcome{State: search.Pruned}
	if last, ok := s.thisAttempt(t).Last(); ok {
		o.Metrics = last.Metrics
		if !math.IsNaN(last.Value) && !math.IsInf(last.Value, 0) {
			o.Values = []float64{last.Value}
		}
	}
	return s.finish(ctx, number, o)
}

// TellFailed ends a trial as FAIL. The reason is one of package search, such as
// [search.ReasonError]; samplers avoid what failed by its configuration.
func (s *Study) TellFailed(ctx context.Context, number int, reason, message string) error {
	return s.finish(ctx, number, search.Outcome{State: search.Failed, Reason: reason, Message: message})
}

// Release gives a trial back, to be asked for again by anyone.
func (s *Study) Release(ctx context.Context, number int) error {
	claim, err := s.claim(ctx, number)
	if err != nil {
		return err
	}
	s.drop(number)
	if err := s.store.Release(ctx, claim); err != nil {
		return fmt.Errorf("giving back trial %d: %w", number, err)
	}
	return nil
}

func (s *Study) finish(ctx context.Context, number int, o search.Outcome) error {
	claim, err := s.claim(ctx, number)
	if err != nil {
		return err
	}
	err = s.store.Finish(ctx, claim, o)
	if err == nil || errors.Is(err, search.ErrFinished) || errors.Is(err, search.ErrFenced) {
		s.drop(number)
	}
	switch {
	case errors.Is(err, search.ErrFinished):
		return fmt.Errorf("trial %d of study %q has ended with another result, which stays: %w", number, s.study.Name, search.ErrFinished)
	case err != nil:
		return fmt.Errorf("study %q: %w", s.study.Name, err)
	}
	return nil
}

// claim returns the right to write about a trial: that of the Ask, else, for
// a trial that another process asked for, the current attempt's.
func (s *Study) claim(ctx context.Context, number int) (search.Claim, error) {
	s.mu.Lock()
	h := s.held[number]
	s.mu.Unlock()
	if h != nil {
		return h.claim, nil
	}
	t, err := s.trial(ctx, number)
	if err != nil {
		return search.Claim{}, err
	}
	if t.State == search.Waiting {
		return search.Claim{}, fmt.Errorf("trial %d of study %q is waiting to be asked for: %w", number, s.study.Name, ErrNotRunning)
	}
	return search.Claim{StudyID: s.study.ID, TrialID: t.ID, Number: number, Attempt: t.Attempt, Worker: t.Worker}, nil
}

// trial reads a trial.
func (s *Study) trial(ctx context.Context, number int) (*search.Trial, error) {
	t, err := s.store.Trial(ctx, s.study.ID, number)
	if errors.Is(err, search.ErrNotFound) {
		return nil, &noTrialError{study: s.study.Name, number: number}
	}
	if err != nil {
		return nil, fmt.Errorf("reading trial %d of study %q: %w", number, s.study.Name, err)
	}
	return t, nil
}

// A noTrialError is about a trial that the study does not have. It is an
// [ErrNotRunning] and a [search.ErrNotFound].
type noTrialError struct {
	study  string
	number int
}

// Error implements error.
func (e *noTrialError) Error() string {
	return fmt.Sprintf("study %q has no trial %d", e.study, e.number)
}

// Is makes it both.
func (e *noTrialError) Is(target error) bool {
	return target == ErrNotRunning || target == search.ErrNotFound
}
