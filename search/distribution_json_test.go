package search

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// optunaJSON is what optuna 5.0.0 writes:
//
//	python -c 'from optuna.distributions import *
//	for d in [FloatDistribution(-1.5, 2.25), FloatDistribution(1e-6, 1e-3, log=True), …]:
//	    print(distribution_to_json(d))'
var optunaJSON = []struct {
	json string
	want Distribution
}{
	{`{"name": "FloatDistribution", "attributes": {"step": null, "low": -1.5, "high": 2.25, "log": false}}`, Float{Low: -1.5, High: 2.25}},
	{`{"name": "FloatDistribution", "attributes": {"step": null, "low": 1e-06, "high": 0.001, "log": true}}`, Float{Low: 1e-6, High: 1e-3, Log: true}},
	{`{"name": "FloatDistribution", "attributes": {"step": 0.1, "low": 0.0, "high": 1.0, "log": false}}`, Float{Low: 0, High: 1, Step: 0.1}},
	{`{"name": "FloatDistribution", "attributes": {"step": null, "low": 1.0, "high": 1.0, "log": false}}`, Float{Low: 1, High: 1}},
	{`{"name": "FloatDistribution", "attributes": {"step": null, "low": 0.0, "high": 1e+20, "log": false}}`, Float{Low: 0, High: 1e20}},
	{`{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": 1, "high": 8}}`, Int{Low: 1, High: 8, Step: 1}},
	{`{"name": "IntDistribution", "attributes": {"log": true, "step": 1, "low": 1, "high": 1024}}`, Int{Low: 1, High: 1024, Log: true, Step: 1}},
	{`{"name": "IntDistribution", "attributes": {"log": false, "step": 25, "low": 0, "high": 100}}`, Int{Low: 0, High: 100, Step: 25}},
	{`{"name": "IntDistribution", "attributes": {"log": false, "step": 1, "low": -3, "high": -3}}`, Int{Low: -3, High: -3, Step: 1}},
	{`{"name": "CategoricalDistribution", "attributes": {"choices": ["none", "all-but-head"]}}`, Categorical{Choices: []any{"none", "all-but-head"}}},
	{`{"name": "CategoricalDistribution", "attributes": {"choices": [null, true, false, 1, 0.5, "x"]}}`, Categorical{Choices: []any{nil, true, false, int64(1), 0.5, "x"}}},
	{`{"name": "CategoricalDistribution", "attributes": {"choices": ["\u00e9<&>\"", 0.001, 1e+22, -0.0]}}`, Categorical{Choices: []any{"é<&>\"", 0.001, 1e22, 0.0}}},
	{`{"name": "CategoricalDistribution", "attributes": {"choices": [1.0, 2.0]}}`, Categorical{Choices: []any{1.0, 2.0}}},
}

func TestDistributionJSONOfOptuna(t *testing.T) {
	t.Parallel()
	for _, test := range optunaJSON {
		got, err := UnmarshalDistribution([]byte(test.json))
		if err != nil {
			t.Errorf("%s: %v", test.json, err)
			continue
		}
		if diff := cmp.Diff(test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.json, diff)
		}
		written, err := MarshalDistribution(got)
		if err != nil {
			t.Errorf("%v: %v", got, err)
			continue
		}
		if diff := cmp.Diff(jsonTokens(t, test.json), jsonTokens(t, string(written))); diff != "" {
			t.Errorf("written otherwise than Optuna does (-Optuna +hpsearch):\n%s", diff)
		}
	}
}

// jsonTokens decodes JSON but tells integers (int64) from floats (float64),
// as Python does.
func jsonTokens(t *testing.T, s string) map[string]any {
	t.Helper()
	d := json.NewDecoder(strings.NewReader(s))
	d.UseNumber()
	var v struct {
		Name       string
		Attributes map[string]any
	}
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%s: %v", s, err)
	}
	m := map[string]any{"name": v.Name}
	for key, a := range v.Attributes {
		if choices, ok := a.([]any); ok {
			typed := make([]any, len(choices))
			for i, c := range choices {
				typed[i] = Scalar(c)
			}
			m[key] = typed
			continue
		}
		if n, ok := a.(json.Number); ok { // bounds: Optuna itself converts
			f, err := n.Float64()
			if err != nil {
				t.Fatal(err)
			}
			a = f
		}
		m[key] = a
	}
	return m
}

