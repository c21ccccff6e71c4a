package search

import (
	"math"
	"strings"
	"testing"
)

func TestDistributionValidate(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		d    Distribution
		want string // part of the error; none when empty
	}{
		{Float{Low: 0, High: 1}, ""},
		{Float{Low: 1, High: 1}, ""},
		{Float{Low: 2, High: 1}, "is empty"},
		{Float{Low: nan, High: 1}, "not finite"},
		{Float{Low: 0, High: inf}, "not finite"},
		{Float{Low: -1e308, High: 1e308}, "wider than"},
		{Float{Low: 0, High: 1, Log: true}, "reaches 0"},
		{Float{Low: -1, High: 1, Log: true}, "reaches 0"},
		{Float{Low: 1e-300, High: 1, Log: true}, ""},
		{Float{Low: 1, High: 2, Log: true, Step: 0.5}, "cannot have a step"},
		{Float{Low: 0, High: 1, Step: -0.1}, "must be positive"},
		{Float{Low: 0, High: 1, Step: nan}, "must be positive"},
		{Float{Low: 0, High: 1, Step: inf}, "must be positive"},
		{Float{Low: 0, High: 1, Step: 1e-300}, "too small"},
		{Float{Low: 0, High: 1, Step: 2}, ""},
		{Int{Low: 0, High: 10}, ""},
		{Int{Low: 1, High: 0}, "is empty"},
		{Int{Low: math.MinInt64, High: 0}, "2^53"},
		{Int{Low: 0, High: math.MaxInt64}, "2^53"},
		{Int{Low: -1 << 53, High: 1 << 53}, ""},
		{Int{Low: 0, High: 8, Log: true}, "reaches 0"},
		{Int{Low: 1, High: 8, Log: true, Step: 2}, "cannot have a step"},
		{Int{Low: 1, High: 8, Log: true, Step: 1}, ""},
		{Int{Low: 1, High: 8, Step: -1}, "must be positive"},
		{Categorical{}, "no choices"},
		{Categorical{Choices: []any{nil, true, int64(1), 0.5, "x"}}, ""},
		{Categorical{Choices: []any{"a", "b", "a"}}, "named twice"},
		{Categorical{Choices: []any{int64(1), 1.0}}, "named twice"},
		{Categorical{Choices: []any{true, int64(1)}}, ""},
		{Categorical{Choices: []any{nan}}, "not finite"},
		{Categorical{Choices: []any{[]any{1}}}, "want null, bool, number or string"},
		{Categorical{Choices: []any{1}}, "want null, bool, number or string"}, // int, not int64
	} {
		err := test.d.Validate()
		switch {
		case test.want == "" && err != nil:
			t.Errorf("%#v: unexpected error %v", test.d, err)
		case test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)):
			t.Errorf("%#v: error %v, want one with %q", test.d, err, test.want)
		}
	}
}

func TestDistributionContains(t *testing.T) {
	t.Parallel()
	nan, inf := math.NaN(), math.Inf(1)
	for _, test := range []struct {
		d       Distribution
		in, out []float64
	}{
		{Float{Low: -1, High: 1}, []float64{-1, 0, 1}, []float64{-1.01, 1.01, nan, inf, -inf}},
		{Float{Low: 0, High: 1, Step: 0.1}, []float64{0, 0.1, 0.30000000000000004, 0.3, 1}, []float64{0.05, 0.15, 1.1, nan}},
		{Float{Low: 0, High: 1, Step: 0.3}, []float64{0, 0.9}, []float64{1, 0.95}},
		{Float{Low: 524288, High: 524288.5, Step: 0.003906250043655746}, []float64{524288.00390625}, []float64{524288.002}},
		{Int{Low: -2, High: 2}, []float64{-2, 0, 2}, []float64{-3, 3, 0.5, nan, inf, -inf}},
		{Int{Low: 1, High: 10, Step: 4}, []float64{1, 5, 9}, []float64{0, 2, 10, 13}},
		{Categorical{Choices: []any{"a", "b"}}, []float64{0, 1}, []float64{-1, 2, 0.5, nan, inf}},
	} {
		for _, v := range test.in {
			if !test.d.Contains(v) {
				t.Errorf("%v does not contain %v", test.d, v)
			}
		}
		for _, v := range test.out {
			if test.d.Contains(v) {
				t.Errorf("%v contains %v", test.d, v)
			}
		}
	}
}

