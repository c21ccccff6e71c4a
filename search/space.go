package search

import "fmt"

// A Param is one searched setting: its name, its distribution, and the
// condition under which it exists.
type Param struct {
	Name         string
	Distribution Distribution
	// When limits the parameter to configurations in which every named
	// setting has one of the listed external values. The named settings are
	// parameters that stand earlier in the space, or fixed settings.
	When map[string][]any
}

// A Space is an ordered list of parameters. Order matters: a condition may
// only refer to parameters before it.
type Space []Param

// Validate reports the first thing that is wrong with the space. fixed holds
// the settings that conditions may refer to beside earlier parameters; a
// parameter that is also fixed is refused.
func (s Space) Validate(fixed map[string]any) error {
	seen := make(map[string]Distribution, len(s))
	for _, p := range s {
		if p.Name == "" {
			return fmt.Errorf("a parameter has no name")
		}
		if _, ok := seen[p.Name]; ok {
			return fmt.Errorf("parameter %q is defined twice", p.Name)
		}
		if _, ok := fixed[p.Name]; ok {
			return fmt.Errorf("%q is both fixed and searched", p.Name)
		}
		if p.Distribution == nil {
			return fmt.Errorf("parameter %q has no distribution", p.Name)
		}
		if err := p.Distribution.Validate(); err != nil {
			return fmt.Errorf("parameter %q: %w", p.Name, err)
		}
		for name, values := range p.When {
			if err := checkCondition(name, values, seen, fixed); err != nil {
				return fmt.Errorf("parameter %q: %w", p.Name, err)
			}
		}
		seen[p.Name] = p.Distribution
	}
	return nil
}

func checkCondition(name string, values []any, seen map[string]Distribution, fixed map[string]any) error {
	d, searched := seen[name]
	_, isFixed := fixed[name]
	if !searched && !isFixed {
		return fmt.Errorf("condition names %q, which is neither fixed nor an earlier parameter", name)
	}
	if len(values) == 0 {
		return fmt.Errorf("condition on %q lists no values", name)
	}
	if !searched {
		return nil
	}
	for _, v := range values {
		if _, err := d.Internal(v); err != nil {
			return fmt.Errorf("condition on %q can never hold: %w", name, err)
		}
	}
	return nil
}

// Active reports whether p exists given the external values chosen so far
// (earlier parameters and fixed settings).
func (p Param) Active(chosen map[string]any) bool {
	for name, values := range p.When {
		v, ok := chosen[name]
		if !ok {
			return false
		}
		hit := false
		for _, w := range values {
			hit = hit || equalChoice(v, w)
		}
		if !hit {
			return false
		}
	}
	return true
}