func TestUnmarshalDistributionRefuses(t *testing.T) {
	t.Parallel()
	for _, test := range []struct{ json, want string }{
		{``, "distribution JSON"},
		{`[]`, "distribution JSON"},
		{`{"name": "UniformDistribution", "attributes": {"low": 0, "high": 1}}`, "unknown kind"},
		{`{"name": "FloatDistribution"}`, "FloatDistribution"},
		{`{"name": "FloatDistribution", "attributes": null}`, "missing"},
		{`{"name": "FloatDistribution", "attributes": {"low": 0}}`, "missing"},
		{`{"name": "FloatDistribution", "attributes": {"low": 2, "high": 1}}`, "empty"},
		{`{"name": "FloatDistribution", "attributes": {"low": NaN, "high": 1}}`, "distribution JSON"},
		{`{"name": "IntDistribution", "attributes": {"high": 1}}`, "missing"},
		{`{"name": "IntDistribution", "attributes": {"low": 0.5, "high": 1}}`, "IntDistribution"},
		{`{"name": "IntDistribution", "attributes": {"low": 0, "high": 1, "step": -1}}`, "positive"},
		{`{"name": "CategoricalDistribution", "attributes": {}}`, "no choices"},
		{`{"name": "CategoricalDistribution", "attributes": {"choices": [1, 1.0]}}`, "twice"},
		{`{"name": "CategoricalDistribution", "attributes": {"choices": [[1]]}}`, "want null"},
		{`{"name": "CategoricalDistribution", "attributes": {"choices": [{"a": 1}]}}`, "want null"},
	} {
		d, err := UnmarshalDistribution([]byte(test.json))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v, error %v, want one with %q", test.json, d, err, test.want)
		}
	}
}

func TestMarshalDistributionRefuses(t *testing.T) {
	t.Parallel()
	for _, d := range []Distribution{nil, Categorical{Choices: []any{make(chan int)}}} {
		if data, err := MarshalDistribution(d); err == nil {
			t.Errorf("%v was written as %s", d, data)
		}
	}
}

func TestParamJSON(t *testing.T) {
	t.Parallel()
	for _, p := range []Param{
		{Name: "lr", Distribution: Float{Low: 1e-6, High: 1e-3, Log: true}},
		{Name: "inner", Distribution: Int{Low: 1, High: 5, Step: 2}, When: map[string][]any{"algorithm": {"fomaml", "anil"}, "ways": {int64(5)}, "flag": {true, nil, 0.5}}},
		{Name: "c", Distribution: Categorical{Choices: []any{1.0, int64(2), "x"}}},
	} {
		data, err := json.Marshal(p)
		if err != nil {
			t.Fatal(err)
		}
		var got Param
		if err := json.Unmarshal(data, &got); err != nil {
			t.Fatalf("%s: %v", data, err)
		}
		if diff := cmp.Diff(p, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", data, diff)
		}
	}
	var p Param
	for _, bad := range []string{`{"name": "x"}`, `{"name": "x", "distribution": 1}`, `{"name": 1}`} {
		if err := json.Unmarshal([]byte(bad), &p); err == nil {
			t.Errorf("%s was read as %v", bad, p)
		}
	}
}

// FuzzUnmarshalDistribution checks that whatever is read is valid, is written
// again, and then reads and writes the same.
func FuzzUnmarshalDistribution(f *testing.F) {
	for _, test := range optunaJSON {
		f.Add([]byte(test.json))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d, err := UnmarshalDistribution(data)
		if err != nil {
			return
		}
		if err := d.Validate(); err != nil {
			t.Fatalf("%s was read though it is invalid: %v", data, err)
		}
		written, err := MarshalDistribution(d)
		if err != nil {
			t.Fatalf("%v cannot be written: %v", d, err)
		}
		again, err := UnmarshalDistribution(written)
		if err != nil || !EqualDistributions(d, again) {
			t.Fatalf("%s became %v: %v", written, again, err)
		}
		if rewritten, err := MarshalDistribution(again); err != nil || !bytes.Equal(written, rewritten) {
			t.Fatalf("%s is written as %s the second time: %v", written, rewritten, err)
		}
		for _, v := range []float64{Nearest(d, 0), Uniform(Rand(1, 0, "fuzz"), d)} {
			if !d.Contains(v) {
				t.Fatalf("%v does not contain %v", d, v)
			}
		}
	})
}
