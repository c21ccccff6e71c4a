package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"

	"github.com/hpsearch/hpsearch/search"
)

// A peer is a Python process that runs Optuna's samplers; see
// bench/peer/optuna_search.py for what is said.
type peer struct {
	cmd   *exec.Cmd
	stdin io.WriteCloser
	lines *bufio.Reader
}

func startPeer(python, script string) (*peer, error) {
	cmd := exec.Command(python, script)
	// Several processes share the machine: each keeps to one core.
	cmd.Env = append(os.Environ(), "OMP_NUM_THREADS=1", "MKL_NUM_THREADS=1", "OPENBLAS_NUM_THREADS=1")
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
	return &peer{cmd: cmd, stdin: stdin, lines: bufio.NewReader(stdout)}, nil
}

// end ends the process; what it says then no longer matters.
func (p *peer) end() {
	_ = p.stdin.Close()
	_ = p.cmd.Wait()
}

func (p *peer) call(request map[string]any, answer any) error {
	line, err := json.Marshal(request)
	if err != nil {
		return err
	}
	if _, err := p.stdin.Write(append(line, '\n')); err != nil {
		return fmt.Errorf("asking Optuna: %w", err)
	}
	reply, err := p.lines.ReadBytes('\n')
	if err != nil {
		return fmt.Errorf("reading Optuna's answer to %s: %w", line, err)
	}
	if err := json.Unmarshal(reply, answer); err != nil {
		return fmt.Errorf("reading Optuna's answer %s: %w", reply, err)
	}
	return nil
}

func (p *peer) versions() (map[string]string, error) {
	v := make(map[string]string)
	err := p.call(map[string]any{"versions": true}, &v)
	return v, err
}

// A peerStudy is a study in the peer.
type peerStudy struct {
	peer    *peer
	space   search.Space
	numbers []int // Optuna's numbers of the pending trials
}

func (p *peer) newStudy(sampler string, seed int64, space search.Space) (*peerStudy, error) {
	var ok map[string]any
	err := p.call(map[string]any{"new": map[string]any{"sampler": sampler, "seed": seed, "space": describe(space)}}, &ok)
	return &peerStudy{peer: p, space: space}, err
}

func (s *peerStudy) ask() (map[string]any, error) {
	var answer struct {
		Number int
		Params map[string]any
	}
	if err := s.peer.call(map[string]any{"ask": true}, &answer); err != nil {
		return nil, err
	}
	s.numbers = append(s.numbers, answer.Number)
	for _, p := range s.space {
		v, ok := answer.Params[p.Name]
		if !ok {
			continue
		}
		internal, err := p.Distribution.Internal(v)
		if err != nil {
			return nil, fmt.Errorf("Optuna's trial %d, parameter %q: %w", answer.Number, p.Name, err)
		}
		answer.Params[p.Name] = p.Distribution.External(internal) // 1.0 becomes int64(1)
	}
	return answer.Params, nil
}

func (s *peerStudy) tell(value float64) error {
	var ok map[string]any
	number := s.numbers[0]
	s.numbers = s.numbers[1:]
	return s.peer.call(map[string]any{"tell": map[string]any{"number": number, "value": value}}, &ok)
}

// add gives the study finished trials.
func (s *peerStudy) add(trials []*search.Trial) error {
	list := make([]map[string]any, len(trials))
	for i, t := range trials {
		list[i] = map[string]any{"params": t.External(), "value": t.Value()}
	}
	var ok map[string]any
	return s.peer.call(map[string]any{"add": list}, &ok)
}

// describe returns the space as the peer reads it.
func describe(space search.Space) []map[string]any {
	out := make([]map[string]any, len(space))
	for i, p := range space {
		d := map[string]any{"name": p.Name, "when": p.When}
		switch v := p.Distribution.(type) {
		case search.Float:
			d["type"], d["low"], d["high"], d["log"], d["step"] = "float", v.Low, v.High, v.Log, v.Step
		case search.Int:
			d["type"], d["low"], d["high"], d["log"], d["step"] = "int", v.Low, v.High, v.Log, v.Step
		case search.Categorical:
			d["type"], d["choices"] = "categorical", v.Choices
		}
		out[i] = d
	}
	return out
}
