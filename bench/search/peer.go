package main

import (
	"fmt"

	python "github.com/hpsearch/hpsearch/bench/peer"
	"github.com/hpsearch/hpsearch/search"
)

// A peer is a Python process that runs Optuna's samplers; see
// bench/peer/optuna_search.py for what is said.
type peer struct{ *python.Process }

func startPeer(interpreter, script string) (*peer, error) {
	process, err := python.Start(interpreter, script)
	if err != nil {
		return nil, err
	}
	return &peer{process}, nil
}

func (p *peer) call(request map[string]any, answer any) error {
	if err := p.Write(request); err != nil {
		return err
	}
	return p.Read(answer)
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
