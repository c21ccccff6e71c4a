package objective

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
	"github.com/hpsearch/hpsearch/search"
)

// A conversation is about one trial or job: from the message that starts it
// to the result.
type conversation struct {
	child  *child
	number int // of the trial, or JobNumber
	grace  time.Duration
	// stopping is closed when the trainer is to be asked to stop, for the
	// reason that reason then returns. Both may be nil.
	stopping <-chan struct{}
	reason   func() search.StopReason
	// handle is called with every report, checkpoint and progress message. An
	// error ends the conversation at once.
	handle func(protocol.Message) error
}

// run holds the conversation. The end of ctx, an error of handle, a breach of
// the protocol and the end of the grace period leave the trainer dead.
func (c *conversation) run(ctx context.Context, first protocol.Message) (protocol.Result, error) {
	if _, err := protocol.Encode(first); err != nil { // for example too long
		return protocol.Result{}, &search.TrialError{Reason: search.ReasonBadConfig, Message: err.Error(), Cause: err}
	}
	detach := context.AfterFunc(ctx, c.child.kill) // also frees a write to a trainer that does not read
	defer detach()
	if err := c.child.writer.Write(first); err != nil {
		return c.interrupted(ctx, c.unsent())
	}
	var tooLate <-chan time.Time
	stopping := c.stopping
	for {
		select {
		case m, ok := <-c.child.messages:
			if !ok {
				return c.interrupted(ctx, c.ended(tooLate != nil))
			}
			result, done, err := c.receive(m)
			if done || err != nil {
				return result, err
			}
		case <-stopping:
			stopping = nil
			timer := time.NewTimer(c.grace)
			defer timer.Stop()
			tooLate = timer.C
			// A trainer that has just died cannot be told: its messages end.
			_ = c.child.writer.Write(protocol.Stop{Reason: protocol.StopReason(c.reason())})
		case <-tooLate:
			c.abandon()
			return protocol.Result{}, fmt.Errorf("%w: killed, as it went on for %s", search.ErrStopped, c.grace)
		}
	}
}

// receive deals with one message and reports whether it was the last.
func (c *conversation) receive(m protocol.Message) (result protocol.Result, done bool, err error) {
	var number int
	switch m := m.(type) {
	case protocol.Report:
		number = m.Number
	case protocol.Checkpoint:
		number = m.Number
	case protocol.Progress:
		number = m.Number
	case protocol.Result:
		number, result, done = m.Number, m, true
	case protocol.Failed:
		number, err = m.Number, failure(m)
	default:
		c.abandon()
		return result, true, c.breach(fmt.Errorf("it said %s in the middle of the work", m.Type()))
	}
	if number != c.number {
		c.abandon()
		return protocol.Result{}, true, c.breach(fmt.Errorf("it spoke of number %d instead of %d", number, c.number))
	}
	if done || err != nil {
		return result, true, err
	}
	if err := c.handle(m); err != nil {
		c.abandon()
		return protocol.Result{}, true, err
	}
	return result, false, nil
}

// failure turns what a trainer says into the error of an objective.
func failure(m protocol.Failed) error {
	switch m.Reason {
	case protocol.Stopped:
		return search.ErrStopped
	case protocol.Unavailable:
		return unavailable(m.Message)
	}
	return &search.TrialError{Reason: string(m.Reason), Message: m.Message}
}

// unavailable is the trainer's word that it can run no trial at all.
type unavailable string

// Error implements error.
func (u unavailable) Error() string { return string(u) }

// Is makes it a [search.ErrUnavailable].
func (u unavailable) Is(target error) bool { return target == search.ErrUnavailable }

// ended says why the trainer's messages ended too early.
func (c *conversation) ended(stopped bool) error {
	err := c.child.endError()
	var died *DiedError
	switch {
	case errors.As(err, &died) && stopped && died.State.Success():
		return search.ErrStopped // it understood the stop as an order to leave
	case errors.As(err, &died):
		return &search.TrialError{Reason: search.ReasonCrashed, Message: err.Error(), Retry: true, Cause: err}
	}
	return c.breach(err)
}

// unsent says why the first message could not be sent: the trainer has died,
// or has closed its standard input, which comes to the same.
func (c *conversation) unsent() error {
	timer := time.AfterFunc(drainTime, c.child.kill)
	defer timer.Stop()
	for range c.child.messages { // what it said before concerns nobody
	}
	return c.ended(false)
}

// breach is the error for a trainer that does not keep to the protocol.
func (c *conversation) breach(err error) error {
	message := fmt.Sprintf("the trainer %s does not keep to the protocol: %v", c.child.name, err)
	return &search.TrialError{Reason: search.ReasonError, Message: message, Cause: err}
}

// interrupted replaces the error of a trainer that was killed because ctx
// ended.
func (c *conversation) interrupted(ctx context.Context, err error) (protocol.Result, error) {
	if ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	return protocol.Result{}, err
}

// abandon kills the trainer and waits until it is gone.
func (c *conversation) abandon() {
	c.child.kill()
	<-c.child.exited
}
