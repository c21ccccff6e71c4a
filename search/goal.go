package search

import (
	"context"
	"errors"
	"fmt"
)

// A Goal is an end that a study has come to before its trials were used up.
// The zero value is none.
type Goal struct {
	Ending Ending // EndTarget, EndNoImprovement, EndTerminator or EndExhausted
	Why    string // for people: "trial 7 is as good as the target (0.5)"
}

// A Terminator judges whether more trials of a study are worth their while.
// Implementations are safe for concurrent use.
type Terminator interface {
	// Judge looks at the trials of a study. It is asked before every new
	// trial, so it should be quick when little has changed. The same history
	// gives the same verdict in any process.
	Judge(ctx context.Context, h *History) (Verdict, error)
}

// A Verdict is what a [Terminator] says.
type Verdict struct {
	Ended bool
	Why   string // for people
}

// Goals are the ends of a study that its budget sets beside the number of
// trials.
type Goals struct {
	Store  Store
	Study  *Study
	Budget Budget // of the run; usually the study's own
	// Terminator judges what History shows; nil for none, and then History
	// is not needed.
	Terminator Terminator
	History    HistorySource
}

// Reached reports whether the study has come to an end: [EndTarget] when a
// COMPLETE trial is as good as the target or better, [EndNoImprovement] when
// NoImprovement trials with a higher number than the best one's are COMPLETE
// or PRUNED, [EndTerminator] when the terminator says so. It returns no goal
// when the study should go on.
func (g *Goals) Reached(ctx context.Context) (Goal, error) {
	goal, err := g.byBest(ctx)
	if err != nil || goal.Ending != "" || g.Terminator == nil {
		return goal, err
	}
	h, err := g.History.Snapshot(ctx)
	if err != nil {
		return Goal{}, err
	}
	verdict, err := g.Terminator.Judge(ctx, h)
	if err != nil {
		return Goal{}, fmt.Errorf("terminator of study %q: %w", g.Study.Name, err)
	}
	if !verdict.Ended {
		return Goal{}, nil
	}
	return Goal{Ending: EndTerminator, Why: verdict.Why}, nil
}

// byBest looks at the ends that are about the best trial.
func (g *Goals) byBest(ctx context.Context) (Goal, error) {
	if g.Budget.Target == nil && g.Budget.NoImprovement == 0 {
		return Goal{}, nil
	}
	best, err := g.Store.Best(ctx, g.Study.ID)
	if errors.Is(err, ErrNotFound) {
		return Goal{}, nil
	}
	if err != nil {
		return Goal{}, fmt.Errorf("reading the best trial of study %q: %w", g.Study.Name, err)
	}
	return g.ReachedWith(ctx, best)
}

// ReachedWith is Reached where the best trial is known and the terminator is
// not asked: a list of many studies affords no more than that.
func (g *Goals) ReachedWith(ctx context.Context, best *Trial) (Goal, error) {
	target, patience := g.Budget.Target, g.Budget.NoImprovement
	switch {
	case target != nil && !g.Study.Direction().Better(*target, best.Value()):
		return Goal{Ending: EndTarget, Why: fmt.Sprintf("trial %d is as good as the target (%g)", best.Number, *target)}, nil
	case patience == 0:
		return Goal{}, nil
	}
	// Failed trials say nothing about how much there is to gain.
	since, err := g.Store.Trials(ctx, g.Study.ID, TrialQuery{
		States: []State{Complete, Pruned}, After: best.Number, Limit: patience, Brief: true,
	})
	if err != nil {
		return Goal{}, fmt.Errorf("reading the trials of study %q: %w", g.Study.Name, err)
	}
	if len(since) < patience {
		return Goal{}, nil
	}
	why := fmt.Sprintf("the last %d trials were no better than trial %d", patience, best.Number)
	if patience == 1 {
		why = fmt.Sprintf("the last trial was no better than trial %d", best.Number)
	}
	return Goal{Ending: EndNoImprovement, Why: why}, nil
}
