package search

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"time"
)

// A HistorySource gives snapshots of a study for its sampler and pruner. It
// is safe for concurrent use.
type HistorySource interface {
	// Snapshot returns the study as it is now.
	Snapshot(ctx context.Context) (*History, error)
}

// An Asker gives out trials to run: first those that wait or whose worker
// disappeared, then new ones that its sampler suggests. It is safe for
// concurrent use; the fields must not change after the first Ask.
type Asker struct {
	Store   Store
	Study   *Study
	Sampler Sampler
	History HistorySource
	Worker  string        // who runs the trials, for people
	Lease   time.Duration // how long a trial is held without being renewed
	// MaxAttempts bounds how often a trial is taken over, see [Store.Claim].
	MaxAttempts int
	// Limit is the total number of trials of the study, 0 for no limit.
	Limit int

	turn    chan struct{} // holds one token: suggestions are made one at a time
	contest contest       // with other processes; for who has the turn
	earlier []*Trial      // of the study that this one is warm-started from
	warm    bool          // earlier was read
	sure    bool          // the next snapshot is believed about the next number
}

// NewAsker checks the fields of a, which it takes over, and makes it ready.
func NewAsker(a Asker) (*Asker, error) {
	switch {
	case a.Store == nil || a.Study == nil || a.Sampler == nil || a.History == nil:
		return nil, errors.New("an asker needs a store, a study, a sampler and a history")
	case a.Lease <= 0:
		return nil, fmt.Errorf("lease %s must be positive", a.Lease)
	case a.MaxAttempts < 1:
		return nil, fmt.Errorf("at most %d attempts: want at least 1", a.MaxAttempts)
	}
	a.turn = make(chan struct{}, 1)
	return &a, nil
}

// Ask returns a RUNNING trial with its parameters and the claim to it. It
// returns [ErrNothing] when nothing waits and no new trial may be started: the
// limit is reached, the study is paused, or the sampler says ErrNothing.
//
// Within one process suggestions are made one after the other, so that each
// sees the ones before it. An enqueued trial whose values the space refuses
// is ended as FAIL, and the next one is looked at.
func (a *Asker) Ask(ctx context.Context) (*Trial, Claim, error) {
	select {
	case a.turn <- struct{}{}:
		defer func() { <-a.turn }()
	case <-ctx.Done():
		return nil, Claim{}, context.Cause(ctx)
	}
	for {
		t, c, err := a.Store.Claim(ctx, a.Study.ID, a.Worker, a.Lease, a.MaxAttempts)
		if errors.Is(err, ErrNothing) {
			return a.start(ctx)
		}
		if err != nil {
			return nil, Claim{}, fmt.Errorf("claiming a trial of study %q: %w", a.Study.Name, err)
		}
		t, err = a.complete(ctx, t, c)
		if err != nil {
			return nil, Claim{}, err
		}
		if t != nil {
			return t, c, nil
		}
	}
}

// complete suggests what a claimed trial still lacks. It returns no trial
// when the trial has ended or belongs to another worker.
func (a *Asker) complete(ctx context.Context, t *Trial, c Claim) (*Trial, error) {
	if len(t.Params) > 0 {
		return t, nil
	}
	h, err := a.snapshot(ctx)
	if err != nil {
		return nil, a.unsuggested(ctx, t, c, err)
	}
	params, err := a.suggest(ctx, h, t.Number, t.Fixed)
	if err != nil {
		return nil, a.unsuggested(ctx, t, c, err)
	}
	dists := a.Study.Definition.Space.distributions(params)
	err = a.Store.SetParams(ctx, c, params, dists)
	if errors.Is(err, ErrFenced) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("storing the parameters of trial %d: %w", t.Number, err)
	}
	completed := *t
	completed.Params, completed.Distributions = params, dists
	return &completed, nil
}

// unsuggested deals with a claimed trial for which nothing could be
// suggested. Values that it was enqueued with are its own fault; anything
// else is the sampler's, and the trial is given back.
func (a *Asker) unsuggested(ctx context.Context, t *Trial, c Claim, cause error) error {
	if len(t.Fixed) == 0 || ctx.Err() != nil {
		saveCtx, cancel := saveContext(ctx)
		defer cancel()
		return errors.Join(cause, a.Store.Release(saveCtx, c))
	}
	err := a.Store.Finish(ctx, c, Outcome{State: Failed, Reason: ReasonBadConfig, Message: cause.Error()})
	if err != nil && !errors.Is(err, ErrFenced) {
		return fmt.Errorf("ending trial %d: %w", t.Number, err)
	}
	return nil
}

