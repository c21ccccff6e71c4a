package objective

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

// drainTime is how long the pipes of a dead trainer are read: a process that
// it left behind may hold them open.
const drainTime = 2 * time.Second

// A child is a trainer that is up, or was.
type child struct {
	name       string
	cmd        *exec.Cmd
	stdin      io.WriteCloser
	writer     *protocol.Writer
	stderr     *stderrTail
	stderrPipe *pipeCopy // from its standard error to stderr
	hello      protocol.Hello

	// messages is closed when the trainer says nothing more: readErr then
	// tells why, io.EOF when it left or was killed.
	messages chan protocol.Message
	readErr  error

	// exited is closed when the process is gone and all it wrote was read;
	// waitErr is then what exec.Cmd.Wait returned.
	exited  chan struct{}
	waitErr error

	killOnce sync.Once
	killed   chan struct{} // closed by kill
	stdout   *io.PipeReader
}

// launch starts the program in a process group of its own.
func launch(config ProcessConfig, env []string, stderr *stderrTail) (*child, error) {
	cmd := exec.Command(config.Command[0], config.Command[1:]...)
	cmd.Env = env
	cmd.Dir = config.Dir
	cmd.WaitDelay = drainTime
	ownGroup(cmd)
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, output := io.Pipe()
	c := &child{
		name: config.Command[0], cmd: cmd, stdin: stdin, writer: protocol.NewWriter(stdin), stdout: stdout,
		stderr:   stderr,
		messages: make(chan protocol.Message), exited: make(chan struct{}), killed: make(chan struct{}),
	}
	var write *os.File
	if c.stderrPipe, write, err = newPipeCopy(stderr); err != nil {
		_ = stdin.Close()
		return nil, err
	}
	cmd.Stdout, cmd.Stderr = output, write
	err = cmd.Start()
	_ = write.Close()
	if err != nil {
		_ = stdin.Close()
		c.stderrPipe.finish(0)
		return nil, err
	}
	go c.read()
	go func() {
		c.waitErr = cmd.Wait()
		killGroup(cmd) // whatever it left behind
		_ = output.Close()
		c.stderrPipe.finish(drainTime)
		stderr.detach()
		close(c.exited)
	}()
	return c, nil
}

// read passes messages on until there are no more.
func (c *child) read() {
	defer close(c.messages)
	reader := protocol.NewReader(c.stdout)
	for {
		m, err := reader.Read()
		if err != nil {
			c.readErr = err
			_ = c.stdout.Close() // let the rest pass, so that Wait can return
			return
		}
		select {
		case c.messages <- m:
		case <-c.killed:
			c.readErr = io.EOF
			_ = c.stdout.Close()
			return
		}
	}
}

// kill ends the trainer's process group. It does not wait.
func (c *child) kill() {
	c.killOnce.Do(func() {
		close(c.killed)
		_ = c.stdin.Close()
		select {
		case <-c.exited: // its number may belong to another process by now
		default:
			killGroup(c.cmd)
		}
	})
}

// dead reports whether the trainer is gone or is being killed.
func (c *child) dead() bool {
	select {
	case <-c.killed:
		return true
	case <-c.exited:
		return true
	default:
		return false
	}
}

// leave ends the trainer's standard input, waits until it is gone, and kills
// it after the grace period.
func (c *child) leave(grace time.Duration) {
	_ = c.stdin.Close()
	timer := time.AfterFunc(grace, c.kill)
	defer timer.Stop()
	for range c.messages { // what it still says concerns nobody
	}
	<-c.exited
	c.kill() // release what waits for it
}

// awaitHello waits for the trainer's first message. An error leaves the
// trainer dead.
func (c *child) awaitHello(ctx context.Context, timeout time.Duration, stopping <-chan struct{}) error {
	timer := time.NewTimer(timeout)
	defer timer.Stop()
	var err error
	select {
	case m, ok := <-c.messages:
		switch hello, isHello := m.(protocol.Hello); {
		case !ok:
			err = c.endError()
		case !isHello:
			err = fmt.Errorf("it said %s instead of hello: is this a trainer?", m.Type())
		case hello.Protocol != protocol.Version:
			err = fmt.Errorf("it speaks protocol %d, this program speaks %d: install both programs in the same version",
				hello.Protocol, protocol.Version)
		default:
			c.hello = hello
			return nil
		}
	case <-timer.C:
		err = fmt.Errorf("it did not say hello within %s%s", timeout, c.stderr.quote())
	case <-stopping:
		err = errStoppedEarly
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	c.kill()
	<-c.exited
	return err
}

// errStoppedEarly is returned by awaitHello when a stop came first.
var errStoppedEarly = errors.New("stopped before the trainer said hello")

// endError says why the messages of the trainer have ended: a [*DiedError],
// or an error that shows what it said that is not a message. The trainer is
// dead afterwards.
func (c *child) endError() error {
	if !errors.Is(c.readErr, io.EOF) && !errors.Is(c.readErr, io.ErrClosedPipe) {
		c.kill()
		<-c.exited
		return fmt.Errorf("it broke the protocol: %w%s", c.readErr, strayHint(c.readErr))
	}
	// The end of its output is usually the end of the process. A trainer that
	// only closed its output is of no use either.
	timer := time.AfterFunc(drainTime, c.kill)
	defer timer.Stop()
	<-c.exited
	return &DiedError{Name: c.name, State: c.cmd.ProcessState, Stderr: c.stderr.lines()}
}

// strayHint says what to do about a line that is no message: most often it
// comes from a print.
func strayHint(err error) string {
	var line *protocol.LineError
	if !errors.As(err, &line) || errors.Is(err, protocol.ErrTooLong) {
		return ""
	}
	return " (standard output is for messages only: print anything else to standard error instead)"
}

// A DiedError says that a trainer has died.
type DiedError struct {
	Name   string           // of the program
	State  *os.ProcessState // how it died
	Stderr []string         // the last lines of its standard error
}

// Error implements error.
func (e *DiedError) Error() string {
	return fmt.Sprintf("the trainer %s %s%s", e.Name, describeExit(e.State), quoteLines(e.Stderr))
}
