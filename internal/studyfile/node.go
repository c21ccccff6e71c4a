package studyfile

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/search"
)

// A reader walks the YAML nodes of one file and gathers findings.
type reader struct {
	file     string
	findings Findings
	// broken are parameters with findings of their own: what else names them
	// is not reported on top.
	broken map[string]bool
	// params are the nodes of the parameters' names.
	params map[string]*yaml.Node
}

// find records what is wrong at a node.
func (r *reader) find(at *yaml.Node, hint, format string, args ...any) {
	line := 0
	if at != nil {
		line = at.Line
	}
	r.findings = append(r.findings, Finding{
		File: r.file, Line: line, Message: fmt.Sprintf(format, args...), Hint: hint,
	})
}

// A field is one key of a mapping with its value.
type field struct {
	key   *yaml.Node
	value *yaml.Node
}

// A mapping is a YAML mapping without doubles, in the order of the file.
type mapping struct {
	node   *yaml.Node
	what   string // for messages: "sampler", "space[2]"
	fields []field
}

// get returns the value of a key, nil when it is absent.
func (m mapping) get(key string) *yaml.Node {
	for _, f := range m.fields {
		if f.key.Value == key {
			return f.value
		}
	}
	return nil
}

// keys reads a mapping with any keys; ok is false when n is none.
func (r *reader) keys(n *yaml.Node, what string) (m mapping, ok bool) {
	m = mapping{node: n, what: what}
	if n.Kind != yaml.MappingNode {
		r.find(n, "write it as `key: value` lines or as {key: value}", "%s is %s, not a mapping", what, describe(n))
		return m, false
	}
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			r.find(key, "a key is a plain word", "%s has %s as a key", what, describe(key))
			continue
		}
		if line, twice := lines[key.Value]; twice {
			r.find(key, "remove one", "%q stands twice in %s, first on line %d", key.Value, what, line)
			continue
		}
		lines[key.Value] = key.Line
		m.fields = append(m.fields, field{key, value})
	}
	return m, true
}

// known reads a mapping that may have only the given keys; others are
// findings and left out.
func (r *reader) known(n *yaml.Node, what string, valid ...string) (mapping, bool) {
	m, ok := r.keys(n, what)
	r.keep(&m, valid, func(key string) string { return suggest(key, valid) })
	return m, ok
}

// keep leaves only the valid keys in a mapping; others are findings, with a hint
// for each.
func (r *reader) keep(m *mapping, valid []string, hint func(key string) string) {
	m.fields = slices.DeleteFunc(m.fields, func(f field) bool {
		unknown := !slices.Contains(valid, f.key.Value)
		if unknown {
			r.find(f.key, hint(f.key.Value), "unknown key %q in %s", f.key.Value, m.what)
		}
		return unknown
	})
}

// list reads a sequence.
func (r *reader) list(n *yaml.Node, what string) ([]*yaml.Node, bool) {
	if n.Kind != yaml.SequenceNode {
		r.find(n, "write it as a list: [a, b]", "%s is %s, not a list", what, describe(n))
		return nil, false
	}
	return n.Content, true
}

// text reads a string; the default when the key is absent.
func (r *reader) text(m mapping, key, byDefault string) string {
	n := m.get(key)
	if n == nil {
		return byDefault
	}
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!str" {
		r.find(n, "put it in quotes if it is meant as text", "%s of %s is %s, not text", key, m.what, describe(n))
		return byDefault
	}
	return n.Value
}

// word reads a string that must be one of those listed.
func (r *reader) word(m mapping, key, byDefault string, valid ...string) string {
	before := len(r.findings)
	v := r.text(m, key, byDefault)
	if len(r.findings) == before && m.get(key) != nil && !slices.Contains(valid, v) {
		r.find(m.get(key), suggest(v, valid), "%q is no %s of %s", v, key, m.what)
		return byDefault
	}
	return v
}

