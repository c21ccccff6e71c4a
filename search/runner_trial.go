package search

import (
	"context"
	"errors"
	"fmt"
	"math"
)

// runTrial runs a claimed trial to its end and stores what became of it. An
// error ends the runner.
func (r *Runner) runTrial(ctx context.Context, objective Objective, p *place, t *Trial, c Claim) error {
	trialCtx, kill := context.WithCancelCause(ctx)
	defer kill(nil)
	s := newSession(r, t, c, kill)
	saveCtx, cancel := saveContext(ctx)
	defer cancel()
	releaseLease := keepLease(saveCtx, r.config.Store, c, r.config.Lease, s.lose)
	r.config.Observer.TrialStarted(t)

	watched := make(chan struct{})
	go func() {
		defer close(watched)
		select {
		case <-r.stop.done:
			s.requestStop(r.stop.stopReason())
		case <-trialCtx.Done():
		}
	}()
	result, runErr := r.placed(trialCtx, objective, p, s)
	kill(nil)
	<-watched

	end, fatal := r.settle(ctx, s, p, result, runErr)
	p.end()
	end, saveErr := r.save(saveCtx, s, end)
	releaseLease()
	r.config.Observer.TrialEnded(s.current(), end)
	if fatal != nil {
		return fatal // that the trial could not be given back then has the same cause
	}
	return saveErr
}

// placed runs the trial where there is room for it.
func (r *Runner) placed(ctx context.Context, objective Objective, p *place, s *session) (Result, error) {
	if err := r.makeRoom(ctx, objective, p, s.current()); err != nil {
		if r.stop.isSet() {
			s.requestStop(r.stop.stopReason())
		}
		return Result{}, err
	}
	p.begin()
	if limit := r.config.Budget.StallTimeout; limit > 0 {
		defer s.watch(limit)()
	}
	return r.attempt(ctx, objective, s)
}

// attempt runs the trial, and again when its objective crashes.
func (r *Runner) attempt(ctx context.Context, objective Objective, s *session) (Result, error) {
	task := NewTask(r.config.Study, s.current(), r.config.DataDir)
	for run := 1; ; run++ {
		if r.stop.isSet() {
			s.requestStop(r.stop.stopReason())
			return Result{}, ErrStopped
		}
		s.alive()
		result, err := objective.Run(ctx, task, s)
		var failure *TrialError
		if err == nil || !errors.As(err, &failure) || !failure.Retry {
			return result, err
		}
		if run >= r.config.MaxAttempts || ctx.Err() != nil || s.StopReason() != "" {
			return result, err
		}
		r.config.Observer.TrialRetried(s.current(), failure)
	}
}

// settle decides what becomes of the trial. The error, if any, ends the
// runner.
func (r *Runner) settle(ctx context.Context, s *session, p *place, result Result, runErr error) (TrialEnd, error) {
	var failure *TrialError
	failed := errors.As(runErr, &failure)
	own := failed && !failure.Retry // the configuration's own failure
	reason := s.StopReason()
	full, isFull := isOutOfMemory(runErr)
	switch {
	case runErr == nil:
		return TrialEnd{Outcome: r.completed(s, result)}, nil
	case s.lostError() != nil:
		return TrialEnd{Lost: s.lostError()}, nil
	case s.brokenError() != nil:
		return TrialEnd{Released: true}, s.brokenError()
	case s.hasStalled():
		message := fmt.Sprintf("it gave no sign of life for %s (budget: stall_timeout)", r.config.Budget.StallTimeout)
		return TrialEnd{Outcome: r.failedOutcome(s, ReasonTimeout, message)}, nil
	case errors.Is(runErr, ErrUnavailable):
		return TrialEnd{Released: true}, fmt.Errorf("trial %d: %w", s.claim.Number, runErr)
	case isFull && reason != StopPruned:
		return r.outOfMemory(ctx, s, p, full)
	case own:
		return TrialEnd{Outcome: r.failedOutcome(s, failure.Reason, failure.Message)}, nil
	case reason == StopPruned:
		return TrialEnd{Outcome: prunedOutcome(s.current())}, nil
	case reason != "" || ctx.Err() != nil:
		return TrialEnd{Released: true}, nil
	case failed:
		return TrialEnd{Outcome: r.failedOutcome(s, failure.Reason, failure.Message)}, nil
	case errors.Is(runErr, ErrStopped):
		return TrialEnd{Outcome: r.failedOutcome(s, ReasonError, "it stopped without being asked to")}, nil
	}
	return TrialEnd{Outcome: r.failedOutcome(s, ReasonError, runErr.Error())}, nil
}

// completed is the outcome of a trial that ran to its end.
func (r *Runner) completed(s *session, result Result) *Outcome {
	objective := &r.config.Study.Definition.Objective
	values, err := objective.values(result)
	if err != nil {
		o := r.failedOutcome(s, ReasonError, err.Error())
		o.Metrics, o.Artifacts = result.Metrics, result.Artifacts
		return o
	}
	for i, v := range values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			o := r.failedOutcome(s, ReasonDiverged, fmt.Sprintf("its %s is %v", objective.AllMetrics()[i], v))
			o.Metrics, o.Artifacts = result.Metrics, result.Artifacts
			return o
		}
	}
	return &Outcome{State: Complete, Values: values, Metrics: result.Metrics, Artifacts: result.Artifacts}
}

func (r *Runner) failedOutcome(s *session, reason, message string) *Outcome {
	return &Outcome{State: Failed, Reason: reason, Message: message, Metrics: s.current().Metrics}
}

// prunedOutcome keeps the last reported value, if it is a number.
func prunedOutcome(t *Trial) *Outcome {
	o := &Outcome{State: Pruned, Metrics: t.Metrics}
	if last, ok := t.Last(); ok && !math.IsNaN(last.Value) && !math.IsInf(last.Value, 0) {
		o.Values = []float64{last.Value}
	}
	return o
}

// save stores how the trial ended and returns what really became of it.
func (r *Runner) save(ctx context.Context, s *session, end TrialEnd) (TrialEnd, error) {
	var err error
	switch {
	case end.Lost != nil:
		return end, nil
	case end.NeedsRoom != "":
		err = r.config.Store.Requeue(ctx, s.claim, ReasonOutOfMemory, end.NeedsRoom)
	case end.Released:
		err = r.config.Store.Release(ctx, s.claim)
	default:
		outcome := *end.Outcome
		outcome.Reports = s.current().Intermediate
		err = r.config.Store.Finish(ctx, s.claim, outcome)
	}
	switch {
	case err == nil:
		r.failures.note(s.claim.Number, end.Outcome)
		return end, nil
	case errors.Is(err, ErrFenced) || errors.Is(err, ErrFinished):
		return TrialEnd{Lost: err}, nil
	}
	err = fmt.Errorf("ending trial %d: %w", s.claim.Number, err)
	return TrialEnd{Lost: err}, err
}
