package objective

import (
	"errors"
	"io"
	"os/exec"
	"sync"

	"github.com/hpsearch/hpsearch/objective/protocol"
)

// A plain is a program that runs one trial and leaves.
type plain struct {
	name   string
	cmd    *exec.Cmd
	stdin  io.Closer // may be closed twice
	stderr *stderrTail
	// lines is closed when the program says nothing more: readErr then tells
	// why, io.EOF when it left or was killed.
	lines    chan []byte
	readErr  error
	exited   chan struct{} // closed when the program is gone
	killOnce sync.Once
	killed   chan struct{} // closed by kill
	stdout   *io.PipeReader
}

// startPlain starts a program in a process group of its own. log, which may
// be nil, is taken over. open keeps its standard input open.
func startPlain(config ProcessConfig, env []string, log io.WriteCloser, open bool) (*plain, error) {
	cmd := exec.Command(config.Command[0], config.Command[1:]...)
	cmd.Env, cmd.Dir, cmd.WaitDelay = env, config.Dir, drainTime
	ownGroup(cmd)
	stdout, output := io.Pipe()
	p := &plain{
		name: config.Command[0], cmd: cmd, stdin: nothing{}, stderr: newStderrTail(log), stdout: stdout,
		lines: make(chan []byte), exited: make(chan struct{}), killed: make(chan struct{}),
	}
	cmd.Stdout, cmd.Stderr = output, p.stderr
	if open {
		stdin, err := cmd.StdinPipe()
		if err != nil {
			p.stderr.detach()
			return nil, err
		}
		p.stdin = stdin
	}
	if err := cmd.Start(); err != nil {
		_ = p.stdin.Close()
		p.stderr.detach()
		return nil, err
	}
	go p.read()
	go func() {
		_ = cmd.Wait() // ProcessState says how it ended
		killGroup(cmd) // whatever it left behind
		_ = output.Close()
		close(p.exited)
	}()
	return p, nil
}

// nothing is the standard input of a program that has none.
type nothing struct{}

func (nothing) Close() error { return nil }

// read passes lines on, and into the log, until there are no more.
func (p *plain) read() {
	defer close(p.lines)
	defer func() { _ = p.stdout.Close() }()
	reader := protocol.NewReader(p.stdout)
	for {
		line, err := reader.ReadLine()
		var tooLong *protocol.LineError
		if errors.As(err, &tooLong) { // no value is as long as that
			continue
		}
		if err != nil {
			p.readErr = err
			return
		}
		p.stderr.pass(line)
		select {
		case p.lines <- line:
		case <-p.killed:
			p.readErr = io.EOF
			return
		}
	}
}

// terminate asks the program to end.
func (p *plain) terminate() { p.unlessExited(terminateGroup) }

// kill ends the program's process group. It does not wait.
func (p *plain) kill() {
	p.killOnce.Do(func() {
		close(p.killed)
		p.unlessExited(killGroup)
	})
}

// unlessExited leaves a program alone that is gone: its number may belong to
// another process by now.
func (p *plain) unlessExited(signal func(*exec.Cmd)) {
	select {
	case <-p.exited:
	default:
		signal(p.cmd)
	}
}

// abandon kills the program, if it is still there, waits until it is gone and
// closes its log.
func (p *plain) abandon() {
	p.kill()
	_ = p.stdin.Close()
	for range p.lines { // what it still says concerns nobody
	}
	<-p.exited
	p.stderr.detach()
}
