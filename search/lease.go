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
	retryPart  = 0.05 // before a failed renewal is tried again
	giveUpPart = 0.6  // without a renewal
)

// keepLease renews the lease of a claim, in a goroutine, until stop is called;
// stop waits for the goroutine. When the claim is gone, or the lease could
// not be renewed for giveUpPart of its length, lost is called once with the
// reason.
func keepLease(ctx context.Context, store Store, c Claim, lease time.Duration, lost func(error)) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		if err := renewUntilLost(ctx, store, c, lease); err != nil {
			lost(err)
		}
	}()
	return func() { cancel(); <-done }
}

// renewUntilLost returns nil when ctx ends.
func renewUntilLost(ctx context.Context, store Store, c Claim, lease time.Duration) error {
	part := func(p float64) time.Duration { return time.Duration(p * float64(lease)) }
	renewed := time.Now()
	pause := part(renewPart)
	for {
		if !sleep(ctx, pause) {
			return nil
		}
		began := time.Now()
		deadline := renewed.Add(part(giveUpPart))
		err := renewBefore(ctx, deadline, store, c, lease)
		switch {
		case err == nil:
			// The store counts the lease from a moment after began.
			renewed, pause = began, part(renewPart)
		case ctx.Err() != nil:
			return nil
		case errors.Is(err, ErrFenced) || errors.Is(err, ErrFinished):
			return err
		case !time.Now().Before(deadline):
			return fmt.Errorf("the lease of trial %d could not be renewed for %s: %w", c.Number, part(giveUpPart), err)
		default:
			pause = min(part(retryPart), time.Until(deadline))
		}
	}
}

func renewBefore(ctx context.Context, deadline time.Time, store Store, c Claim, lease time.Duration) error {
	ctx, cancel := context.WithDeadline(ctx, deadline)
	defer cancel()
	if err := ctx.Err(); err != nil {
		return err // the process was suspended for that long
	}
	return store.Renew(ctx, c, lease)
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
