package search

import (
	"strings"
	"testing"
)

func TestSpaceValidate(t *testing.T) {
	t.Parallel()
	number := Float{Low: 0, High: 1}
	algorithm := Param{Name: "algorithm", Distribution: Categorical{Choices: []any{"protonet", "anil"}}}
	when := func(name string, values ...any) Param {
		return Param{Name: "inner", Distribution: number, When: map[string][]any{name: values}}
	}
	fixed := map[string]any{"ways": int64(5), "tasks": map[string]any{"kind": "wordnet"}}
	for _, test := range []struct {
		name  string
		space Space
		want  string // part of the error; none when empty
	}{
		{"empty", nil, ""},
		{"no name", Space{{Distribution: number}}, "no name"},
		{"twice", Space{{Name: "x", Distribution: number}, {Name: "x", Distribution: number}}, `"x" is defined twice`},
		{"fixed and searched", Space{{Name: "ways", Distribution: number}}, "both fixed and searched"},
		{"no distribution", Space{{Name: "x"}}, "no distribution"},
		{"bad distribution", Space{{Name: "x", Distribution: Float{Low: 1}}}, `parameter "x": float range`},
		{"condition on a parameter", Space{algorithm, when("algorithm", "anil")}, ""},
		{"condition on a setting", Space{when("ways", 5, 20)}, ""},
		{"condition on a later parameter", Space{when("algorithm", "anil"), algorithm}, "neither fixed nor an earlier parameter"},
		{"condition on itself", Space{when("inner", 0.5)}, "neither fixed nor an earlier parameter"},
		{"condition without values", Space{algorithm, when("algorithm")}, "lists no values"},
		{"impossible condition", Space{algorithm, when("algorithm", "maml")}, "can never hold"},
	} {
		err := test.space.Validate(fixed)
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%s: unexpected error %v", test.name, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%s: error %v, want one with %q", test.name, err, test.want)
		}
	}
}

func TestParamActive(t *testing.T) {
	t.Parallel()
	p := Param{Name: "p", When: map[string][]any{"a": {"x", int64(1), nil}, "b": {true}}}
	for _, test := range []struct {
		chosen map[string]any
		want   bool
	}{
		{map[string]any{"a": "x", "b": true}, true},
		{map[string]any{"a": 1.0, "b": true}, true},
		{map[string]any{"a": nil, "b": true}, true},
		{map[string]any{"a": "x", "b": false}, false},
		{map[string]any{"a": "y", "b": true}, false},
		{map[string]any{"b": true}, false},
		{map[string]any{"a": "x"}, false},
		{map[string]any{"a": true, "b": true}, false},
		{map[string]any{"a": []any{"x"}, "b": true}, false},
		{nil, false},
	} {
		if got := p.Active(test.chosen); got != test.want {
			t.Errorf("active given %v is %t", test.chosen, got)
		}
	}
	if !(Param{}).Active(nil) {
		t.Error("a parameter without condition is inactive")
	}
	list := Param{When: map[string][]any{"layers": {[]any{"a"}}}}
	if !list.Active(map[string]any{"layers": []any{"a"}}) {
		t.Error("a condition on a list does not hold for an equal list")
	}
}
