package search

import (
	"context"
	"errors"
	"fmt"
)

// Reached reports whether a study has come to an end that its budget sets
// beside the number of trials: [EndTarget] when a COMPLETE trial is as good as
// the target or better, [EndNoImprovement] when NoImprovement trials with a
// higher number than the best one's are COMPLETE or PRUNED. It returns an
// empty ending when the study should go on.
func Reached(ctx context.Context, store Store, study *Study, budget Budget) (Ending, error) {
	if budget.Target == nil && budget.NoImprovement == 0 {
		return "", nil
	}
	best, err := store.Best(ctx, study.ID)
	switch {
	case errors.Is(err, ErrNotFound):
		return "", nil
	case err != nil:
		return "", fmt.Errorf("reading the best trial of study %q: %w", study.Name, err)
	case budget.Target != nil && !study.Direction().Better(*budget.Target, best.Value()):
		return EndTarget, nil
	case budget.NoImprovement == 0:
		return "", nil
	}
	// Failed trials say nothing about how much there is to gain.
	since, err := store.Trials(ctx, study.ID, TrialQuery{
		States: []State{Complete, Pruned}, After: best.Number, Limit: budget.NoImprovement, Brief: true,
	})
	if err != nil {
		return "", fmt.Errorf("reading the trials of study %q: %w", study.Name, err)
	}
	if len(since) >= budget.NoImprovement {
		return EndNoImprovement, nil
	}
	return "", nil
}
