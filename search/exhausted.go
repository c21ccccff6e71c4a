package search

import (
	"context"
	"fmt"
)

// A Finite sampler suggests each configuration of a finite number once, and
// then says [ErrNothing].
type Finite interface {
	// Configurations returns all that the sampler suggests for a study. It
	// returns false when there are more than most, or when the sampler does
	// not end for this study.
	Configurations(study *Study, most int) ([]map[string]float64, bool)
}

// Exhausted returns [EndExhausted] when the sampler has nothing left to
// suggest: it is [Finite], every one of its configurations has a trial, and
// all trials have ended. It returns no goal when the budget's trials were
// used up, which is the end then. counts are those of the study.
func (g *Goals) Exhausted(ctx context.Context, sampler Sampler, counts Counts) (Goal, error) {
	finite, ok := sampler.(Finite)
	limit := g.Budget.Trials
	if !ok || counts.Running+counts.Waiting > 0 || limit > 0 && counts.Total() >= limit {
		return Goal{}, nil
	}
	all, ok := finite.Configurations(g.Study, counts.Total())
	if !ok {
		return Goal{}, nil
	}
	trials, err := g.Store.Trials(ctx, g.Study.ID, TrialQuery{After: -1, Brief: true})
	if err != nil {
		return Goal{}, fmt.Errorf("reading the trials of study %q: %w", g.Study.Name, err)
	}
	tried := TriedIn(trials, -1, g.Study.Definition.Space)
	for _, params := range all {
		if !tried.Has(params) {
			return Goal{}, nil
		}
	}
	why := fmt.Sprintf("all %d configurations were tried", len(all))
	if len(all) == 1 {
		why = "its only configuration was tried"
	}
	return Goal{Ending: EndExhausted, Why: why}, nil
}
