package retry

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/hpsearch/hpsearch/search"
)

// failedLast returns the failed trials of a study whose configuration no later
// trial has, in the order of their numbers.
func failedLast(ctx context.Context, store search.Store, study *search.Study) ([]*search.Trial, error) {
	all, err := store.Trials(ctx, study.ID, search.TrialQuery{After: -1, Brief: true})
	if err != nil {
		return nil, fmt.Errorf("trials of study %s: %w", study.Name, err)
	}
	later := make(map[string]bool, len(all))
	var failed []*search.Trial
	for _, t := range slices.Backward(all) {
		key, err := configuration(t)
		switch {
		case err != nil:
			return nil, fmt.Errorf("trial %d of %s: %w", t.Number, study.Name, err)
		case key == "" || later[key]:
			continue
		}
		later[key] = true
		if t.State == search.Failed {
			failed = append(failed, t)
		}
	}
	slices.Reverse(failed)
	return failed, nil
}

// configuration returns what two trials of the same parameters have in common,
// whatever their seeds; empty when t has no parameters yet.
func configuration(t *search.Trial) (string, error) {
	params := t.External()
	if len(params) == 0 && !t.State.Finished() { // waiting: what it was enqueued with
		params = maps.Clone(t.Fixed)
		delete(params, search.KeptSeed)
	}
	if len(params) == 0 {
		return "", nil
	}
	key, err := json.Marshal(params) // with its keys in order
	return string(key), err
}
