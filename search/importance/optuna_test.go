package importance

import (
	"encoding/json"
	"math"
	"os"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

// spaces are those of testdata/cases.py.
var spaces = map[string]search.Space{
	"plain": {
		{Name: "x", Distribution: search.Float{Low: -10, High: 10}},
		{Name: "y", Distribution: search.Float{Low: 0, High: 10}},
		{Name: "n", Distribution: search.Int{Low: 1, High: 9, Step: 2}},
		{Name: "s", Distribution: search.Float{Low: 0, High: 1, Step: 0.25}},
	},
	"mixed": {
		{Name: "lr", Distribution: search.Float{Low: 1e-5, High: 1, Log: true}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b", "c"}}},
		{Name: "w", Distribution: search.Int{Low: 8, High: 1024, Log: true}},
		{Name: "z", Distribution: search.Float{Low: 0, High: 1}},
	},
	"conditional": {
		{Name: "kind", Distribution: search.Categorical{Choices: []any{"flat", "deep"}}},
		{Name: "x", Distribution: search.Float{Low: 0, High: 1}},
		{Name: "rate", Distribution: search.Float{Low: 0, High: 1}, When: map[string][]any{"kind": {"deep"}}},
	},
}

// optunaCase is an element of testdata/cases.json, which testdata/cases.py
// makes.
type optunaCase struct {
	Space     string
	Direction search.Direction
	PEDANOVA  map[string]float64 `json:"ped_anova"`
	FANOVA    map[string]float64 `json:"fanova"`
	Trials    [][2]any
}

func optunaCases(t *testing.T) []optunaCase {
	t.Helper()
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []optunaCase
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	return cases
}

// trials returns the trials of a case.
func (c optunaCase) trials(t *testing.T) []*search.Trial {
	t.Helper()
	var trials []*search.Trial
	for number, row := range c.Trials {
		trials = append(trials, complete(t, number, spaces[c.Space], row[0].(map[string]any), row[1].(float64)))
	}
	return trials
}

func complete(t *testing.T, number int, space search.Space, params map[string]any, value float64) *search.Trial {
	t.Helper()
	trial := &search.Trial{Number: number, State: search.Complete, Values: []float64{value}, Params: map[string]float64{}}
	for _, p := range space {
		external, ok := params[p.Name]
		if !ok {
			continue
		}
		internal, err := p.Distribution.Internal(external)
		if err != nil {
			t.Fatal(err)
		}
		trial.Params[p.Name] = internal
	}
	return trial
}

func compare(t *testing.T, what string, got []Importance, want map[string]float64, tolerance float64) {
	t.Helper()
	for _, i := range got {
		if math.Abs(i.Value-want[i.Param]) > tolerance {
			t.Errorf("%s: importance of %s is %.6f, Optuna says %.6f", what, i.Param, i.Value, want[i.Param])
		}
	}
}

func TestPEDANOVAOptuna(t *testing.T) {
	t.Parallel()
	for _, c := range optunaCases(t) {
		got := PEDANOVA(spaces[c.Space], c.Direction, c.trials(t))
		compare(t, c.Space, got, c.PEDANOVA, 1e-6)
	}
}

// Forests differ by what their trees are grown from.
func TestFANOVAOptuna(t *testing.T) {
	t.Parallel()
	compared := 0
	for _, c := range optunaCases(t) {
		if c.FANOVA == nil {
			continue
		}
		compared++
		compare(t, c.Space, FANOVA(spaces[c.Space], c.trials(t), 1), c.FANOVA, 0.03)
	}
	if compared == 0 {
		t.Error("nothing was compared")
	}
}
