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
// trials that still run are in good hands.
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
	counts, err := r.config.Store.Counts(ctx, study.ID)
	if err != nil {
		return false, fmt.Errorf("counting the trials of study %q: %w", study.Name, err)
	}
	if counts.Waiting+counts.Running == 0 {
		return false, nil
	}
	poll := min(r.config.Lease/4, maxPoll)
	active := r.active.Load()
	if active > 0 {
		*since = time.Now()
	}
	if time.Since(*since) > r.config.Lease+poll {
		return false, nil
	}
	if foreign := counts.Waiting + counts.Running - int(active); foreign > 0 {
		r.config.Observer.WorkerIdle(foreign)
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
