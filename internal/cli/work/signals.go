package work

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/search"
)

// stopper is the part of a runner that an interrupt needs.
type stopper interface{ Stop(search.StopReason) }

// signals turns the first interrupt into a gentle stop and the second into
// the end of the context.
type signals struct {
	stop func() // stops watching

	mu  sync.Mutex
	err error
}

// watch begins to watch for interrupts.
func watch(ctx context.Context, j *Job, runner stopper, shown display) (context.Context, *signals) {
	ctx, cancel := context.WithCancel(ctx)
	arrived := make(chan os.Signal, 2)
	signal.Notify(arrived, os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	done := make(chan struct{})
	s := &signals{stop: sync.OnceFunc(func() {
		signal.Stop(arrived)
		close(done)
		cancel()
	})}
	go func() {
		for first := true; ; first = false {
			select {
			case sig := <-arrived:
				if !first {
					cancel()
					return
				}
				s.first(j, runner, shown, sig)
			case <-done:
				return
			}
		}
	}()
	return ctx, s
}

func (s *signals) first(j *Job, runner stopper, shown display, sig os.Signal) {
	s.mu.Lock()
	s.err = app.ErrInterrupted
	reason := search.StopCancelled
	if sig == syscall.SIGTERM {
		reason = search.StopPreempted
		if j.Preemptible {
			s.err = app.ErrPreempted
		}
	}
	s.mu.Unlock()
	shown.say("Stopping: running trials write a checkpoint and are given back; once more stops at once.")
	runner.Stop(reason)
}

// caught returns the error for the signal that came, nil when none did.
func (s *signals) caught() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.err
}
