package setting

import (
	"encoding/json"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
)

// Check reports what is wrong with one value of a setting, as decoded from
// YAML or JSON. The error is a [Problem] or, for a mapping, [Problems].
func Check(name string, value any) error {
	s, ok := Lookup(name)
	if !ok {
		return unknown(name)
	}
	if _, isMapping := value.(map[string]any); s.Type == Mapping || s.Type == FolderOrMapping && isMapping {
		dot := strings.LastIndex(name, ".") + 1
		flat, problems := flatten(name[:dot], map[string]any{name[dot:]: value})
		_, more := readAll(new(Config), flat)
		return append(problems, more...).orNil()
	}
	if _, p := s.canonical(value); p != nil {
		return *p
	}
	return nil
}

// CheckKind reports whether a setting can be searched with a distribution of
// that kind: float, int or categorical.
func CheckKind(name, kind string) error {
	s, ok := Lookup(name)
	if !ok {
		return unknown(name)
	}
	if s.Fixed {
		return Problem{Name: name, Text: "cannot be searched", Hint: "set it under train"}
	}
	numeric := s.Type == Float || s.Type == Int
	switch {
	case kind == "categorical", kind == "int" && numeric, kind == "float" && s.Type == Float:
		return nil
	case kind == "float" && s.Type == Int:
		return Problem{Name: name, Text: "takes whole numbers", Hint: "search it with type: int"}
	case kind == "float", kind == "int":
		return Problem{Name: name, Text: "takes no numbers", Hint: "search it with type: categorical and choices such as " + s.Allowed()}
	}
	return Problem{Name: name, Text: fmt.Sprintf("unknown kind of distribution %q", kind), Hint: "use float, int or categorical"}
}

// CheckRange reports whether a searched interval lies inside what the setting
// allows. Both bounds are values that a trial may get.
func CheckRange(name string, low, high float64) error {
	s, ok := Lookup(name)
	if !ok {
		return unknown(name)
	}
	kind := "float"
	if s.Type == Int {
		kind = "int"
	}
	if err := CheckKind(name, kind); err != nil {
		return err
	}
	if !(low <= high) {
		return Problem{Name: name, Text: fmt.Sprintf("the range from %s to %s is empty", number(low), number(high))}
	}
	for _, v := range []float64{low, high} {
		if _, p := s.canonical(v); p != nil {
			return *p
		}
	}
	return nil
}

// CheckChoices reports the first choice of a searched setting that is not a
// valid value of it.
func CheckChoices(name string, choices []any) error {
	if err := CheckKind(name, "categorical"); err != nil {
		return err
	}
	s, _ := Lookup(name)
	for _, v := range choices {
		if _, p := s.canonical(v); p != nil {
			return *p
		}
	}
	return nil
}

// canonical returns the value as float64, int64, string, bool or []int64.
func (s Setting) canonical(value any) (any, *Problem) {
	bad := func(text string) (any, *Problem) {
		return nil, &Problem{Name: s.Name, Text: text, Hint: "use " + s.Allowed()}
	}
	switch s.Type {
	case Float, Int:
		v, ok := toFloat(value)
		if !ok {
			return bad(fmt.Sprintf("%s is not a number", show(value)))
		}
		if s.Type == Int && v != math.Trunc(v) {
			return bad(number(v) + " is not a whole number")
		}
		if !s.Range.Contains(v) {
			return bad(number(v) + " is out of range")
		}
		if s.Type == Int {
			return int64(v), nil
		}
		return v, nil
	case Numbers:
		return s.canonicalNumbers(value)
	case Bool:
		if on, ok := value.(bool); ok {
			return on, nil
		}
		return bad(show(value) + " is neither true nor false")
	}
	text, ok := value.(string)
	if !ok {
		return bad(show(value) + " is not text")
	}
	switch {
	case s.Type == Choice && !slices.Contains(s.Choices, text):
		return bad(fmt.Sprintf("unknown value %q", text))
	case s.Type == Pattern:
		if err := s.parse(text); err != nil {
			return nil, &Problem{Name: s.Name, Text: err.Error()}
		}
	case text == "":
		return bad("is empty")
	}
	return text, nil
}

// canonicalNumbers reads a list of whole numbers, or one, as []int64.
func (s Setting) canonicalNumbers(value any) (any, *Problem) {
	list, ok := value.([]any)
	if !ok {
		list = []any{value}
	}
	one := Setting{Name: s.Name, Type: Int, Range: s.Range}
	numbers := make([]int64, len(list))
	for i, v := range list {
		n, p := one.canonical(v)
		if p != nil {
			p.Hint = "use " + s.Allowed()
			return nil, p
		}
		numbers[i] = n.(int64)
	}
	if len(numbers) == 0 {
		return nil, &Problem{Name: s.Name, Text: "is an empty list", Hint: "use " + s.Allowed()}
	}
	return numbers, nil
}

// toFloat accepts every number that YAML, JSON and Go code produce.
func toFloat(value any) (float64, bool) {
	if n, ok := value.(json.Number); ok {
		v, err := n.Float64()
		return v, err == nil
	}
	v := reflect.ValueOf(value)
	switch {
	case v.CanInt():
		return float64(v.Int()), true
	case v.CanUint():
		return float64(v.Uint()), true
	case v.CanFloat():
		return v.Float(), true
	}
	return 0, false
}

func show(value any) string {
	switch v := value.(type) {
	case nil:
		return "nothing"
	case string:
		return fmt.Sprintf("%q", v)
	case map[string]any:
		return "a mapping"
	case []any:
		return "a list"
	}
	return fmt.Sprint(value)
}
