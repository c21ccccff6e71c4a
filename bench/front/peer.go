package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// A peer is a Python process that runs Optuna's samplers; see
// bench/peer/optuna_front.py for what is said.
type peer struct {
	cmd     *exec.Cmd
	stdin   io.WriteCloser
	lines   *bufio.Reader
	version string // of Optuna
}

func startPeer(python, script string) (*peer, error) {
	cmd := exec.Command(python, script)
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
	p := &peer{cmd: cmd, stdin: stdin, lines: bufio.NewReader(stdout)}
	return p, p.read(&p.version)
}

// end ends the process; what it says then no longer matters.
func (p *peer) end() {
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

func (p *peer) read(into any) error {
	line, err := p.lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading from Optuna: %w", err)
	}
	return json.Unmarshal(line, into)
}

func (p *peer) write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = p.stdin.Write(append(line, '\n'))
	}
	if err != nil {
		return fmt.Errorf("writing to Optuna: %w", err)
	}
	return nil
}

// study has Optuna run one study and returns its trials.
func (p *peer) study(sampler string, seed int64, t searchtest.Tradeoff, trials int) (*search.History, error) {
	err := p.write(map[string]any{
		"sampler": sampler, "seed": seed, "trials": trials, "objectives": len(t.Reference), "space": t.Space,
	})
	if err != nil {
		return nil, err
	}
	h := searchtest.NewHistory(search.Minimize)
	for number := range trials {
		var external map[string]any
		if err := p.read(&external); err != nil {
			return nil, err
		}
		params := make(map[string]float64, len(external))
		for _, param := range t.Space {
			v, ok := external[param.Name]
			if !ok {
				continue
			}
			if params[param.Name], err = param.Distribution.Internal(v); err != nil {
				return nil, fmt.Errorf("Optuna's trial %d, parameter %q: %w", number, param.Name, err)
			}
		}
		trial := searchtest.NewTrial(number, t.Space, params)
		trial.State, trial.Values = search.Complete, t.Values(trial.External())
		h.Trials = append(h.Trials, trial)
		if err := p.write(trial.Values); err != nil {
			return nil, err
		}
	}
	return h, nil
}
