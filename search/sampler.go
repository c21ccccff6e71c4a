package search

import "context"

// A History is what a sampler or pruner sees of a study: an immutable
// snapshot. Finished trials are shared between snapshots (they never change);
// running ones are as of the time of the snapshot.
type History struct {
	Study *Study
	// Trials holds the finished and running trials in ascending order of
	// number. WAITING trials are left out. A sampler also sees the trials of
	// the study that this one was warm-started from: their numbers are below
	// 0, and their parameters are those of this study's space.
	Trials []*Trial
	// Next is the lowest number that no trial had, WAITING ones included. It
	// is for who creates the next trial; samplers are told its number.
	Next int
}

// A Sampler suggests the parameters of a trial.
//
// Everything random in a suggestion is drawn from a generator seeded with
// (study seed, trial number), so that the same history gives the same
// suggestion in any process. Implementations are safe for concurrent use.
type Sampler interface {
	// Suggest returns an internal value for every parameter of space that is
	// active. fixed holds external values that are given: fixed settings and
	// the values of an enqueued configuration; parameters found there keep
	// that value, which is part of the result.
	Suggest(ctx context.Context, h *History, number int, space Space, fixed map[string]any) (map[string]float64, error)
}

// A Pruner decides after a report whether a trial is worth going on with.
// Implementations are safe for concurrent use.
type Pruner interface {
	// Prune reports whether the trial should end now. t is the running trial
	// with its reports, the latest of which was just made.
	Prune(ctx context.Context, h *History, t *Trial) (bool, error)
}
