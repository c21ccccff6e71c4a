package search

import (
	"errors"
	"time"
)

// errStalled is why a trial that has stalled is killed.
var errStalled = errors.New("the trial gave no sign of life")

// A stall watches for one; the session's mu guards it.
type stall struct {
	limit time.Duration
	timer *time.Timer
	found bool
}

// watch kills the trial when it gives no sign of life for as long as limit.
// The caller calls stop when the trial is over.
func (s *session) watch(limit time.Duration) (stop func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	timer := time.AfterFunc(limit, s.stalled)
	s.stall = &stall{limit: limit, timer: timer}
	return func() { timer.Stop() }
}

// alive notes a sign of life.
func (s *session) alive() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stall != nil && !s.stall.found {
		s.stall.timer.Reset(s.stall.limit)
	}
}

// stalled kills the trial, unless it was asked to stop: how long that may take
// is for the objective to bound.
func (s *session) stalled() {
	s.mu.Lock()
	stopping := s.reason != ""
	s.stall.found = !stopping
	s.mu.Unlock()
	if !stopping {
		s.kill(errStalled)
	}
}

func (s *session) hasStalled() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.stall != nil && s.stall.found
}
