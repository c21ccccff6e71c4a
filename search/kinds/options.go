// Package kinds makes the samplers and pruners that study files name.
package kinds

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/search"
)

// options reads the free-form options of a specification and remembers what
// was read, so that an unknown key can be refused. The first error is kept.
type options struct {
	owner  string // for messages: sampler "tpe"
	values map[string]any
	known  []string
	err    error
}

// natural returns an option that is an integer of at least least; 0 when it
// is not given.
func (o *options) natural(name string, least int64) int {
	o.known = append(o.known, name)
	v, ok := o.values[name]
	if !ok {
		return 0
	}
	n, ok := integer(v)
	if (!ok || n < least || n > 1<<31-1) && o.err == nil {
		o.err = fmt.Errorf("%s: option %q must be an integer of at least %d, not %v", o.owner, name, least, v)
	}
	return int(n)
}

// number returns an option that is a finite number; nil when it is not given.
func (o *options) number(name string) *float64 {
	o.known = append(o.known, name)
	v, ok := o.values[name]
	if !ok {
		return nil
	}
	var n float64
	switch v := search.Scalar(v).(type) {
	case int64:
		n = float64(v)
	case float64:
		n = v
	default:
		n = math.NaN()
	}
	if (math.IsNaN(n) || math.IsInf(n, 0)) && o.err == nil {
		o.err = fmt.Errorf("%s: option %q must be a number, not %v", o.owner, name, v)
	}
	return &n
}

// positive returns an option that is a number above 0; 0 when it is not given.
func (o *options) positive(name string) float64 {
	n := o.number(name)
	if n == nil {
		return 0
	}
	if *n <= 0 && o.err == nil {
		o.err = fmt.Errorf("%s: option %q must be above 0, not %v", o.owner, name, *n)
	}
	return *n
}

// flag returns an option that is true or false; fallback when it is not given.
func (o *options) flag(name string, fallback bool) bool {
	o.known = append(o.known, name)
	v, ok := o.values[name]
	if !ok {
		return fallback
	}
	b, ok := v.(bool)
	if !ok && o.err == nil {
		o.err = fmt.Errorf("%s: option %q must be true or false, not %v", o.owner, name, v)
	}
	return b
}

// text returns an option that is a string; empty when it is not given.
func (o *options) text(name string) string {
	o.known = append(o.known, name)
	v, ok := o.values[name]
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok && o.err == nil {
		o.err = fmt.Errorf("%s: option %q must be text, not %v", o.owner, name, v)
	}
	return s
}

// mapping returns an option that is a mapping, and whether it is given.
func (o *options) mapping(name string) (map[string]any, bool) {
	o.known = append(o.known, name)
	v, ok := o.values[name]
	if !ok {
		return nil, false
	}
	m, ok := v.(map[string]any)
	if !ok && o.err == nil {
		o.err = fmt.Errorf("%s: option %q must be a mapping, not %v", o.owner, name, v)
	}
	return m, ok
}

// check returns what was wrong, an unknown option included.
func (o *options) check() error {
	if o.err != nil {
		return o.err
	}
	for _, name := range slices.Sorted(maps.Keys(o.values)) {
		if slices.Contains(o.known, name) {
			continue
		}
		if len(o.known) == 0 {
			return fmt.Errorf("%s has no options; remove %q", o.owner, name)
		}
		return fmt.Errorf("%s has no option %q; it has %s", o.owner, name, strings.Join(o.known, ", "))
	}
	return nil
}

// notNegative checks a count that stands beside the options.
func notNegative(owner, name string, n int) error {
	if n < 0 {
		return fmt.Errorf("%s: %s must not be negative: %d", owner, name, n)
	}
	return nil
}

// integer accepts what YAML and JSON decoders make of an integer.
func integer(v any) (int64, bool) {
	switch v := search.Scalar(v).(type) {
	case int64:
		return v, true
	case float64:
		return int64(v), v == float64(int64(v))
	}
	return 0, false
}
