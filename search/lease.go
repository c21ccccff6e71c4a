package search

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// How a lease is kept, as parts of its length. It is given up before it runs
// out, because the worker that takes the trial over must not find the old one
// still running: in a cut network both only notice by the clock.
const (
	renewPart  = 0.25 // between renewals
	retryPart  = 0.05 // between the begins of renewals that fail
	giveUpPart = 0.6  // without a renewal
)

// keepLease renews the lease of a claim, in a goroutine, until stop is called;
// stop waits for the goroutine. When the claim is gone, or the lease could
// not be renewed for giveUpPart of its length, lost is called once with the
// reason.
//
// Where the lease cannot be renewed and the store can still be read, the store
// is believed: the trial is this worker's until another one took it over. So
// it is when the database is locked by a process that was suspended in the
// middle of a write: nobody can take anything over. So it is, too, when this
// process itself was suspended and nobody has missed it.
func keepLease(ctx context.Context, store Store, c Claim, lease time.Duration, lost func(error)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	k := &leaseKeeper{store: store, claim: c, lease: lease, giveUp: time.Now().Add(part(lease, giveUpPart))}
	go func() {
		defer close(done)
		if err := k.keep(ctx); err != nil {
			lost(err)
		}
	}()
	return func() { cancel(); <-done }
}

func part(lease time.Duration, p float64) time.Duration { return time.Duration(p * float64(lease)) }

// A leaseKeeper keeps the lease of one claim.
type leaseKeeper struct {
	store  Store
	claim  Claim
	lease  time.Duration
	giveUp time.Time // the claim is given up then, unless it is renewed or seen to hold
}

// keep returns nil when ctx ends.
func (k *leaseKeeper) keep(ctx context.Context) error {
	pause := part(k.lease, renewPart)
	for sleep(ctx, pause) {
		began := time.Now()
		err := k.renew(ctx)
		if err != nil && !k.mayWait() {
			err = k.look(ctx, err)
		}
		switch {
		case err == nil:
			pause = part(k.lease, renewPart)
			continue
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrFenced) || errors.Is(err, ErrFinished):
			return err
		case !time.Now().Before(k.giveUp):
			return fmt.Errorf("the lease of trial %d could not be renewed for %s: %w", k.claim.Number, part(k.lease, giveUpPart), err)
		}
		pause = part(k.lease, retryPart) - time.Since(began)
	}
	return nil
}

// renew renews the lease. It leaves the time for a look before the claim is
// given up, if there is that much.
func (k *leaseKeeper) renew(ctx context.Context) error {
	began := time.Now()
	ctx, cancel := k.before(ctx, k.giveUp.Add(-part(k.lease, retryPart)))
	defer cancel()
	err := k.store.Renew(ctx, k.claim, k.lease)
	if err == nil {
		// The store counts the lease from a moment after began.
		k.giveUp = began.Add(part(k.lease, giveUpPart))
	}
	return err
}

// mayWait reports whether there is time for another renewal.
func (k *leaseKeeper) mayWait() bool {
	return time.Until(k.giveUp) > part(k.lease, retryPart)
}

// look reads whether the claim, whose renewal failed, still holds. If so, it
// is not given up before the next look.
func (k *leaseKeeper) look(ctx context.Context, failure error) error {
	ctx, cancel := k.before(ctx, k.giveUp)
	defer cancel()
	c := &k.claim
	trials, err := k.store.Trials(ctx, c.StudyID, TrialQuery{After: c.Number - 1, Limit: 1, Brief: true})
	switch {
	case err != nil:
		return failure
	case len(trials) == 0 || trials[0].ID != c.TrialID:
		return fmt.Errorf("trial %d does not exist any more: %w", c.Number, ErrFenced)
	case trials[0].State != Running || trials[0].Attempt != c.Attempt || trials[0].Worker != c.Worker:
		return fmt.Errorf("trial %d is %s, attempt %d: %w", c.Number, trials[0].State, trials[0].Attempt, ErrFenced)
	}
	k.giveUp = time.Now().Add(part(k.lease, 3*retryPart))
	return failure
}

// before bounds what is asked of the store by a time, and by retryPart of the
// lease where that is over, because this process was suspended for example.
func (k *leaseKeeper) before(ctx context.Context, deadline time.Time) (context.Context, context.CancelFunc) {
	if least := time.Now().Add(part(k.lease, retryPart)); deadline.Before(least) {
		deadline = least
	}
	return context.WithDeadline(ctx, deadline)
}

// sleep reports whether d passed before the end of ctx.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
