package define

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/hf"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// checkFits refuses settings that a model of texts is too small for, whether
// they are fixed, searched or left at their default. What is enqueued lies
// within what is searched. trial is a configuration of the study.
func checkFits(def *search.Definition, model string, shape *hf.Config, trial *setting.Config) error {
	var found Problems
	found.add(checkFreeze(def, model, setting.Transformer(shape.Layers, shape.Hidden), trial))
	for _, value := range possible(def, "max_length", model) {
		if n, ok := search.Scalar(value).(int64); ok && n > shape.MaxPositions {
			found.add(fmt.Errorf("model %s: max_length %d is more than the model's %d positions: set max_length to at most %d",
				model, n, shape.MaxPositions, shape.MaxPositions))
		}
	}
	return found.err()
}

// checkFreeze refuses freezing strategies that find nothing to take hold of in
// the network of a folder, or nothing on top of it to begin with: all of them
// at once.
func checkFreeze(def *search.Definition, model string, network setting.Anatomy, trial *setting.Config) error {
	var whys []string // in the order of the choices
	misfits := make(map[string][]string)
	var headless []string
	for _, value := range possible(def, "freeze", model) {
		freeze, err := setting.ParseFreeze(fmt.Sprint(value))
		if err != nil {
			return fmt.Errorf("freeze: %w", err)
		}
		if why := freeze.Misfit(network); why != "" {
			if misfits[why] == nil {
				whys = append(whys, why)
			}
			misfits[why] = append(misfits[why], freeze.String())
			continue
		}
		of := *trial
		if of.Freeze = freeze; of.Tasks.Type != setting.Generation {
			of.Algorithm = setting.Joint // heads are the affair of the schema, but for a language model's
		}
		if err := of.FitsHead(network); err != nil {
			headless = append(headless, err.Error())
		}
	}
	var found []string
	for _, why := range whys {
		found = append(found, strings.Join(misfits[why], " and ")+", but "+why)
	}
	if found = append(found, headless...); len(found) > 0 {
		return fmt.Errorf("model %s: freeze: %s", model, strings.Join(found, "; "))
	}
	return nil
}

// possible returns the values that a setting may have together with a model;
// of a range it is the largest.
func possible(def *search.Definition, name, model string) []any {
	if value, fixed := def.Train[name]; fixed {
		return []any{value}
	}
	for _, p := range def.Space {
		if p.Name != name {
			continue
		}
		if with, conditional := p.When["model"]; conditional && !slices.Contains(with, any(model)) {
			continue
		}
		switch d := p.Distribution.(type) {
		case search.Int:
			return []any{d.High}
		case search.Categorical:
			return d.Choices
		}
	}
	s, _ := setting.Lookup(name) // both names are in the schema
	return []any{s.Default}
}