// integer reads a whole number of at least low; the default when the key is
// absent.
func (r *reader) integer(m mapping, key string, byDefault, low int64) int64 {
	n := m.get(key)
	if n == nil {
		return byDefault
	}
	var v int64
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!int" || n.Decode(&v) != nil {
		r.find(n, "write a whole number", "%s of %s is %s, not a whole number", key, m.what, describe(n))
		return byDefault
	}
	if v < low {
		r.find(n, "", "%s of %s is %d, but must be at least %d", key, m.what, v, low)
		return byDefault
	}
	return v
}

// number reads a finite number; ok is false when it is absent or wrong.
func (r *reader) number(m mapping, key string) (v float64, ok bool) {
	n := m.get(key)
	if n == nil {
		return 0, false
	}
	tag := n.ShortTag()
	if n.Kind != yaml.ScalarNode || tag != "!!int" && tag != "!!float" || n.Decode(&v) != nil ||
		math.IsNaN(v) || math.IsInf(v, 0) {
		r.find(n, "write a number such as 0.001 or 1e-3", "%s of %s is %s, not a finite number", key, m.what, describe(n))
		return 0, false
	}
	return v, true
}

// flag reads true or false, false when the key is absent.
func (r *reader) flag(m mapping, key string) bool {
	n := m.get(key)
	if n == nil {
		return false
	}
	var v bool
	if n.Kind != yaml.ScalarNode || n.ShortTag() != "!!bool" || n.Decode(&v) != nil {
		r.find(n, "", "%s of %s is %s, not true or false", key, m.what, describe(n))
	}
	return v
}

// scalar reads null, a bool, an int64, a finite float64 or a string.
func (r *reader) scalar(n *yaml.Node, what string) (any, bool) {
	if n.Kind != yaml.ScalarNode {
		r.find(n, "", "%s is %s, not a single value", what, describe(n))
		return nil, false
	}
	switch n.ShortTag() {
	case "!!str", "!!timestamp":
		return n.Value, true
	case "!!null", "!!bool", "!!int", "!!float":
		var v any
		if err := n.Decode(&v); err != nil {
			r.find(n, "", "%s is %s, which cannot be read", what, describe(n))
			return nil, false
		}
		v = search.Scalar(v)
		if f, isFloat := v.(float64); isFloat && (math.IsNaN(f) || math.IsInf(f, 0)) {
			r.find(n, "", "%s is %s, not a finite number", what, describe(n))
			return nil, false
		}
		return v, true
	}
	r.find(n, "", "%s has the tag %s, which study files do not have", what, n.ShortTag())
	return nil, false
}

// value reads a scalar, a list or a mapping of values.
func (r *reader) value(n *yaml.Node, what string) (any, bool) {
	switch n.Kind {
	case yaml.MappingNode:
		m, _ := r.keys(n, what)
		out := make(map[string]any, len(m.fields))
		for _, f := range m.fields {
			v, ok := r.value(f.value, what+"."+f.key.Value)
			if !ok {
				return nil, false
			}
			out[f.key.Value] = v
		}
		return out, true
	case yaml.SequenceNode:
		out := make([]any, 0, len(n.Content))
		for i, item := range n.Content {
			v, ok := r.value(item, fmt.Sprintf("%s[%d]", what, i))
			if !ok {
				return nil, false
			}
			out = append(out, v)
		}
		return out, true
	}
	return r.scalar(n, what)
}

// describe names a node for messages: "the list […]", "text "abc"".
func describe(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.ScalarNode:
		switch n.ShortTag() {
		case "!!null":
			return "empty"
		case "!!str":
			return fmt.Sprintf("the text %q", clip(n.Value))
		}
		return clip(n.Value)
	}
	return "something else"
}

// clip shortens a value for a message that stays on one line.
func clip(s string) string { return clipTo(s, 40) }

// clipTo is clip with a length.
func clipTo(s string, limit int) string {
	s = strings.Join(strings.Fields(s), " ")
	if runes := []rune(s); len(runes) > limit {
		return string(runes[:limit]) + "…"
	}
	return s
}
