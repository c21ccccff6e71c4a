package search

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"
)

// The defaults of a [Runner].
const (
	DefaultLease       = 2 * time.Minute
	DefaultMaxAttempts = 3
)

// An Ending says why [Runner.Run] came to its end.
type Ending string

// The endings.
const (
	EndBudget  Ending = "budget"  // all trials were run
	EndTimeout Ending = "timeout" // the wall clock ran out
	EndPaused  Ending = "paused"  // the study was paused
	EndStopped Ending = "stopped" // by Stop or the end of the context
	EndFailed  Ending = "failed"  // of the runner; Run also returns the error
	// The following are ends that the budget sets, see [Goals]. Trials that
	// run when one comes are run to their end.
	EndTarget        Ending = "target"
	EndNoImprovement Ending = "no-improvement"
	EndTerminator    Ending = "terminator"
	// EndExhausted is the end of a sampler that is [Finite].
	EndExhausted Ending = "exhausted"
)

// RunnerConfig is what a [Runner] needs. Fields without a default named here
// are required.
type RunnerConfig struct {
	Store   Store
	Study   *Study
	Sampler Sampler
	Pruner  Pruner // nil prunes nothing
	History HistorySource
	// Terminator judges before every new trial whether it is worth its while;
	// nil for none.
	Terminator Terminator
	// NewObjective makes the objective of worker 0, 1, … It is called once a
	// worker.
	NewObjective func(worker int) (Objective, error)
	// Worker names this process to people who look at a running trial.
	Worker string
	// Devices are what the workers are dealt in turn, by the names that people
	// know them by; workers of one name share a device and its memory. Without
	// any all workers share one.
	Devices []string
	// Neighbour reports whether a worker of another process, by its name, may
	// run trials on these devices too; nil: none does.
	Neighbour func(worker string) bool
	// Budget bounds the run; usually the study's own.
	Budget Budget
	// DataDir is the study's data directory; empty when nothing is kept.
	DataDir  string
	Observer Observer // nil observes nothing
	// Lease is how long a trial stays with a worker that gives no sign of
	// life; 0 means DefaultLease.
	Lease time.Duration
	// MaxAttempts bounds the attempts at a trial whose worker disappears, and
	// the runs of a trial whose objective crashes; 0 means DefaultMaxAttempts.
	MaxAttempts int
}

// A Runner keeps a number of workers busy with the trials of a study until
// its budget is spent.
//
// It trusts only the store: trials are claimed under a lease, and a trial
// that was taken over by another worker is dropped without a trace. Any number
// of runners, in any processes, may work on one study.
type Runner struct {
	config RunnerConfig
	asker  *Asker
	goals  Goals
	stop   *stopper
	ended  *broadcast   // a trial of this runner has ended
	active atomic.Int64 // trials of this runner that run
	paused atomic.Bool  // a worker left because the study is paused

	failures failures

	mu       sync.Mutex
	reached  Goal        // a worker left because the study has come to this end
	bearable map[int]int // the neighbours that trials bear which ran out of memory, by number
}

// NewRunner checks the configuration.
func NewRunner(config RunnerConfig) (*Runner, error) {
	if config.Lease == 0 {
		config.Lease = DefaultLease
	}
	if config.MaxAttempts == 0 {
		config.MaxAttempts = DefaultMaxAttempts
	}
	if config.Observer == nil {
		config.Observer = NopObserver{}
	}
	if config.NewObjective == nil {
		return nil, errors.New("a runner needs objectives")
	}
	asker, err := NewAsker(Asker{
		Store: config.Store, Study: config.Study, Sampler: config.Sampler, History: config.History,
		Worker: config.Worker, Lease: config.Lease, MaxAttempts: config.MaxAttempts, Limit: config.Budget.Trials,
	})
	if err != nil {
		return nil, err
	}
	goals := Goals{
		Store: config.Store, Study: config.Study, Budget: config.Budget, Terminator: config.Terminator, History: config.History,
	}
	return &Runner{config: config, asker: asker, goals: goals, stop: newStopper(), ended: newBroadcast(), bearable: map[int]int{}}, nil
}

// Stop ends the run soon: no trial is started any more, running ones are
// asked to write a checkpoint and are given back as WAITING. It does not wait,
// and only the first call counts.
func (r *Runner) Stop(reason StopReason) { r.stop.set(EndStopped, reason, nil) }

