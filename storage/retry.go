package storage

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"
)

// retryPolicy bounds the repetition of what failed without a fault of its
// own. Pauses double from first to longest, each a random part of its length
// so that workers which lost the same server do not come back as one.
type retryPolicy struct {
	// limit is how long a lost connection is tried for, and full how long a
	// server that has no connection left, which others will give back.
	limit, full    time.Duration
	first, longest time.Duration
	// locked is how long a database is waited for that another process holds,
	// and grace how long, after such a wait, leases that ran out in it are left
	// to those who could not renew them.
	locked, grace time.Duration
	// conflicts is how often a transaction is repeated that another one got
	// in the way of.
	conflicts int
}

// serverRetry outlasts the restart of a database server.
var serverRetry = retryPolicy{limit: 2 * time.Minute, full: 2 * time.Minute, first: 50 * time.Millisecond, longest: 5 * time.Second, conflicts: 50}

// conflictPause is the first pause after a conflict, about as long as a short
// transaction; they grow by as much.
const conflictPause = 2 * time.Millisecond

// againKey marks the context of a repetition after a lost connection.
type againKey struct{}

// again reports whether an earlier run of the transaction may have been
// committed without our knowing: its end was lost with the connection.
func again(ctx context.Context) bool {
	marked, _ := ctx.Value(againKey{}).(bool)
	return marked
}

// attempt runs f until it succeeds, fails by a fault of its own, or the
// policy or ctx says that it is enough.
func (s *sqlStore) attempt(ctx context.Context, doing string, f func(ctx context.Context) error) error {
	began := time.Now()
	pause, locked := s.retry.first, false
	for conflicts := 0; ; {
		again := pause
		err := f(ctx)
		if locked && !s.isLocked(err) && ctx.Err() == nil {
			s.lock.over(s.name)
			locked = false
		}
		if err == nil {
			return nil
		}
		if ctx.Err() != nil || isOwnError(err) {
			return s.explain(ctx, doing, err)
		}
		switch {
		case s.conflict(err) && conflicts < s.retry.conflicts:
			conflicts++
			again = min(time.Duration(conflicts)*conflictPause, s.retry.first)
		case s.isLocked(err) && time.Since(began) < s.retry.locked:
			locked = true
			s.lock.found(s.name, time.Since(began))
		case s.isLocked(err) && s.retry.locked > 0:
			err = fmt.Errorf("given up after %s: %w", time.Since(began).Round(time.Second), err)
			return s.explain(ctx, doing, err)
		case s.lost(err) && time.Since(began) < s.patience(err):
			ctx = context.WithValue(ctx, againKey{}, true)
			pause = min(2*pause, s.retry.longest)
		case s.lost(err) && s.retry.limit > 0:
			err = fmt.Errorf("no connection for %s: %w", time.Since(began).Round(time.Second), err)
			return s.explain(ctx, doing, err)
		default:
			return s.explain(ctx, doing, err)
		}
		if !wait(ctx, jitter(again)) {
			return s.explain(ctx, doing, err)
		}
	}
}

// patience is how long what failed with err is tried again.
func (s *sqlStore) patience(err error) time.Duration {
	if s.full != nil && s.full(err) {
		return max(s.retry.limit, s.retry.full)
	}
	return s.retry.limit
}

// jitter returns a random part of d, at least half of it. Nothing that a
// study computes depends on it.
func jitter(d time.Duration) time.Duration {
	return d/2 + time.Duration(rand.Int64N(int64(d/2)+1))
}

// wait reports whether d passed before the end of ctx.
func wait(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// newToken names one call, so that its repetition recognises what it did.
func newToken() int64 { return rand.Int64N(1<<62) + 1 }

// scrubbed is an error whose text shows no secret.
type scrubbed struct {
	err  error
	text string
}

func (e scrubbed) Error() string { return e.text }
func (e scrubbed) Unwrap() error { return e.err }

// scrub replaces secrets in the text of an error. Line breaks, which some
// drivers write, become spaces.
func scrub(err error, secrets []string) error {
	const shortest = 4 // what is shorter is part of any text
	text := err.Error()
	for _, secret := range secrets {
		if len(secret) >= shortest {
			text = strings.ReplaceAll(text, secret, "***")
		}
	}
	text = strings.Join(strings.Fields(text), " ")
	if text == err.Error() {
		return err
	}
	return scrubbed{err, text}
}
