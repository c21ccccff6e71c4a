package objective

import (
	"errors"
	"io"
	"os"
	"sync"
	"time"
)

// A pipeCopy passes on what another process writes to a pipe, and can wait
// until all that it has written so far has been passed on. os/exec's own copies
// cannot: what they have yet to read when the trainer sends its result would
// end up in the log of the next trial. It is safe for concurrent use.
type pipeCopy struct {
	from *os.File // the end that is read
	to   io.Writer

	mu       sync.Mutex // held by drain and finish
	finished bool
	requests chan chan struct{} // of drain; closed ones are answered
	done     chan struct{}      // closed when nothing more is passed on
}

// newPipeCopy returns the copy, which is under way, and the end of the pipe
// that the other process is to write to. The caller closes it.
func newPipeCopy(to io.Writer) (*pipeCopy, *os.File, error) {
	from, write, err := os.Pipe()
	if err != nil {
		return nil, nil, err
	}
	c := &pipeCopy{from: from, to: to, requests: make(chan chan struct{}, 1), done: make(chan struct{})}
	go c.run()
	return c, write, nil
}

// run copies until the other end is closed everywhere or finish has waited for
// that long enough. A deadline that passes wakes it for drain.
func (c *pipeCopy) run() {
	defer close(c.done)
	buf := make([]byte, 32<<10)
	for {
		n, err := c.from.Read(buf)
		_, _ = c.to.Write(buf[:n]) // what comes after a failed write concerns the writer
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			select {
			case answer := <-c.requests:
				_ = c.from.SetReadDeadline(time.Time{})
				copyWaiting(c.to, c.from, buf)
				close(answer)
			default:
				return
			}
		case err != nil:
			return
		}
	}
}

// drain returns when what was written before the call has been passed on.
func (c *pipeCopy) drain() {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return
	}
	answer := make(chan struct{})
	c.requests <- answer
	if err := c.from.SetReadDeadline(time.Unix(1, 0)); err != nil {
		<-c.requests // where pipes have no deadlines, nothing can be waited for
		return
	}
	select {
	case <-answer:
	case <-c.done:
		select {
		case <-c.requests:
		default:
		}
	}
}

// finish waits for the end of what is written, at most for the given time, and
// closes the pipe.
func (c *pipeCopy) finish(wait time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.finished {
		return
	}
	c.finished = true
	if err := c.from.SetReadDeadline(time.Now().Add(wait)); err != nil {
		timer := time.AfterFunc(wait, func() { _ = c.from.Close() })
		defer timer.Stop()
	}
	<-c.done
	_ = c.from.Close()
}