// start suggests and creates the next trial.
func (a *Asker) start(ctx context.Context) (*Trial, Claim, error) {
	for {
		began := time.Now()
		t, c, err := a.tryStart(ctx)
		if errors.Is(err, ErrNumberTaken) {
			// Another process was quicker: the suggestion is void.
			a.sure = false
			if err := a.contest.lost(ctx, time.Since(began)); err != nil {
				return nil, Claim{}, err
			}
			continue
		}
		if err == nil {
			a.sure = true
			a.contest.won()
		}
		return t, c, err
	}
}

// tryStart is start where nobody else is quicker, else ErrNumberTaken.
func (a *Asker) tryStart(ctx context.Context) (*Trial, Claim, error) {
	h, number, err := a.next(ctx)
	if err != nil {
		return nil, Claim{}, err
	}
	params, err := a.suggest(ctx, h, number, nil)
	if err != nil {
		return nil, Claim{}, err
	}
	dists := a.Study.Definition.Space.distributions(params)
	c, err := a.Store.Start(ctx, a.Study.ID, NewTrial{
		Number: number, Params: params, Distributions: dists,
	}, a.Worker, a.Lease, a.Limit)
	switch {
	case errors.Is(err, ErrNothing):
		return nil, Claim{}, ErrNothing
	case err != nil:
		return nil, Claim{}, fmt.Errorf("starting trial %d of study %q: %w", number, a.Study.Name, err)
	}
	return &Trial{
		ID: c.TrialID, Number: c.Number, State: Running, Attempt: c.Attempt, Worker: c.Worker,
		Params: params, Distributions: dists, Started: time.Now(),
	}, c, nil
}

// next returns the number of the next trial and the history to suggest it
// from; ErrNothing when the study has all of its trials.
//
// Mostly the snapshot knows the number. The store is asked at first, so that a
// study of which nothing is left is not read, and when a start was in vain: a
// server that crashed may have forgotten trials that the snapshot still has.
func (a *Asker) next(ctx context.Context) (h *History, number int, err error) {
	if !a.sure {
		counts, err := a.Store.Counts(ctx, a.Study.ID)
		if err != nil {
			return nil, 0, fmt.Errorf("counting the trials of study %q: %w", a.Study.Name, err)
		}
		number = counts.Total() // trials are numbered without gaps
		if a.spent(number) {
			return nil, 0, ErrNothing
		}
	}
	if h, err = a.snapshot(ctx); err != nil {
		return nil, 0, err
	}
	if a.sure {
		number = h.Next
	}
	if a.spent(number) {
		return nil, 0, ErrNothing
	}
	return h, number, nil
}

// spent reports whether the study may not have a trial of that number.
func (a *Asker) spent(number int) bool { return a.Limit > 0 && number >= a.Limit }

// snapshot returns what the sampler is to see.
func (a *Asker) snapshot(ctx context.Context) (*History, error) {
	h, err := a.History.Snapshot(ctx)
	if err != nil {
		return nil, fmt.Errorf("reading the history of study %q: %w", a.Study.Name, err)
	}
	return a.withEarlier(ctx, h)
}

func (a *Asker) suggest(ctx context.Context, h *History, number int, enqueued map[string]any) (map[string]float64, error) {
	fixed := make(map[string]any, len(a.Study.Definition.Train)+len(enqueued))
	maps.Copy(fixed, a.Study.Definition.Train)
	maps.Copy(fixed, enqueued)
	params, err := a.Sampler.Suggest(ctx, h, number, a.Study.Definition.Space, fixed)
	if err != nil {
		return nil, fmt.Errorf("suggesting trial %d of study %q: %w", number, a.Study.Name, err)
	}
	return params, nil
}

// distributions returns the distributions of the parameters that have a value.
func (s Space) distributions(params map[string]float64) map[string]Distribution {
	dists := make(map[string]Distribution, len(params))
	for _, p := range s {
		if _, ok := params[p.Name]; ok {
			dists[p.Name] = p.Distribution
		}
	}
	return dists
}

// saveTimeout is how long writes about a trial may go on after the context
// that it ran under has ended.
const saveTimeout = 5 * time.Second

// saveContext returns a context for writes that must still be tried when ctx
// has ended: it ends saveTimeout after ctx does.
func saveContext(ctx context.Context) (context.Context, context.CancelFunc) {
	save, cancel := context.WithCancel(context.WithoutCancel(ctx))
	detach := context.AfterFunc(ctx, func() { time.AfterFunc(saveTimeout, cancel) })
	return save, func() { detach(); cancel() }
}
