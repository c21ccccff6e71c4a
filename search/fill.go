package search

import "fmt"

// Fill walks the parameters in order and returns a complete configuration.
//
// A parameter that is not [Param.Active], given the values before it, is left
// out, even when fixed names it. One that fixed names keeps that value; it is
// an error when the distribution does not contain it. One with a single
// possible value gets that value. For all others pick is asked for an
// internal value, with the internal values so far, which it must not modify.
func (s Space) Fill(fixed map[string]any, pick func(p Param, sofar map[string]float64) (float64, error)) (map[string]float64, error) {
	internal := make(map[string]float64, len(s))
	chosen := make(map[string]any, len(s)+len(fixed))
	for name, v := range fixed {
		chosen[name] = v
	}
	for _, p := range s {
		if !p.Active(chosen) {
			delete(chosen, p.Name) // an inactive parameter fulfils no condition
			continue
		}
		v, err := p.value(fixed, internal, pick)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", p.Name, err)
		}
		internal[p.Name] = v
		chosen[p.Name] = p.Distribution.External(v)
	}
	return internal, nil
}

func (p Param) value(fixed map[string]any, sofar map[string]float64, pick func(Param, map[string]float64) (float64, error)) (float64, error) {
	if external, ok := fixed[p.Name]; ok {
		v, err := p.Distribution.Internal(external)
		if err != nil {
			return 0, fmt.Errorf("fixed value: %w", err)
		}
		return v, nil
	}
	if p.Distribution.Single() {
		return ValueAt(p.Distribution, 0), nil
	}
	v, err := pick(p, sofar)
	if err != nil {
		return 0, err
	}
	if !p.Distribution.Contains(v) {
		return 0, fmt.Errorf("the sampler suggested %v, which is not in %v", v, p.Distribution)
	}
	return v, nil
}
