package study

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// renewals is the number of times that a lease is renewed in its length.
const renewals = 4

// hold keeps a claim, and its lease, until the trial is told.
func (s *Study) hold(claim search.Claim) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held[claim.Number] = &held{claim: claim}
	if s.stop == nil && !s.detached {
		ctx, cancel := context.WithCancel(context.Background())
		done := make(chan struct{})
		go func() {
			defer close(done)
			s.renew(ctx)
		}()
		s.stop = func() { cancel(); <-done }
	}
}

func (s *Study) drop(number int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.held, number)
}

// renew renews the leases of what is held until ctx ends. That
// fails is no matter here: it is tried again in time, and the next write about
// a trial that is gone says so.
func (s *Study) renew(ctx context.Context) {
	ticker := time.NewTicker(max(s.lease/renewals, time.Millisecond))
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
		for _, claim := range s.claims() {
			_ = s.store.Renew(ctx, claim, s.lease)
		}
	}
}

// claims returns what is held, by number.
func (s *Study) claims() []search.Claim {
	s.mu.Lock()
	defer s.mu.Unlock()
	claims := make([]search.Claim, 0, len(s.held))
	for _, number := range slices.Sorted(maps.Keys(s.held)) {
		claims = append(claims, s.held[number].claim)
	}
	return claims
}

// Close gives back the trials that were asked for and not told, as WAITING.
// It does not close the store. Nothing may be called after it.
func (s *Study) Close(ctx context.Context) error {
	s.mu.Lock()
	stop := s.stop
	s.stop = nil
	s.mu.Unlock()
	if stop != nil {
		stop()
	}
	if s.detached {
		return nil
	}
	var failures []error
	for _, claim := range s.claims() {
		err := s.store.Release(ctx, claim)
		if err != nil && !errors.Is(err, search.ErrFenced) && !errors.Is(err, search.ErrFinished) {
			failures = append(failures, err)
		}
		s.drop(claim.Number)
	}
	return errors.Join(failures...)
}
