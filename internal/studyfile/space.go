package studyfile

import (
	"fmt"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/search"
)

// distributionKeys are the keys that each type of distribution has beside
// name, type and when.
var distributionKeys = map[string][]string{
	"float":       {"low", "high", "log", "step"},
	"int":         {"low", "high", "log", "step"},
	"categorical": {"choices"},
}

// foreignTypes are what other programs and languages call a distribution, with
// what it is called here.
var foreignTypes = map[string]string{
	"uniform":     "write type: float",
	"loguniform":  "write type: float and log: true",
	"log_uniform": "write type: float and log: true",
	"double":      "write type: float",
	"integer":     "write type: int",
	"randint":     "write type: int",
	"bool":        "write type: categorical and choices: [false, true]",
	"boolean":     "write type: categorical and choices: [false, true]",
	"choice":      "write type: categorical",
	"str":         "write type: categorical",
	"string":      "write type: categorical",
}

// train reads the fixed settings.
func (r *reader) train(m mapping) map[string]any {
	n := m.get("train")
	if n == nil || n.ShortTag() == "!!null" {
		return nil
	}
	t, ok := r.keys(n, "train")
	if !ok {
		return nil
	}
	fixed := make(map[string]any, len(t.fields))
	for _, f := range t.fields {
		if v, ok := r.value(f.value, f.key.Value); ok {
			fixed[f.key.Value] = v
		}
	}
	return fixed
}

// space reads the searched parameters.
func (r *reader) space(m mapping, fixed map[string]any) search.Space {
	n := m.get("space")
	if n == nil {
		r.find(m.node, "add `space:` with at least one `- {name: …, type: float, low: …, high: …}`", "no search space")
		return nil
	}
	if n.Kind == yaml.MappingNode {
		r.find(n, "write each parameter as `- {name: …, type: float, low: …, high: …}`", "space is a mapping, not a list")
		return nil
	}
	items, ok := r.list(n, "space")
	if !ok {
		return nil
	}
	if len(items) == 0 {
		r.find(n, "add `- {name: …, type: float, low: …, high: …}`", "the search space is empty")
	}
	var space search.Space
	for i, item := range items {
		p, nameNode, ok := r.param(item, fmt.Sprintf("space[%d]", i), space, fixed)
		if !ok {
			r.broken[p.Name] = true
			continue
		}
		if first := r.params[p.Name]; first != nil {
			r.find(nameNode, "give one of them another name or a longer range",
				"parameter %q is defined twice, first on line %d", p.Name, first.Line)
			continue
		}
		r.params[p.Name] = nameNode
		if _, both := fixed[p.Name]; both {
			r.find(nameNode, "remove it from train or from space", "%q is both fixed in train and searched", p.Name)
			continue
		}
		space = append(space, p)
	}
	return space
}

// param reads one element of the space; earlier is what stands before it.
func (r *reader) param(n *yaml.Node, what string, earlier search.Space, fixed map[string]any) (search.Param, *yaml.Node, bool) {
	before := len(r.findings)
	m, ok := r.keys(n, what)
	if !ok {
		return search.Param{}, nil, false
	}
	p := search.Param{Name: r.text(m, "name", "")}
	nameNode := m.get("name")
	switch {
	case nameNode == nil:
		r.find(n, "add name: and the setting's name", "%s has no name", what)
	case p.Name != "":
		m.what = fmt.Sprintf("parameter %q", p.Name)
	case len(r.findings) == before:
		r.find(nameNode, "", "%s has an empty name", what)
	}
	r.paramKeys(m)
	p.Distribution = r.distribution(m)
	p.When = r.when(m, earlier, fixed)
	return p, nameNode, len(r.findings) == before
}

// paramKeys refuses the keys that a parameter of this type does not have.
func (r *reader) paramKeys(m mapping) {
	valid := []string{"name", "type", "when"}
	kind := ""
	if n := m.get("type"); n != nil {
		kind = n.Value
	}
	if own, ok := distributionKeys[kind]; ok {
		valid = append(valid, own...)
	} else {
		valid = append(valid, "low", "high", "log", "step", "choices")
	}
	for _, f := range m.fields {
		switch {
		case slices.Contains(valid, f.key.Value):
		case slices.ContainsFunc([]string{"float", "categorical"}, func(k string) bool {
			return slices.Contains(distributionKeys[k], f.key.Value)
		}):
			r.find(f.key, "", "%s is of type %s, which has no %s", m.what, kind, f.key.Value)
		default:
			r.find(f.key, suggest(f.key.Value, valid), "unknown key %q in %s", f.key.Value, m.what)
		}
	}
}

