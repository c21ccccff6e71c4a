package define

import (
	"context"
	"fmt"
	"strings"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/search"
)

// rebudget stores the budget of a study's file where it was edited since.
func rebudget(ctx context.Context, f *app.Factory, store search.Store, study *search.Study, budget search.Budget, file string) error {
	changes := budgetChanges(study.Definition.Budget, budget)
	if len(changes) == 0 {
		return nil
	}
	if err := store.SetBudget(ctx, study.ID, budget); err != nil {
		return err
	}
	study.Definition.Budget = budget
	f.Say("Study %s has another budget, as %s says now: %s.", study.Name, file, strings.Join(changes, ", "))
	return nil
}

// budgetChanges says in what a budget differs from an earlier one.
func budgetChanges(was, is search.Budget) []string {
	var changes []string
	before, after := budgetItems(was), budgetItems(is)
	for i, item := range after {
		if item.value != before[i].value {
			changes = append(changes, fmt.Sprintf("%s %s instead of %s", item.name, item.value, before[i].value))
		}
	}
	return changes
}

type budgetItem struct{ name, value string }

// budgetItems writes the parts of a budget as a study file does, always in the
// same order.
func budgetItems(b search.Budget) []budgetItem {
	text := func(v any, none bool) string {
		if none {
			return "none"
		}
		return fmt.Sprint(v)
	}
	target, terminator := text(nil, true), text(nil, true)
	if b.Target != nil {
		target = fmt.Sprint(*b.Target)
	}
	if t := b.Terminator; t != nil {
		terminator = t.Kind
		if t.Error != nil {
			terminator += fmt.Sprintf(" error=%v", *t.Error)
		}
		if t.MinTrials != 0 {
			terminator += fmt.Sprintf(" min_trials=%d", t.MinTrials)
		}
		if t.Interval != 0 {
			terminator += fmt.Sprintf(" interval=%d", t.Interval)
		}
	}
	return []budgetItem{
		{"trials", text(b.Trials, b.Trials == 0)},
		{"parallel", fmt.Sprint(max(1, b.Parallel))},
		{"timeout", text(b.Timeout, b.Timeout == 0)},
		{"max_failed", text(b.MaxFailed, b.MaxFailed == 0)},
		{"target", target},
		{"no_improvement", text(b.NoImprovement, b.NoImprovement == 0)},
		{"terminator", terminator},
		{"stall_timeout", text(b.StallTimeout, b.StallTimeout == 0)},
	}
}
