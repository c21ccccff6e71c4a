package studyfile

import (
	"errors"
	"maps"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/setting"
)

// settings checks the fixed and the searched settings of a meta-training
// study against what the trainer knows.
func (r *reader) settings(m mapping, d *search.Definition) {
	train := m.get("train")
	searched := make([]string, 0, len(d.Space))
	for _, p := range d.Space {
		searched = append(searched, p.Name)
		r.problems(r.params[p.Name], checkSearched(p))
	}
	for name := range r.broken {
		searched = append(searched, name) // wrong, but not missing
	}
	fixed := maps.Clone(d.Train)
	if fixed == nil {
		fixed = make(map[string]any, 1)
	}
	if _, given := fixed["metric"]; !given && setting.Check("metric", d.Objective.Metric) == nil {
		fixed["metric"] = d.Objective.Metric // as the trainer gets it
	}
	for _, p := range problemsOf(setting.CheckStudy(fixed, searched)) {
		at, section := settingNode(train, p.Name), "train"
		if of, isSearched := r.params[p.Name]; isSearched {
			at, section = of, "space"
		}
		if p.Name == "metric" && d.Train["metric"] == nil {
			at = m.get("objective")
		}
		if at == nil {
			at = m.node
		}
		r.find(at, p.Hint, "%s: %s: %s", section, p.Name, p.Text)
	}
}

// checkSearched reports whether the trainer can take every value of p.
func checkSearched(p search.Param) error {
	switch d := p.Distribution.(type) {
	case search.Float:
		if err := setting.CheckKind(p.Name, "float"); err != nil {
			return err
		}
		return setting.CheckRange(p.Name, d.Low, d.High)
	case search.Int:
		if err := setting.CheckKind(p.Name, "int"); err != nil {
			return err
		}
		return setting.CheckRange(p.Name, float64(d.Low), float64(d.High))
	case search.Categorical:
		return setting.CheckChoices(p.Name, d.Choices)
	}
	return nil
}

// problems records what the settings' schema says about a parameter.
func (r *reader) problems(at *yaml.Node, err error) {
	for _, p := range problemsOf(err) {
		r.find(at, p.Hint, "space: %s: %s", p.Name, p.Text)
	}
}

// problemsOf returns the problems in an error of package setting.
func problemsOf(err error) setting.Problems {
	var many setting.Problems
	var one setting.Problem
	switch {
	case errors.As(err, &many):
		return many
	case errors.As(err, &one):
		return setting.Problems{one}
	}
	return nil
}

// settingNode returns the key of a setting such as tasks.kind below train, or
// the innermost mapping that it should stand in.
func settingNode(train *yaml.Node, name string) *yaml.Node {
	at, below := train, train
	for _, part := range strings.Split(name, ".") {
		key, value := child(below, part)
		if key == nil {
			break
		}
		at, below = key, value
	}
	return at
}

// child returns a key of a mapping and its value; nil when there is none.
func child(n *yaml.Node, name string) (key, value *yaml.Node) {
	if n == nil || n.Kind != yaml.MappingNode {
		return nil, nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == name {
			return n.Content[i], n.Content[i+1]
		}
	}
	return nil, nil
}