func TestDistributionSingle(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		d    Distribution
		want bool
	}{
		{Float{Low: 1, High: 1}, true},
		{Float{Low: 1, High: 2}, false},
		{Float{Low: 0, High: 1, Step: 1}, false},
		{Float{Low: 0, High: 1, Step: 1.5}, true},
		{Int{Low: 3, High: 3}, true},
		{Int{Low: 3, High: 4}, false},
		{Int{Low: 3, High: 4, Step: 2}, true},
		{Categorical{Choices: []any{nil}}, true},
		{Categorical{Choices: []any{1.5, nil}}, false},
	} {
		if got := test.d.Single(); got != test.want {
			t.Errorf("%v: single is %t", test.d, got)
		}
		if got := Cardinality(test.d) == 1; got != test.want {
			t.Errorf("%v: cardinality is %v", test.d, Cardinality(test.d))
		}
	}
}

func TestInternalAndExternal(t *testing.T) {
	t.Parallel()
	mixed := Categorical{Choices: []any{nil, true, int64(1), 0.5, "x"}}
	for _, test := range []struct {
		d        Distribution
		external any
		internal float64
		back     any
	}{
		{Float{Low: 0, High: 1}, 0.25, 0.25, 0.25},
		{Float{Low: 0, High: 2}, 1, 1, 1.0},
		{Float{Low: 0, High: 2}, int64(2), 2, 2.0},
		{Int{Low: 0, High: 9}, 7, 7, int64(7)},
		{Int{Low: 0, High: 9}, 7.0, 7, int64(7)},
		{mixed, nil, 0, nil},
		{mixed, true, 1, true},
		{mixed, 1.0, 2, int64(1)},
		{mixed, "x", 4, "x"},
	} {
		internal, err := test.d.Internal(test.external)
		if err != nil || internal != test.internal {
			t.Errorf("%v: internal of %v is %v, %v; want %v", test.d, test.external, internal, err, test.internal)
			continue
		}
		if got := test.d.External(internal); got != test.back {
			t.Errorf("%v: external of %v is %#v, want %#v", test.d, internal, got, test.back)
		}
	}
	for _, test := range []struct {
		d        Distribution
		external any
	}{
		{Float{Low: 0, High: 1}, 1.5}, {Float{Low: 0, High: 1}, "0.5"}, {Float{Low: 0, High: 1}, true}, {Float{Low: 0, High: 1}, nil},
		{Float{Low: 0, High: 1}, math.NaN()}, {Int{Low: 0, High: 9}, 1.5}, {Int{Low: 0, High: 9}, 10}, {Int{Low: 0, High: 9}, "1"},
		{mixed, "true"}, {mixed, false}, {mixed, []any{1}}, {mixed, map[string]any{}},
	} {
		if v, err := test.d.Internal(test.external); err == nil {
			t.Errorf("%v: internal of %v is %v, want an error", test.d, test.external, v)
		}
	}
}

func TestEqualDistributions(t *testing.T) {
	t.Parallel()
	all := []Distribution{
		Float{Low: 0, High: 1}, Float{Low: 0, High: 2}, Float{Low: 0, High: 1, Step: 0.5}, Float{Low: 1, High: 2}, Float{Low: 1, High: 2, Log: true},
		Int{Low: 0, High: 1}, Int{Low: 1, High: 2}, Int{Low: 1, High: 2, Log: true}, Int{Low: 0, High: 1, Step: 2},
		Categorical{Choices: []any{"a", "b"}}, Categorical{Choices: []any{"b", "a"}}, Categorical{Choices: []any{"a"}},
	}
	for i, a := range all {
		for j, b := range all {
			if got := EqualDistributions(a, b); got != (i == j) {
				t.Errorf("equal(%v, %v) is %t", a, b, got)
			}
		}
	}
	if !EqualDistributions(Int{Low: 0, High: 3}, Int{Low: 0, High: 3, Step: 1}) {
		t.Error("step 0 and step 1 of an int differ")
	}
	if !EqualDistributions(Categorical{Choices: []any{int64(1)}}, Categorical{Choices: []any{1.0}}) {
		t.Error("choices 1 and 1.0 differ")
	}
	if EqualDistributions(nil, nil) {
		t.Error("two missing distributions are equal")
	}
}

func TestCategorical_String(t *testing.T) {
	t.Parallel()
	d := Categorical{Choices: []any{"none", "embeddings", int64(3), 0.5, true, nil}}
	const want = "one of none, embeddings, 3, 0.5, true, null"
	if got := d.String(); got != want {
		t.Errorf("String() = %q, want %q", got, want)
	}
	if _, err := d.Internal("no"); err == nil || err.Error() != "no is not "+want {
		t.Errorf("Internal(no): %v", err)
	}
}
