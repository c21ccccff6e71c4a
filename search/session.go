package search

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
)

// A session is the runner's side of one running trial.
type session struct {
	runner *Runner
	claim  Claim
	kill   context.CancelCauseFunc // ends the context that the objective runs under

	reporting sync.Mutex // one report at a time; taken before mu

	mu       sync.Mutex
	trial    *Trial // with the reports so far
	stopping chan struct{}
	reason   StopReason
	stall    *stall
	lost     error // the claim is gone: nothing about the trial may be written
	broken   error // the store, the sampler's history or the pruner failed
}

var _ Session = (*session)(nil)

func newSession(r *Runner, t *Trial, c Claim, kill context.CancelCauseFunc) *session {
	return &session{runner: r, trial: t, claim: c, kill: kill, stopping: make(chan struct{})}
}

// Report implements [Session].
func (s *session) Report(ctx context.Context, step int, metrics map[string]float64) error {
	s.reporting.Lock()
	defer s.reporting.Unlock()
	defer s.alive()
	value, ok := metrics[s.runner.config.Study.Definition.Objective.Metric]
	if !ok {
		s.Progress(Progress{Step: step})
		return s.stopError()
	}
	if err := s.lostError(); err != nil {
		return err
	}
	report := Report{Step: step, Value: value, Metrics: maps.Clone(metrics)}
	if err := s.runner.config.Store.Report(ctx, s.claim, report); err != nil {
		return s.failed(ctx, fmt.Errorf("storing step %d of trial %d: %w", step, s.claim.Number, err))
	}
	t := s.addReport(report)
	s.runner.config.Observer.TrialReported(t, report)
	if err := s.stopError(); err != nil {
		return err
	}
	prune, err := s.prune(ctx, t)
	if err != nil {
		return s.failed(ctx, fmt.Errorf("pruning trial %d at step %d: %w", s.claim.Number, step, err))
	}
	if prune {
		s.requestStop(StopPruned)
	}
	return s.stopError()
}

func (s *session) prune(ctx context.Context, t *Trial) (bool, error) {
	config := &s.runner.config
	if config.Pruner == nil {
		return false, nil
	}
	h, err := config.History.Snapshot(ctx)
	if err != nil {
		return false, err
	}
	return config.Pruner.Prune(ctx, h, t)
}

// failed sorts an error of Report: the trial is lost, or the runner broken,
// or it is only that ctx has ended. The trial cannot go on in any case.
func (s *session) failed(ctx context.Context, err error) error {
	switch {
	case errors.Is(err, ErrFenced) || errors.Is(err, ErrFinished):
		s.lose(err)
	case ctx.Err() == nil:
		s.mu.Lock()
		s.broken = err
		s.mu.Unlock()
		s.kill(err)
	}
	return err
}

// addReport puts a report into the trial. Reports of later steps, from an
// earlier attempt, are dropped: this attempt has not come that far.
func (s *session) addReport(r Report) *Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	earlier := s.trial.Intermediate
	n, _ := slices.BinarySearchFunc(earlier, r.Step, func(e Report, step int) int { return e.Step - step })
	t := *s.trial
	t.Metrics = r.Metrics
	t.Intermediate = append(slices.Clip(earlier[:n]), r)
	s.trial = &t
	return &t
}

// Checkpoint implements [Session].
func (s *session) Checkpoint(step int, path string) {
	s.alive()
	s.runner.config.Observer.TrialCheckpointed(s.current(), step, path)
}

// Progress implements [Session].
func (s *session) Progress(p Progress) {
	s.alive()
	s.runner.config.Observer.TrialProgressed(s.current(), p)
}

// Stopping implements [Session].
func (s *session) Stopping() <-chan struct{} { return s.stopping }

// StopReason implements [Session].
func (s *session) StopReason() StopReason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// requestStop asks the trial to stop; only the first reason counts.
func (s *session) requestStop(reason StopReason) {
	s.mu.Lock()
	first := s.reason == ""
	if first {
		s.reason = reason
	}
	t := s.trial
	s.mu.Unlock()
	if first {
		s.runner.config.Observer.TrialStopping(t, reason)
		close(s.stopping)
	}
}

// stopError returns ErrStopped once a stop was requested.
func (s *session) stopError() error {
	if s.StopReason() != "" {
		return ErrStopped
	}
	return nil
}

// lose notes that the claim is gone, and kills the trial.
func (s *session) lose(err error) {
	s.mu.Lock()
	if s.lost == nil {
		s.lost = err
	}
	s.mu.Unlock()
	s.kill(err)
}

func (s *session) lostError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.lost
}

func (s *session) brokenError() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.broken
}

func (s *session) current() *Trial {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trial
}
