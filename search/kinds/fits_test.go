package kinds

import (
	"strings"
	"testing"

	"github.com/hpsearch/hpsearch/search"
)

func TestCheck(t *testing.T) {
	t.Parallel()
	two := search.ObjectiveSpec{Metrics: []string{"a", "b"}}.Complete()
	one := search.ObjectiveSpec{Metric: "a", Direction: search.Minimize}
	mixed := search.Space{
		{Name: "x", Distribution: search.Float{Low: 0, High: 1}},
		{Name: "fixed", Distribution: search.Float{Low: 1, High: 1}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
	}
	target := 1.0
	for _, test := range []struct {
		name string
		def  search.Definition
		want string // empty: in order
	}{
		{"defaults", search.Definition{Objective: two}, ""},
		{"nsga2", search.Definition{Objective: two, Sampler: search.SamplerSpec{Kind: "nsga2"}, Pruner: search.PrunerSpec{Kind: "none"}}, ""},
		{"random", search.Definition{Objective: two, Sampler: search.SamplerSpec{Kind: "random"}}, ""},
		{"tpe", search.Definition{Objective: two, Sampler: search.SamplerSpec{Kind: "tpe"}}, `sampler "tpe" looks for the best value of one metric, and this study has 2: use nsga2`},
		{"goptuna", search.Definition{Objective: two, Sampler: search.SamplerSpec{Kind: "goptuna-random"}}, "use nsga2"},
		{"pruner", search.Definition{Objective: two, Pruner: search.PrunerSpec{Kind: "median"}}, `pruner "median" compares trials by one metric`},
		{"target", search.Definition{Objective: two, Budget: search.Budget{Target: &target}}, "target of the budget"},
		{"no improvement", search.Definition{Objective: two, Budget: search.Budget{NoImprovement: 3}}, "no_improvement of the budget"},
		{"terminator", search.Definition{Objective: two, Budget: search.Budget{Terminator: &search.TerminatorSpec{Kind: "regret-bound"}}}, "terminator of the budget"},
		{"grid", search.Definition{Objective: one, Space: mixed, Sampler: search.SamplerSpec{Kind: "grid"}}, `parameter "x" is continuous`},
		{"grid of points", search.Definition{Objective: one, Space: mixed, Sampler: search.SamplerSpec{Kind: "grid", Options: map[string]any{"points": 3}}}, ""},
		{"grid of steps", search.Definition{Objective: one, Space: mixed[1:], Sampler: search.SamplerSpec{Kind: "grid"}}, ""},
		{"cmaes of choices", search.Definition{Objective: one, Space: mixed[1:], Sampler: search.SamplerSpec{Kind: "cmaes"}}, ""},
		{"objectives", search.Definition{Objective: search.ObjectiveSpec{Metrics: []string{"a", "b"}}}, "objective: metrics: 2, directions: 0"},
		{"one objective", search.Definition{
			Objective: one, Sampler: search.SamplerSpec{Kind: "tpe"},
			Pruner: search.PrunerSpec{Kind: "median"}, Budget: search.Budget{Target: &target, NoImprovement: 3},
		}, ""},
	} {
		err := Check(&test.def)
		if test.want == "" && err != nil || test.want != "" && (err == nil || !strings.Contains(err.Error(), test.want)) {
			t.Errorf("%s: %v, want %q", test.name, err, test.want)
		}
	}
}
