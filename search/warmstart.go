package search

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
)

// A WarmStart names an earlier study, in the same store, whose trials the
// sampler of another one sees.
type WarmStart struct {
	Study string `json:"study"`
	// Trials is the number of trials that the earlier study had when the
	// later one was created: later ones are not seen, so that the same seed
	// gives the same trials.
	Trials int `json:"trials"`
}

// Earlier returns the trials of the earlier study as the sampler of a study
// with this definition sees them, with the numbers -n … -1: finished trials
// of which every active parameter of the space has a value that it contains,
// be it searched or fixed in the earlier study. A setting that the earlier
// study searched and this one fixes must have the same value; settings that
// are fixed in both may differ.
//
// Without a warm start, and when the earlier study has been deleted, there
// are none.
func Earlier(ctx context.Context, store Store, def *Definition) ([]*Trial, error) {
	if def.WarmStart == nil {
		return nil, nil
	}
	name := def.WarmStart.Study
	study, err := store.Study(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading study %q for the warm start: %w", name, err)
	}
	trials, err := store.Trials(ctx, study.ID, TrialQuery{
		States: []State{Complete, Pruned, Failed}, After: -1,
	})
	if err != nil {
		return nil, fmt.Errorf("reading the trials of study %q for the warm start: %w", name, err)
	}
	var earlier []*Trial
	for _, t := range trials {
		if t.Number >= def.WarmStart.Trials {
			break
		}
		if moved, ok := move(t, &study.Definition, def); ok {
			earlier = append(earlier, moved)
		}
	}
	for i, t := range earlier {
		t.Number = i - len(earlier)
	}
	return earlier, nil
}

// move returns a copy of a trial with the parameters of another study's
// space; false when it does not fit there.
func move(t *Trial, from, to *Definition) (*Trial, bool) {
	values := maps.Clone(from.Train)
	if values == nil {
		values = make(map[string]any)
	}
	for name, v := range t.External() {
		if fixed, ok := to.Train[name]; ok && !equalChoice(fixed, v) {
			return nil, false
		}
		values[name] = v
	}
	chosen := maps.Clone(to.Train)
	if chosen == nil {
		chosen = make(map[string]any)
	}
	params := make(map[string]float64, len(to.Space))
	for _, p := range to.Space {
		if !p.Active(chosen) {
			continue
		}
		external, ok := values[p.Name]
		if !ok {
			return nil, false
		}
		internal, err := p.Distribution.Internal(external)
		if err != nil {
			return nil, false
		}
		params[p.Name] = internal
		chosen[p.Name] = p.Distribution.External(internal)
	}
	moved := *t
	moved.Params, moved.Distributions = params, to.Space.distributions(params)
	return &moved, true
}

// withEarlier returns a snapshot that begins with the trials of the earlier
// study. They are read once; the caller holds the asker's turn.
func (a *Asker) withEarlier(ctx context.Context, h *History) (*History, error) {
	if a.Study.Definition.WarmStart == nil {
		return h, nil
	}
	if !a.warm {
		earlier, err := Earlier(ctx, a.Store, &a.Study.Definition)
		if err != nil {
			return nil, err
		}
		a.earlier, a.warm = earlier, true
	}
	all := *h
	all.Trials = append(slices.Clip(a.earlier), h.Trials...)
	return &all, nil
}
