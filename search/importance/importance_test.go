package importance

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hpsearch/hpsearch/search"
)

// uniform returns complete trials of uniform draws.
func uniform(space search.Space, n int, value func(params map[string]float64) float64) []*search.Trial {
	trials := make([]*search.Trial, n)
	for number := range trials {
		rng := search.Rand(1, number, "test")
		params, _ := space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) { // draws do not fail
			return search.Uniform(rng, p.Distribution), nil
		})
		trials[number] = &search.Trial{Number: number, State: search.Complete, Params: params, Values: []float64{value(params)}}
	}
	return trials
}

// The shares of variance of an additive function are known: a²/12 for a x with
// x uniform on [0, 1], the logarithm of a log range alike, and the variance of
// the values of a choice.
func TestFANOVAOfAnAdditiveFunction(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "x", Distribution: search.Float{Low: 0, High: 1}},
		{Name: "l", Distribution: search.Float{Low: 1, High: 100, Log: true}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b", "c"}}},
		{Name: "nothing", Distribution: search.Int{Low: 1, High: 5}},
		{Name: "fixed", Distribution: search.Int{Low: 3, High: 3}},
	}
	trials := uniform(space, 1500, func(p map[string]float64) float64 {
		return 1e6 + 3*p["x"] + 2*math.Log(p["l"])/math.Log(100) + p["c"]
	})
	total := 9.0/12 + 4.0/12 + 2.0/3
	want := map[string]float64{"x": 9.0 / 12 / total, "l": 4.0 / 12 / total, "c": 2.0 / 3 / total}
	got := FANOVA(space, trials, 1)
	compare(t, "additive", got, want, 0.02)
	if diff := cmp.Diff(got, FANOVA(space, trials, 1)); diff != "" {
		t.Errorf("again (-first +second):\n%s", diff)
	}
}

func TestLittleToTell(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "x", Distribution: search.Float{Low: 0, High: 1}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
		{Name: "r", Distribution: search.Float{Low: 0, High: 1}, When: map[string][]any{"c": {"b"}}},
	}
	flat := func(map[string]float64) float64 { return 1 }
	unusable := uniform(space, 4, flat)
	unusable[0].Values = []float64{math.NaN()}
	unusable[1].State = search.Pruned
	unusable[2].Params["x"] = 7 // of another space
	constant := uniform(space[:2], 30, flat)
	for name, trials := range map[string][]*search.Trial{
		"none": nil, "one": uniform(space, 1, flat), "unusable": unusable, "constant": constant,
	} {
		for _, i := range FANOVA(space[:2], trials, 1) {
			if i.Value != 0 {
				t.Errorf("%s: fANOVA of %s is %v, want 0", name, i.Param, i.Value)
			}
		}
		for _, i := range PEDANOVA(space[:2], search.Minimize, trials) {
			if !(i.Value >= 0 && i.Value <= 1) {
				t.Errorf("%s: PED-ANOVA of %s is %v", name, i.Param, i.Value)
			}
		}
	}
	if got := FANOVA(nil, constant, 1); len(got) != 0 {
		t.Errorf("of an empty space: %v", got)
	}
}

// fANOVA leaves out what some trials lack.
func TestFANOVAConditional(t *testing.T) {
	t.Parallel()
	for _, c := range optunaCases(t) {
		if c.Space != "conditional" {
			continue
		}
		got := FANOVA(spaces[c.Space], c.trials(t), 1)
		sum := got[0].Value + got[1].Value
		want := []Importance{{"kind", got[0].Value}, {"x", got[1].Value}, {"rate", math.NaN()}}
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs()); diff != "" || math.Abs(sum-1) > 1e-9 {
			t.Errorf("sum %v, importances (-want +got):\n%s", sum, diff)
		}
	}
}

func BenchmarkFANOVA(b *testing.B) {
	space := search.Space{}
	for _, name := range []string{"a", "b", "c", "d", "e", "f"} {
		space = append(space, search.Param{Name: name, Distribution: search.Float{Low: 0, High: 1}})
	}
	trials := uniform(space, 1000, func(p map[string]float64) float64 { return p["a"]*p["b"] + p["c"] })
	for b.Loop() {
		FANOVA(space, trials, 1)
	}
}
