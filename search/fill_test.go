package search

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var fillSpace = Space{
	{Name: "a", Distribution: Categorical{Choices: []any{"x", "y"}}},
	{Name: "b", Distribution: Int{Low: 1, High: 9}, When: map[string][]any{"a": {"y"}}},
	{Name: "c", Distribution: Float{Low: 2, High: 2}},
	{Name: "d", Distribution: Float{Low: 0, High: 1}, When: map[string][]any{"b": {int64(3)}}},
	{Name: "e", Distribution: Float{Low: 0, High: 1}, When: map[string][]any{"mode": {"full"}}},
}

func TestFill(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fixed map[string]any
		picks map[string]float64
		want  map[string]float64
	}{
		{"branch not taken", nil, map[string]float64{"a": 0}, map[string]float64{"a": 0, "c": 2}},
		{"branch taken", nil, map[string]float64{"a": 1, "b": 4}, map[string]float64{"a": 1, "b": 4, "c": 2}},
		{"nested", nil, map[string]float64{"a": 1, "b": 3, "d": 0.5}, map[string]float64{"a": 1, "b": 3, "c": 2, "d": 0.5}},
		{"fixed parameters", map[string]any{"a": "y", "b": 3}, map[string]float64{"d": 1}, map[string]float64{"a": 1, "b": 3, "c": 2, "d": 1}},
		{"fixed but inactive", map[string]any{"a": "x", "b": 3}, nil, map[string]float64{"a": 0, "c": 2}},
		{"fixed setting", map[string]any{"mode": "full"}, map[string]float64{"a": 0, "e": 0.5}, map[string]float64{"a": 0, "c": 2, "e": 0.5}},
	} {
		asked := make(map[string]float64)
		got, err := fillSpace.Fill(test.fixed, func(p Param, _ map[string]float64) (float64, error) {
			v, ok := test.picks[p.Name]
			if !ok {
				return 0, errors.New("not expected to be asked for")
			}
			asked[p.Name] = v
			return v, nil
		})
		if err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
		if len(asked) != len(test.picks) {
			t.Errorf("%s: asked for %v only", test.name, asked)
		}
	}
}

func TestFillErrors(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		fixed map[string]any
		pick  float64
		err   error
		want  string
	}{
		{map[string]any{"a": "z"}, 0, nil, `parameter "a": fixed value`},
		{nil, 7, nil, `parameter "a": the sampler suggested 7`},
		{nil, 0, errors.New("no idea"), `parameter "a": no idea`},
	} {
		_, err := fillSpace.Fill(test.fixed, func(Param, map[string]float64) (float64, error) { return test.pick, test.err })
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("error %v, want one with %q", err, test.want)
		}
	}
}

// A walk visits each configuration once: 1 with a=x, 8+1 with a=y and another 2
// values of d where b is 3.
func TestWalk(t *testing.T) {
	t.Parallel()
	space := append(Space(nil), fillSpace[:4]...)
	space[3].Distribution = Float{Low: 0, High: 1, Step: 0.5}
	seen := make(map[string]bool)
	w := NewWalk(space, nil, everyValue)
	for {
		params, err := w.Next()
		if err != nil {
			t.Fatal(err)
		}
		if params == nil {
			break
		}
		key := ConfigKey(space, params)
		if seen[key] {
			t.Fatalf("%v was visited twice", params)
		}
		seen[key] = true
	}
	if want := 1 + 8 + 3; len(seen) != want {
		t.Errorf("visited %d configurations, want %d", len(seen), want)
	}
}

func TestDistinctGivesUpOnlyWhenExhausted(t *testing.T) {
	t.Parallel()
	space := Space{{Name: "n", Distribution: Int{Low: 0, High: 99}}}
	stubborn := func(int) (map[string]float64, error) { return map[string]float64{"n": 0}, nil }
	h := &History{}
	for number := range 101 {
		params, err := Distinct(h, number, space, nil, Rand(1, number, ""), stubborn)
		if err != nil {
			t.Fatal(err)
		}
		repeated := taken(h, number, space, params)
		if exhausted := number == 100; repeated != exhausted {
			t.Fatalf("trial %d: %v, repeated is %t", number, params, repeated)
		}
		h.Trials = append(h.Trials, &Trial{Number: number, Params: params})
	}
}
