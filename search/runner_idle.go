package search

import (
	"context"
	"fmt"
	"time"
)

// maxPoll is the longest pause between looks at the store while trials of
// other workers are waited for.
const maxPoll = 5 * time.Second

// idle is called when there is nothing to ask for: since is when that began,
// and ended is closed when a trial of this runner ends. It waits a little and
// reports whether to ask again.
//
// Trials that run elsewhere may come back: their worker releases them, or
// disappears. After a whole lease every disappeared worker has been noticed;
// trials that still run are in good hands. Those of Optuna's workers have no
// lease, so that nobody takes them over: they are not waited for.
func (r *Runner) idle(ctx context.Context, since *time.Time, ended <-chan struct{}) (again bool, err error) {
	study := r.config.Study
	now, err := r.config.Store.Study(ctx, study.Name)
	if err != nil {
		return false, fmt.Errorf("reading study %q: %w", study.Name, err)
	}
	if now.Paused {
		r.paused.Store(true)
		return false, nil
	}
	open, err := r.mayComeBack(ctx)
	if err != nil || open == 0 {
		return false, err
	}
	poll := min(r.config.Lease/4, maxPoll)
	active := r.active.Load()
	if active > 0 {
		*since = time.Now()
	}
	if time.Since(*since) > r.config.Lease+poll {
		return false, nil
	}
	if elsewhere := open - int(active); elsewhere > 0 {
		r.config.Observer.WorkerIdle(elsewhere)
	}
	timer := time.NewTimer(poll)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-ended:
	case <-r.stop.done:
	case <-ctx.Done():
	}
	return true, nil
}

// mayComeBack counts the trials that have not finished and may yet be run here.
func (r *Runner) mayComeBack(ctx context.Context) (int, error) {
	study := r.config.Study
	counts, err := r.config.Store.Counts(ctx, study.ID)
	if err != nil {
		return 0, fmt.Errorf("counting the trials of study %q: %w", study.Name, err)
	}
	if counts.Running == 0 {
		return counts.Waiting, nil
	}
	running, err := r.config.Store.Trials(ctx, study.ID, TrialQuery{States: []State{Running}, After: -1, Brief: true})
	if err != nil {
		return 0, fmt.Errorf("reading the running trials of study %q: %w", study.Name, err)
	}
	open := counts.Waiting
	for _, t := range running {
		if t.Attempt > 0 { // ours, under a lease
			open++
		}
	}
	return open, nil
}
