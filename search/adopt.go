package search

import (
	"fmt"
	"maps"
	"slices"
)

// CheckAdoption reports why a foreign study, which has these trials, cannot be
// given a definition, and else how many finished trials it has and how many of
// them are ones that the definition could have suggested: those are the history
// of its sampler.
//
// Values of the trials must mean what the definition says: the directions are
// the same, and so are the names of the metrics, where the study has some.
// Parameters must be searched, or fixed to the value that every trial has. A
// parameter's kind, its scale and its choices are those of the trials, as
// Optuna itself demands it of all trials of a study; only its range and step
// may be others. If there are finished trials, one of them at least must fit.
func CheckAdoption(study *Study, def *Definition, trials []*Trial) (finished, fitting int, err error) {
	theirs, ours := &study.Definition.Objective, &def.Objective
	if !slices.Equal(study.Directions, ours.AllDirections()) {
		return 0, 0, fmt.Errorf("the study is there to %v its values and the definition to %v them", study.Directions, ours.AllDirections())
	}
	named := !slices.Equal(theirs.AllMetrics(), UnnamedMetrics(len(study.Directions)))
	if named && !slices.Equal(theirs.AllMetrics(), ours.AllMetrics()) {
		return 0, 0, fmt.Errorf("the values of the study are called %v and those of the definition %v: they cannot be compared "+
			"(if they are the same, name them so by Optuna's set_metric_names)", theirs.AllMetrics(), ours.AllMetrics())
	}
	var misfit error
	for _, t := range trials {
		if err := def.sameParameters(t); err != nil {
			return 0, 0, fmt.Errorf("trial %d: %w", t.Number, err)
		}
		if !t.State.Finished() {
			continue
		}
		finished++
		if err := def.Fits(t); err == nil {
			fitting++
		} else if misfit == nil {
			misfit = fmt.Errorf("trial %d, for example: %w", t.Number, err)
		}
	}
	if finished > 0 && fitting == 0 {
		return 0, 0, fmt.Errorf("none of the finished trials (%d) fits the space; %w", finished, misfit)
	}
	return finished, fitting, nil
}

// sameParameters compares what a trial says about its parameters with the
// definition.
func (d *Definition) sameParameters(t *Trial) error {
	for _, name := range slices.Sorted(maps.Keys(t.Distributions)) {
		theirs := t.Distributions[name]
		i := slices.IndexFunc(d.Space, func(p Param) bool { return p.Name == name })
		fixed, isFixed := d.Train[name]
		switch value := theirs.External(t.Params[name]); {
		case i < 0 && !isFixed:
			return fmt.Errorf("it has a parameter %q, which the definition neither searches nor fixes", name)
		case i < 0 && !equalChoice(fixed, value):
			return fmt.Errorf("its %q is %s, which the definition fixes to %s: search it", name, choiceText(value), choiceText(fixed))
		case i >= 0:
			if err := sameKind(theirs, d.Space[i].Distribution); err != nil {
				return fmt.Errorf("parameter %q: %w", name, err)
			}
		}
	}
	return nil
}

// sameKind compares what a study may not mix in one parameter: what Optuna
// refuses to its trials.
func sameKind(theirs, ours Distribution) error {
	same := false
	switch a := theirs.(type) {
	case Float:
		b, ok := ours.(Float)
		same = ok && a.Log == b.Log
	case Int:
		b, ok := ours.(Int)
		same = ok && a.Log == b.Log
	case Categorical:
		same = EqualDistributions(a, ours)
	}
	if !same {
		return fmt.Errorf("it is %v there and %v in the definition: kind, log and choices, with their order, must be the same", theirs, ours)
	}
	return nil
}

// Fits reports why the definition could not have suggested a trial; nil when
// it could: each parameter that is active for it has a value in its range, and
// there are no others, except fixed settings at their value.
func (d *Definition) Fits(t *Trial) error {
	chosen := maps.Clone(d.Train)
	if chosen == nil {
		chosen = make(map[string]any)
	}
	known := 0
	for _, p := range d.Space {
		value, has := t.Params[p.Name]
		switch active := p.Active(chosen); {
		case has && !active:
			return fmt.Errorf("it has %q, which no trial of this configuration has", p.Name)
		case !active:
			continue
		case !has:
			return fmt.Errorf("it has no %q", p.Name)
		}
		external := t.Distributions[p.Name].External(value)
		internal, err := p.Distribution.Internal(external)
		if err != nil {
			return fmt.Errorf("%q: %w", p.Name, err)
		}
		known++
		chosen[p.Name] = p.Distribution.External(internal)
	}
	if known == len(t.Params) {
		return nil
	}
	return d.sameParameters(t)
}

// UnnamedMetrics returns what the values of a foreign study are called that
// has no names for them: as in the columns of Optuna's data frames.
func UnnamedMetrics(objectives int) []string {
	if objectives < 2 {
		return []string{"value"}
	}
	names := make([]string, objectives)
	for i := range names {
		names[i] = fmt.Sprintf("values_%d", i)
	}
	return names
}
