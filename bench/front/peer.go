package main

import (
	"fmt"

	python "github.com/hpsearch/hpsearch/bench/peer"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// A peer is a Python process that runs Optuna's samplers; see
// bench/peer/optuna_front.py for what is said.
type peer struct {
	*python.Process
	version string // of Optuna
}

func startPeer(interpreter, script string) (*peer, error) {
	process, err := python.Start(interpreter, script)
	if err != nil {
		return nil, err
	}
	p := &peer{Process: process}
	return p, p.Read(&p.version)
}

// study has Optuna run one study and returns its trials.
func (p *peer) study(sampler string, seed int64, t searchtest.Tradeoff, trials int) (*search.History, error) {
	err := p.Write(map[string]any{
		"sampler": sampler, "seed": seed, "trials": trials, "objectives": len(t.Reference), "space": t.Space,
	})
	if err != nil {
		return nil, err
	}
	h := searchtest.NewHistory(search.Minimize)
	for number := range trials {
		var external map[string]any
		if err := p.Read(&external); err != nil {
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
		if err := p.Write(trial.Values); err != nil {
			return nil, err
		}
	}
	return h, nil
}
