package search

import "sync"

// A stopper holds the reason why a runner ends before its budget is spent.
type stopper struct {
	done chan struct{} // closed by the first set

	mu     sync.Mutex
	ending Ending
	reason StopReason
	err    error
}

func newStopper() *stopper { return &stopper{done: make(chan struct{})} }

// set stops the runner. Only the first call counts, except that the first
// error is kept whenever it comes.
func (s *stopper) set(ending Ending, reason StopReason, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err == nil && err != nil {
		s.err = err
	}
	if s.ending == "" {
		s.ending, s.reason = ending, reason
		close(s.done)
	}
}

func (s *stopper) isSet() bool {
	select {
	case <-s.done:
		return true
	default:
		return false
	}
}

func (s *stopper) stopReason() StopReason {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.reason
}

// verdict returns why the runner ended; empty when it was not stopped.
func (s *stopper) verdict() (Ending, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.err != nil {
		return EndFailed, s.err
	}
	return s.ending, nil
}

// A broadcast wakes everyone who waits for something to happen.
type broadcast struct {
	mu sync.Mutex
	ch chan struct{}
}

func newBroadcast() *broadcast { return &broadcast{ch: make(chan struct{})} }

// wait returns a channel that the next send closes.
func (b *broadcast) wait() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ch
}

func (b *broadcast) send() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.ch)
	b.ch = make(chan struct{})
}
