// Package peer starts the Python programs of this folder, which do in other
// libraries what the benchmarks measure, and speaks JSON lines with them.
package peer

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/hpsearch/hpsearch/objective"
)

// A Process is a Python program that runs. It is used by one goroutine.
type Process struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Reader
}

// Start starts a script. What it writes to its standard error goes to ours.
func Start(python, script string) (*Process, error) {
	cmd := exec.Command(python, script)
	// Several processes share the machine: each keeps to one core.
	cmd.Env = append(os.Environ(), objective.ThreadEnv(1)...)
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("starting %s %s: %w", python, script, err)
	}
	return &Process{cmd: cmd, stdin: stdin, lines: bufio.NewReader(stdout)}, nil
}

// End ends the process; what it says then no longer matters.
func (p *Process) End() {
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

// Write sends v as a line.
func (p *Process) Write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = p.stdin.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing to Optuna: %w", err)
	}
	return nil
}

// Read waits for a line and decodes it.
func (p *Process) Read(into any) error {
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading from Optuna: %w", err)
	}
	if err := json.Unmarshal(line, into); err != nil {
		return fmt.Errorf("reading Optuna's answer %s: %w", line, err)
	}
	return nil
}
