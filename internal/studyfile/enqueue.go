package studyfile

import (
	"fmt"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/search"
)

// enqueue reads the configurations that are tried first.
func (r *reader) enqueue(m mapping, space search.Space, fixed map[string]any) []map[string]any {
	n := m.get("enqueue")
	if n == nil {
		return nil
	}
	items, ok := r.list(n, "enqueue")
	if !ok {
		return nil
	}
	var all []map[string]any
	for i, item := range items {
		if entry, ok := r.entry(item, fmt.Sprintf("enqueue[%d]", i), space, fixed); ok {
			all = append(all, entry)
		}
	}
	return all
}

func (r *reader) entry(n *yaml.Node, what string, space search.Space, fixed map[string]any) (map[string]any, bool) {
	before := len(r.findings)
	m, ok := r.keys(n, what)
	if !ok {
		return nil, false
	}
	entry := make(map[string]any, len(m.fields))
	at := make(map[string]*yaml.Node, len(m.fields))
	for _, f := range m.fields {
		if v, ok := r.scalar(f.value, f.key.Value+" of "+what); ok {
			entry[f.key.Value] = v
			at[f.key.Value] = f.key
		}
	}
	for _, problem := range CheckEntry(entry, space, fixed) {
		if r.broken[problem.Name] {
			continue
		}
		r.find(at[problem.Name], problem.Hint, "%s: %s", what, problem.Message)
	}
	return entry, len(r.findings) == before
}

// An EntryProblem is what is wrong with one value of an enqueued
// configuration.
type EntryProblem struct {
	Name    string // of the parameter
	Message string
	Hint    string
}

// CheckEntry reports what is wrong with a configuration that is to be tried:
// names that are not searched, values outside their range, and parameters
// whose condition cannot hold. The values are external ones. Problems come in
// the order of the parameters' names.
func CheckEntry(entry map[string]any, space search.Space, fixed map[string]any) []EntryProblem {
	names := make([]string, 0, len(space))
	chosen := make(map[string]any, len(fixed)+len(entry))
	for k, v := range fixed {
		chosen[k] = v
	}
	for _, p := range space {
		names = append(names, p.Name)
		if v, given := entry[p.Name]; given {
			chosen[p.Name] = v
		}
	}
	var problems []EntryProblem
	for name, v := range entry {
		i := slices.Index(names, name)
		if i < 0 {
			problems = append(problems, unknownEntry(name, names, fixed))
			continue
		}
		p := space[i]
		if _, err := p.Distribution.Internal(v); err != nil {
			problems = append(problems, outside(name, v, err))
		} else if conditionDecided(p, chosen) && !p.Active(chosen) {
			problems = append(problems, EntryProblem{
				name, fmt.Sprintf("%s does not exist in this configuration: its condition (when) does not hold", name),
				"leave it out",
			})
		}
	}
	slices.SortFunc(problems, func(a, b EntryProblem) int {
		switch {
		case a.Name < b.Name:
			return -1
		case a.Name > b.Name:
			return 1
		}
		return 0
	})
	return problems
}

// outside is the problem of a value that is not among those of its parameter.
func outside(name string, v any, err error) EntryProblem {
	p := EntryProblem{Name: name, Message: fmt.Sprintf("%s: %s", name, err)}
	if text, isText := v.(string); isText {
		if _, numeric := strconv.ParseFloat(text, 64); numeric == nil {
			p.Hint = "it is text: write it without quotes if a number is meant"
		}
	}
	return p
}

func unknownEntry(name string, names []string, fixed map[string]any) EntryProblem {
	if _, isFixed := fixed[name]; isFixed {
		return EntryProblem{name, fmt.Sprintf("%q is fixed in train, not searched", name), "leave it out"}
	}
	return EntryProblem{name, fmt.Sprintf("%q is not in the search space", name), suggest(name, names)}
}

// conditionDecided reports whether every setting that the condition names has
// a value already.
func conditionDecided(p search.Param, chosen map[string]any) bool {
	for name := range p.When {
		if _, ok := chosen[name]; !ok {
			return false
		}
	}
	return true
}
