package search

import (
	"context"
	"errors"
	"fmt"
)

// Trials that share a device share its memory. One that runs out of it beside
// others has perhaps only come at a bad time: it is given back, marked with
// ReasonOutOfMemory, and runs again beside half as many at most, in the end
// alone. That ends for certain: each time in one process halves the number,
// and a mark that another process made means alone.

// takePlace gets the worker a place on its device before it asks for a trial.
// It keeps the one it has, with its warm objective, unless another worker
// waits. Without a place it reports false: the run is at its end.
func (r *Runner) takePlace(ctx context.Context, objective Objective, p *place) (bool, error) {
	if _, mayKeep := p.keep(); mayKeep {
		return true, nil
	}
	return r.waitForPlace(ctx, objective, p, unlimited)
}

// waitForPlace leaves the place, if it is held, and waits for it anew, to have
// at most limit neighbours there.
func (r *Runner) waitForPlace(ctx context.Context, objective Objective, p *place, limit int) (bool, error) {
	if held, _ := p.keep(); held {
		if err := leavePlace(objective, p); err != nil {
			return false, err
		}
	}
	select {
	case <-p.enter(limit):
		return true, nil
	case <-r.stop.done:
	case <-ctx.Done():
	}
	p.leave()
	return false, nil
}

// leavePlace frees what the objective holds, and only then lets others onto
// the device.
func leavePlace(objective Objective, p *place) error {
	defer p.leave()
	return objective.Close()
}

// makeRoom waits, for a trial that has run out of memory before, until there
// are few enough neighbours.
func (r *Runner) makeRoom(ctx context.Context, objective Objective, p *place, t *Trial) error {
	if t.Reason != ReasonOutOfMemory {
		return nil
	}
	r.mu.Lock()
	limit := r.bearable[t.Number] // 0 where another process has marked it
	r.mu.Unlock()
	ok, err := r.waitForPlace(ctx, objective, p, limit)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", ErrUnavailable, err)
	case ctx.Err() != nil:
		return context.Cause(ctx)
	case !ok:
		return ErrStopped
	}
	return nil
}

// outOfMemory decides what becomes of a trial that has run out of memory: it
// is given back to run with fewer neighbours, unless it had none.
func (r *Runner) outOfMemory(ctx context.Context, s *session, p *place, failure *TrialError) (TrialEnd, error) {
	t := s.current()
	if n := p.neighbours(); n > 0 {
		limit := n / 2
		r.mu.Lock()
		r.bearable[t.Number] = limit
		r.mu.Unlock()
		return TrialEnd{Released: true, NeedsRoom: fmt.Sprintf("%s (beside %s on %s: it runs again %s)",
			failure.Message, others(n), p.device, beside(limit))}, nil
	}
	foreign, err := r.foreignNeighbours(ctx)
	if err != nil {
		return TrialEnd{Released: true}, err
	}
	marked := t.Reason == ReasonOutOfMemory
	message := failure.Message
	switch {
	case foreign > 0 && !marked:
		return TrialEnd{Released: true, NeedsRoom: fmt.Sprintf("%s (beside %s of other processes: it runs again once)",
			message, others(foreign))}, nil
	case foreign > 0:
		message = fmt.Sprintf("%s (again, with %s of other processes on this machine: end those to give it room)", message, others(foreign))
	case marked || p.device.workers > 1:
		message = fmt.Sprintf("%s (although it ran alone on %s)", message, p.device)
	}
	return TrialEnd{Outcome: r.failedOutcome(s, failure.Reason, message)}, nil
}

// foreignNeighbours counts the trials of other processes that may run on the
// devices of this one.
func (r *Runner) foreignNeighbours(ctx context.Context) (int, error) {
	if r.config.Neighbour == nil {
		return 0, nil
	}
	ctx, cancel := saveContext(ctx)
	defer cancel()
	study := r.config.Study
	running, err := r.config.Store.Trials(ctx, study.ID, TrialQuery{States: []State{Running}, After: -1, Brief: true})
	if err != nil {
		return 0, fmt.Errorf("reading the running trials of study %q: %w", study.Name, err)
	}
	n := 0
	for _, t := range running {
		if t.Worker != r.config.Worker && r.config.Neighbour(t.Worker) {
			n++
		}
	}
	return n, nil
}

// isOutOfMemory returns the failure of a trial that has run out of memory.
func isOutOfMemory(err error) (*TrialError, bool) {
	var failure *TrialError
	found := errors.As(err, &failure) && failure.Reason == ReasonOutOfMemory && !failure.Retry
	return failure, found
}

func others(n int) string {
	if n == 1 {
		return "1 other trial"
	}
	return fmt.Sprintf("%d other trials", n)
}

func beside(limit int) string {
	if limit == 0 {
		return "alone"
	}
	return "beside at most " + others(limit)
}
