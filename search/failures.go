package search

import (
	"context"
	"errors"
	"fmt"
	"sync"
)

// ErrTooManyFailed is returned by [Runner.Run] when the study has as many
// failed trials as its budget allows.
var ErrTooManyFailed = errors.New("too many trials failed")

// ErrFailAlike is returned by [Runner.Run] when the first trials of a run have
// all failed for the same reason and the budget does not say how many may.
var ErrFailAlike = errors.New("its trials all fail alike")

// failAlike is how many trials at the beginning of a run must fail alike for
// the run to end: a mistake in the program or its data, not in a configuration,
// would spend the whole budget.
const failAlike = 5

// failures is what a run knows about its failed trials. It is safe for
// concurrent use.
type failures struct {
	mu     sync.Mutex
	last   string // the last failure: number, reason and message
	first  string // reason and message of the first trial to end, when it failed
	alike  int    // trials that ended like the first, as long as all did
	differ bool   // one ended otherwise
}

// note takes the end of a trial into account.
func (f *failures) note(number int, o *Outcome) {
	if o == nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	why := o.Reason + ": " + o.Message
	if o.State == Failed {
		f.last = fmt.Sprintf("trial %d, %s", number, why)
	}
	switch {
	case f.differ:
	case o.State != Failed || !atFault(o.Reason) || f.alike > 0 && why != f.first:
		f.differ = true
	default:
		f.first = why
		f.alike++
	}
}

// atFault reports whether a failure for this reason may come from the program.
// A trial that diverged, or had no memory or no time, was run.
func atFault(reason string) bool {
	return reason == ReasonError || reason == ReasonCrashed || reason == ReasonBadConfig
}

// err returns ErrFailAlike when the run had nothing but failures that are
// alike, and enough of them.
func (f *failures) err() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.differ || f.alike < failAlike {
		return nil
	}
	return fmt.Errorf("%w: the first %d of this run with %s", ErrFailAlike, f.alike, f.first)
}

// lastText returns the last failure for a message that goes on with it; empty
// when nothing failed.
func (f *failures) lastText() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.last == "" {
		return ""
	}
	return "; the last one: " + f.last
}

// checkFailures returns ErrTooManyFailed when the study has more failed trials
// than its budget allows, and where that does not say how many, ErrFailAlike.
func (r *Runner) checkFailures(ctx context.Context) error {
	name, limit := r.config.Study.Name, r.config.Budget.MaxFailed
	if limit <= 0 {
		if err := r.failures.err(); err != nil {
			return fmt.Errorf("study %q: %w", name, err)
		}
		return nil
	}
	counts, err := r.config.Store.Counts(ctx, r.config.Study.ID)
	if err != nil {
		return fmt.Errorf("counting the trials of study %q: %w", name, err)
	}
	if counts.Fail < limit {
		return nil
	}
	return fmt.Errorf("study %q: %w: %d, and its budget has max_failed %d%s", name, ErrTooManyFailed, counts.Fail, limit, r.failures.lastText())
}