// Run runs trials until nothing is left to do, and says why it ended. It may
// be called once.
//
// After the budget is spent it waits, at most a little longer than a lease,
// for trials of other workers, so that one whose worker has disappeared is not
// left behind.
//
// The end of ctx kills running trials at once; they are given back if that can
// still be done within seconds. See [Runner.Stop] for the gentle way. Errors
// are those of the store, the sampler and the pruner, [ErrUnavailable],
// [ErrTooManyFailed] and [ErrFailAlike]; running trials are then stopped as by
// Stop.
func (r *Runner) Run(ctx context.Context) (Ending, error) {
	if limit := r.config.Budget.Timeout; limit > 0 {
		timer := time.AfterFunc(limit, func() { r.stop.set(EndTimeout, StopCancelled, nil) })
		defer timer.Stop()
	}
	var workers sync.WaitGroup
	for index, place := range newPlaces(r.config.Devices, max(1, r.config.Budget.Parallel)) {
		workers.Go(func() {
			if err := r.work(ctx, index, place); err != nil {
				r.stop.set(EndFailed, StopCancelled, err)
			}
		})
	}
	workers.Wait()
	ending, err := r.stop.verdict()
	switch {
	case err != nil:
		return ending, err
	case ctx.Err() != nil:
		return EndStopped, context.Cause(ctx)
	case ending != "":
		return ending, nil
	case r.Goal().Ending != "":
		return r.Goal().Ending, nil
	case r.paused.Load():
		return EndPaused, nil
	}
	return r.nothingLeft(ctx)
}

// nothingLeft tells the two reasons apart why there is nothing to ask for.
func (r *Runner) nothingLeft(ctx context.Context) (Ending, error) {
	counts, err := r.config.Store.Counts(ctx, r.config.Study.ID)
	if err != nil {
		return EndFailed, fmt.Errorf("counting the trials of study %q: %w", r.config.Study.Name, err)
	}
	goal, err := r.goals.Exhausted(ctx, r.config.Sampler, counts)
	switch {
	case err != nil:
		return EndFailed, err
	case goal.Ending == "":
		return EndBudget, nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = goal
	return goal.Ending, nil
}

// Goal returns the goal that made Run end: it says why. There is none when Run
// ended for another reason.
func (r *Runner) Goal() Goal {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.reached
}

// checkGoal reports whether the study has come to an end that its budget sets
// beside the number of trials.
func (r *Runner) checkGoal(ctx context.Context) (bool, error) {
	goal, err := r.goals.Reached(ctx)
	if err != nil || goal.Ending == "" {
		return false, err
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.reached = goal
	return true, nil
}

// work is one worker: it runs one trial after the other.
func (r *Runner) work(ctx context.Context, index int, p *place) (err error) {
	objective, err := r.config.NewObjective(index)
	if err != nil {
		return fmt.Errorf("preparing worker %d: %w", index, err)
	}
	defer func() { err = errors.Join(err, leavePlace(objective, p)) }()
	var idleSince time.Time
	for ctx.Err() == nil && !r.stop.isSet() {
		if err := r.checkFailures(ctx); err != nil {
			return unlessEnded(ctx, err)
		}
		if done, err := r.checkGoal(ctx); err != nil || done {
			return unlessEnded(ctx, err)
		}
		if ok, err := r.takePlace(ctx, objective, p); err != nil || !ok {
			return err
		}
		ended := r.ended.wait() // before asking, so that no end is missed
		t, c, err := r.asker.Ask(ctx)
		switch {
		case errors.Is(err, ErrNothing):
			if err := leavePlace(objective, p); err != nil { // others may need its memory
				return err
			}
			if idleSince.IsZero() {
				idleSince = time.Now()
			}
			if again, err := r.idle(ctx, &idleSince, ended); err != nil || !again {
				return unlessEnded(ctx, err)
			}
		case err != nil:
			return unlessEnded(ctx, err)
		default:
			idleSince = time.Time{}
			r.active.Add(1)
			err := r.runTrial(ctx, objective, p, t, c)
			r.active.Add(-1)
			r.ended.send()
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// unlessEnded drops an error that only says that ctx has ended.
func unlessEnded(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}