func (r *reader) distribution(m mapping) search.Distribution {
	if m.get("type") == nil {
		r.find(m.node, "add type: float, int or categorical", "%s has no type", m.what)
		return nil
	}
	before := len(r.findings)
	if hint, elsewhere := foreignTypes[m.get("type").Value]; elsewhere {
		r.find(m.get("type"), hint, "%q is no type of %s", m.get("type").Value, m.what)
		return nil
	}
	var d search.Distribution
	switch r.word(m, "type", "", "float", "int", "categorical") {
	case "float":
		d = r.floatRange(m)
	case "int":
		d = r.intRange(m)
	case "categorical":
		d = r.choices(m)
	}
	if d == nil || len(r.findings) > before {
		return nil
	}
	if err := d.Validate(); err != nil {
		r.find(m.node, "", "%s: %s", m.what, err)
	}
	return d
}

func (r *reader) floatRange(m mapping) search.Distribution {
	r.requireRange(m)
	var d search.Float
	d.Low, _ = r.number(m, "low")
	d.High, _ = r.number(m, "high")
	d.Log = r.flag(m, "log")
	step, given := r.number(m, "step")
	if given && step <= 0 {
		r.find(m.get("step"), "leave it out for a continuous range", "step of %s must be positive", m.what)
	}
	d.Step = step
	return d
}

func (r *reader) intRange(m mapping) search.Distribution {
	const lowest = -1 << 53
	r.requireRange(m)
	return search.Int{
		Low:  r.integer(m, "low", 0, lowest),
		High: r.integer(m, "high", 0, lowest),
		Log:  r.flag(m, "log"),
		Step: r.integer(m, "step", 1, 1),
	}
}

func (r *reader) requireRange(m mapping) {
	for _, key := range []string{"low", "high"} {
		if m.get(key) == nil {
			r.find(m.node, "add "+key+":", "%s has no %s", m.what, key)
		}
	}
}

func (r *reader) choices(m mapping) search.Distribution {
	n := m.get("choices")
	if n == nil {
		r.find(m.node, "add choices: [a, b]", "%s has no choices", m.what)
		return nil
	}
	items, ok := r.list(n, "choices of "+m.what)
	if !ok {
		return nil
	}
	var d search.Categorical
	for _, item := range items {
		v, ok := r.scalar(item, "a choice of "+m.what)
		if !ok {
			continue
		}
		if _, err := d.Internal(v); err == nil {
			r.find(item, "remove one", "choice %v of %s is named twice", v, m.what)
			continue
		}
		d.Choices = append(d.Choices, v)
	}
	return d
}

// when reads the condition of a parameter: setting -> value or values.
func (r *reader) when(m mapping, earlier search.Space, fixed map[string]any) map[string][]any {
	n := m.get("when")
	if n == nil {
		return nil
	}
	w, ok := r.keys(n, "when of "+m.what)
	if !ok {
		return nil
	}
	if len(w.fields) == 0 {
		r.find(n, "write when: {setting: [value]}", "when of %s is empty", m.what)
	}
	when := make(map[string][]any, len(w.fields))
	for _, f := range w.fields {
		if values, ok := r.condition(f, w.what, earlier, fixed); ok {
			when[f.key.Value] = values
		}
	}
	return when
}

func (r *reader) condition(f field, what string, earlier search.Space, fixed map[string]any) ([]any, bool) {
	name := f.key.Value
	if r.broken[name] {
		return nil, false
	}
	d, valid := conditionTargets(name, earlier, fixed)
	if !slices.Contains(valid, name) {
		hint := "a condition names a setting of train or a parameter above"
		if others := suggest(name, valid); others != "" {
			hint += "; " + others
		}
		r.find(f.key, hint,
			"%s names %q, which is neither fixed nor an earlier parameter", what, name)
		return nil, false
	}
	items := []*yaml.Node{f.value}
	if f.value.Kind == yaml.SequenceNode {
		items = f.value.Content
	}
	if len(items) == 0 {
		r.find(f.value, "", "%s lists no values for %q", what, name)
	}
	values := make([]any, 0, len(items))
	for _, item := range items {
		v, ok := r.scalar(item, "a value in "+what)
		if !ok {
			return nil, false
		}
		if d != nil {
			if _, err := d.Internal(v); err != nil {
				r.find(item, "", "%s can never hold: %s: %s", what, name, err)
				return nil, false
			}
		}
		values = append(values, v)
	}
	return values, true
}

// conditionTargets returns the settings that a condition may name, and the
// distribution of the named one when it is searched.
func conditionTargets(name string, earlier search.Space, fixed map[string]any) (search.Distribution, []string) {
	var d search.Distribution
	valid := make([]string, 0, len(earlier)+len(fixed))
	for _, p := range earlier {
		valid = append(valid, p.Name)
		if p.Name == name {
			d = p.Distribution
		}
	}
	for setting := range fixed {
		valid = append(valid, setting)
	}
	return d, valid
}
