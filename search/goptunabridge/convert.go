package goptunabridge

import (
	"fmt"
	"slices"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
)

// fromGoptuna converts one of goptuna's distributions. Values have the same
// internal form on both sides.
func fromGoptuna(distribution any) (search.Distribution, error) {
	var d search.Distribution
	switch g := distribution.(type) {
	case goptuna.UniformDistribution:
		d = search.Float{Low: g.Low, High: g.High}
	case goptuna.LogUniformDistribution:
		d = search.Float{Low: g.Low, High: g.High, Log: true}
	case goptuna.DiscreteUniformDistribution:
		d = search.Float{Low: g.Low, High: g.High, Step: g.Q}
	case goptuna.IntUniformDistribution:
		d = search.Int{Low: int64(g.Low), High: int64(g.High)}
	case goptuna.StepIntUniformDistribution:
		d = search.Int{Low: int64(g.Low), High: int64(g.High), Step: int64(g.Step)}
	case goptuna.CategoricalDistribution:
		choices := make([]any, len(g.Choices))
		for i, c := range g.Choices {
			choices[i] = c
		}
		d = search.Categorical{Choices: choices}
	default:
		return nil, fmt.Errorf("goptuna distribution %T: %w", distribution, goptuna.ErrUnknownDistribution)
	}
	if err := d.Validate(); err != nil {
		return nil, fmt.Errorf("goptuna distribution %T: %w", distribution, err)
	}
	return d, nil
}

// toGoptuna converts a distribution of ours. goptuna has no logarithmic
// integers: they become a continuous log range in which each integer owns the
// unit around it, and the caller must round with [search.Nearest].
func toGoptuna(d search.Distribution) (any, error) {
	switch d := d.(type) {
	case search.Float:
		switch {
		case d.Log:
			return logRange(d.Low, d.High), nil
		case d.Step > 0:
			return goptuna.DiscreteUniformDistribution{Low: d.Low, High: d.High, Q: d.Step}, nil
		}
		return goptuna.UniformDistribution{Low: d.Low, High: d.High}, nil
	case search.Int:
		switch {
		case d.Log:
			return logRange(float64(d.Low)-0.5, float64(d.High)+0.5), nil
		case d.StepSize() > 1:
			return goptuna.StepIntUniformDistribution{Low: int(d.Low), High: int(d.High), Step: int(d.Step)}, nil
		}
		return goptuna.IntUniformDistribution{Low: int(d.Low), High: int(d.High)}, nil
	case search.Categorical:
		choices := make([]string, len(d.Choices))
		for i, c := range d.Choices {
			choices[i] = fmt.Sprint(c)
		}
		return goptuna.CategoricalDistribution{Choices: choices}, nil
	}
	return nil, fmt.Errorf("distribution %T: %w", d, goptuna.ErrUnknownDistribution)
}

// logRange returns a linear range instead where the bounds are so close that
// their logarithms may be equal, with which goptuna's TPE draws forever.
func logRange(low, high float64) any {
	if !search.LogMatters(low, high) {
		return goptuna.UniformDistribution{Low: low, High: high}
	}
	return goptuna.LogUniformDistribution{Low: low, High: high}
}

var stateFromGoptuna = map[goptuna.TrialState]search.State{
	goptuna.TrialStateRunning:  search.Running,
	goptuna.TrialStateComplete: search.Complete,
	goptuna.TrialStatePruned:   search.Pruned,
	goptuna.TrialStateFail:     search.Failed,
}

var stateToGoptuna = map[search.State]goptuna.TrialState{
	search.Running:  goptuna.TrialStateRunning,
	search.Complete: goptuna.TrialStateComplete,
	search.Pruned:   goptuna.TrialStatePruned,
	search.Failed:   goptuna.TrialStateFail,
	search.Waiting:  goptuna.TrialStateWaiting,
}

// historyOf reads a goptuna study, without its waiting trials.
func historyOf(study *goptuna.Study) (*search.History, error) {
	frozen, err := study.GetTrials()
	if err != nil {
		return nil, fmt.Errorf("read the trials of the goptuna study: %w", err)
	}
	h := &search.History{Study: &search.Study{
		ID:         int64(study.ID),
		Directions: []search.Direction{search.Direction(study.Direction())},
	}}
	for _, f := range frozen {
		if f.State == goptuna.TrialStateWaiting {
			continue
		}
		t, err := fromFrozen(f)
		if err != nil {
			return nil, err
		}
		h.Trials = append(h.Trials, t)
	}
	slices.SortFunc(h.Trials, func(a, b *search.Trial) int { return a.Number - b.Number })
	return h, nil
}

func fromFrozen(f goptuna.FrozenTrial) (*search.Trial, error) {
	t := &search.Trial{
		ID:            int64(f.ID),
		Number:        f.Number,
		State:         stateFromGoptuna[f.State],
		Params:        make(map[string]float64, len(f.InternalParams)),
		Distributions: make(map[string]search.Distribution, len(f.Distributions)),
	}
	for name, distribution := range f.Distributions {
		d, err := fromGoptuna(distribution)
		if err != nil {
			return nil, fmt.Errorf("trial %d, parameter %q: %w", f.Number, name, err)
		}
		t.Distributions[name] = d
		t.Params[name] = f.InternalParams[name]
	}
	if f.State == goptuna.TrialStateComplete || f.State == goptuna.TrialStatePruned {
		t.Values = []float64{f.Value}
	}
	for step, v := range f.IntermediateValues {
		t.Intermediate = append(t.Intermediate, search.Report{Step: step, Value: v})
	}
	slices.SortFunc(t.Intermediate, func(a, b search.Report) int { return a.Step - b.Step })
	return t, nil
}
