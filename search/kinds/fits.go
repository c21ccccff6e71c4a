package kinds

import (
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

// severalObjectives are the samplers that can do with more than one objective.
// The others look for the best of one value.
var severalObjectives = []string{"auto", "nsga2", "qmc", "grid", "random"}

// CheckSampler refuses a sampler that does not fit the objectives.
func CheckSampler(spec search.SamplerSpec, objective *search.ObjectiveSpec) error {
	if spec.Kind == "" || !objective.Several() || slices.Contains(severalObjectives, spec.Kind) {
		return nil
	}
	return fmt.Errorf("sampler %q looks for the best value of one metric, and this study has %d: use nsga2, or auto, which chooses it",
		spec.Kind, len(objective.Metrics))
}

// ParamCheck returns a function that refuses the parameters that a sampler has
// no values for. A sampler that cannot be made refuses nothing: [NewSampler]
// says what is wrong with it.
func ParamCheck(spec search.SamplerSpec) func(search.Param) error {
	sampler, err := NewSampler(spec)
	if choosy, ok := sampler.(interface{ CheckParam(search.Param) error }); ok && err == nil {
		return choosy.CheckParam
	}
	return func(search.Param) error { return nil }
}

// CheckPruner refuses a pruner where trials cannot be compared by one value.
func CheckPruner(spec search.PrunerSpec, objective *search.ObjectiveSpec) error {
	if spec.Kind == "" || spec.Kind == DefaultPruner || !objective.Several() {
		return nil
	}
	return fmt.Errorf("pruner %q compares trials by one metric, and this study has %d: leave the pruner out",
		spec.Kind, len(objective.Metrics))
}

// CheckBudget refuses ends that are about one best value.
func CheckBudget(budget search.Budget, objective *search.ObjectiveSpec) error {
	if !objective.Several() {
		return nil
	}
	for _, end := range []struct {
		key   string
		given bool
	}{
		{"target", budget.Target != nil},
		{"no_improvement", budget.NoImprovement > 0},
		{"terminator", budget.Terminator != nil},
	} {
		if end.given {
			return fmt.Errorf("%s of the budget is about the best value of one metric, and this study has %d: leave it out",
				end.key, len(objective.Metrics))
		}
	}
	return nil
}

// Check refuses what of a definition does not fit together: a sampler, a
// pruner or a budget that the objectives leave nothing to do for, and a sampler
// that has no values for a parameter of the space.
func Check(def *search.Definition) error {
	if err := def.Objective.Check(); err != nil {
		return fmt.Errorf("objective: %w", err)
	}
	if err := CheckSampler(def.Sampler, &def.Objective); err != nil {
		return err
	}
	checkParam := ParamCheck(def.Sampler)
	for _, p := range def.Space {
		if err := checkParam(p); err != nil {
			return err
		}
	}
	if err := CheckPruner(def.Pruner, &def.Objective); err != nil {
		return err
	}
	return CheckBudget(def.Budget, &def.Objective)
}
