package define

import (
	"maps"
	"slices"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// combined are the settings of which one's value can rule out another's.
var combined = []string{"algorithm", "freeze", "inner_freeze"}

// combinations returns a configuration of the study for every combination of
// the searched values of [combined]; other searched settings have the value
// that [tried] names.
func combinations(def *search.Definition) []map[string]any {
	all := []map[string]any{maps.Clone(def.Train)}
	for _, p := range def.Space {
		var next []map[string]any
		for _, values := range all {
			if !p.Active(values) {
				next = append(next, values)
				continue
			}
			for _, v := range tried(p) {
				with := maps.Clone(values)
				with[p.Name] = v
				next = append(next, with)
			}
		}
		all = next
	}
	return all
}

// tried returns the values of a searched setting that are looked at: all those
// of [combined], of others the one that needs the most classes and examples,
// or else the first.
func tried(p search.Param) []any {
	switch d := p.Distribution.(type) {
	case search.Float:
		return []any{d.Low}
	case search.Int:
		if slices.Contains(demanding, p.Name) {
			return []any{d.High}
		}
		return []any{d.Low}
	case search.Categorical:
		if slices.Contains(combined, p.Name) {
			return d.Choices
		}
		return d.Choices[:1]
	}
	return nil
}

// A choice is a value of a searched setting.
type choice struct {
	name  string
	value any
}

// workable returns a configuration of the study that a trial can run. It
// refuses a study of which a value can never be used, whatever the others
// are; combinations that rule each other out are left to [Warnings].
func workable(def *search.Definition) (*setting.Config, error) {
	var first *setting.Config
	useful := map[choice]bool{}
	type refusal struct {
		of  []choice
		err error
	}
	var refused []refusal
	for _, values := range combinations(def) {
		var of []choice
		for _, p := range def.Space {
			if v, active := values[p.Name]; active && slices.Contains(combined, p.Name) {
				of = append(of, choice{p.Name, v})
			}
		}
		config, err := setting.Parse(values)
		if err != nil {
			refused = append(refused, refusal{of, err})
			continue
		}
		if first == nil {
			first = config
		}
		for _, c := range of {
			useful[c] = true
		}
	}
	for _, r := range refused {
		if first == nil || slices.ContainsFunc(r.of, func(c choice) bool { return !useful[c] }) {
			return nil, r.err
		}
	}
	return first, nil
}

// Warnings says what a meta-training study can be run with, but was hardly
// meant: values that rule each other out, whose trials fail at once, and
// settings that no algorithm of the study reads.
func Warnings(def *search.Definition) []string {
	if def.Objective.Kind != studyfile.MetaTraining {
		return nil
	}
	var warnings []string
	unread := map[string]int{} // by how many algorithms
	algorithms := map[any]bool{}
	for _, values := range combinations(def) {
		if _, err := setting.Parse(values); err != nil {
			if text := "some trials will fail: " + err.Error(); !slices.Contains(warnings, text) {
				warnings = append(warnings, text)
			}
		}
		if algorithms[values["algorithm"]] {
			continue
		}
		algorithms[values["algorithm"]] = true
		for _, name := range setting.Unused(values) {
			if _, fixed := def.Train[name]; fixed {
				unread[name]++
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(unread)) {
		if unread[name] == len(algorithms) {
			warnings = append(warnings, name+" changes nothing: no algorithm of this study reads it")
		}
	}
	return warnings
}

// Warn says the [Warnings] about a study file on the standard error.
func Warn(f *app.Factory, file *studyfile.File) {
	for _, text := range Warnings(&file.Definition) {
		f.Warn("%s", text)
	}
}
