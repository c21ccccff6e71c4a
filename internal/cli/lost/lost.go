// Package lost tells which RUNNING trials nobody works on any more. Their state
// stays what the storage says until somebody takes them over.
package lost

import (
	"context"
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

// Trials says of those of a study's trials that are lost why they are, and what
// becomes of them, by their numbers. The trials were read before.
func Trials(ctx context.Context, store search.Store, study *search.Study, trials []*search.Trial) (map[int]string, error) {
	if !slices.ContainsFunc(trials, func(t *search.Trial) bool { return t.State == search.Running }) {
		return nil, nil
	}
	leases, err := store.Leases(ctx, study.ID)
	if err != nil {
		return nil, err
	}
	found := map[int]string{}
	for _, t := range trials {
		left, leased := leases[t.Number] // those of Optuna's workers are not
		if t.State != search.Running || !leased {
			continue
		}
		told := studyfile.Told(study)
		switch {
		case told && left <= 0:
			found[t.Number] = fmt.Sprintf("it was not told by the end of its lease, %s ago; the next hpsearch ask takes it over", render.Span(-left))
		case DeadHere(t.Worker):
			found[t.Number] = fmt.Sprintf("its worker %s is dead; the next hpsearch run takes it over", t.Worker)
		case left <= 0:
			found[t.Number] = fmt.Sprintf("no sign of life from its worker %s, whose lease ended %s ago; the next hpsearch run takes it over", t.Worker, render.Span(-left))
		}
	}
	return found, nil
}

// Running is [Trials] of all trials of a study that are RUNNING.
func Running(ctx context.Context, store search.Store, study *search.Study) (map[int]string, error) {
	trials, err := store.Trials(ctx, study.ID, search.TrialQuery{States: []search.State{search.Running}, After: -1, Brief: true})
	if err != nil {
		return nil, err
	}
	return Trials(ctx, store, study, trials)
}
