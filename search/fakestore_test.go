package search_test

import (
	"context"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// fakeStore is one study in memory, with the claims and leases that the
// runner relies on and hooks to break it. What a runner does not call is left
// to the nil Store.
type fakeStore struct {
	search.Store

	mu     sync.Mutex
	study  search.Study
	trials []*fakeTrial
	// before, if set, is called with the name of a method before it does
	// anything; an error is returned to the caller. The lock is not held.
	before func(ctx context.Context, method string) error
	calls  map[string]int
}

type fakeTrial struct {
	search.Trial
	expires  time.Time
	released int // attempts that ended in a release
}

func newFakeStore(def search.Definition) *fakeStore {
	f := &fakeStore{calls: make(map[string]int)}
	f.study = search.Study{
		ID: 1, Name: "s", Directions: []search.Direction{search.Minimize}, Definition: def,
	}
	return f
}

// enter begins a method: it runs the hook and takes the lock.
func (f *fakeStore) enter(ctx context.Context, method string) error {
	f.mu.Lock()
	f.calls[method]++
	before := f.before
	f.mu.Unlock()
	if before != nil {
		if err := before(ctx, method); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	f.mu.Lock()
	return nil
}

func (f *fakeStore) Study(ctx context.Context, _ string) (*search.Study, error) {
	if err := f.enter(ctx, "Study"); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	study := f.study
	return &study, nil
}

func (f *fakeStore) Counts(ctx context.Context, _ int64) (search.Counts, error) {
	if err := f.enter(ctx, "Counts"); err != nil {
		return search.Counts{}, err
	}
	defer f.mu.Unlock()
	var c search.Counts
	for _, t := range f.trials {
		switch t.State {
		case search.Waiting:
			c.Waiting++
		case search.Running:
			c.Running++
		case search.Complete:
			c.Complete++
		case search.Pruned:
			c.Pruned++
		case search.Failed:
			c.Fail++
		}
	}
	return c, nil
}

// add puts a trial into the store, for tests.
func (f *fakeStore) add(t search.Trial, expires time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	t.Number = len(f.trials)
	t.ID = int64(t.Number) + 100
	f.trials = append(f.trials, &fakeTrial{Trial: t, expires: expires})
}

func (f *fakeStore) claim(t *fakeTrial, worker string, lease time.Duration) search.Claim {
	t.State, t.Worker, t.Attempt = search.Running, worker, t.Attempt+1
	t.expires = time.Now().Add(lease)
	return search.Claim{StudyID: 1, TrialID: t.ID, Number: t.Number, Attempt: t.Attempt, Worker: worker}
}

func (f *fakeStore) Claim(ctx context.Context, _ int64, worker string, lease time.Duration, maxAttempts int) (*search.Trial, search.Claim, error) {
	if err := f.enter(ctx, "Claim"); err != nil {
		return nil, search.Claim{}, err
	}
	defer f.mu.Unlock()
	for _, t := range f.trials {
		expired := t.State == search.Running && time.Now().After(t.expires)
		if f.study.Paused || t.State != search.Waiting && !expired {
			continue
		}
		if t.Attempt-t.released >= maxAttempts {
			t.State, t.Reason = search.Failed, search.ReasonLost
			continue
		}
		c := f.claim(t, worker, lease)
		claimed := t.Trial
		return &claimed, c, nil
	}
	return nil, search.Claim{}, search.ErrNothing
}

func (f *fakeStore) Start(ctx context.Context, _ int64, n search.NewTrial, worker string, lease time.Duration, limit int) (search.Claim, error) {
	if err := f.enter(ctx, "Start"); err != nil {
		return search.Claim{}, err
	}
	defer f.mu.Unlock()
	switch {
	case f.study.Paused || limit > 0 && len(f.trials) >= limit:
		return search.Claim{}, search.ErrNothing
	case n.Number != len(f.trials):
		return search.Claim{}, search.ErrNumberTaken
	}
	t := &fakeTrial{Trial: search.Trial{
		ID: int64(n.Number) + 100, Number: n.Number, Params: n.Params, Distributions: n.Distributions,
	}}
	f.trials = append(f.trials, t)
	return f.claim(t, worker, lease), nil
}

// held enters a method about a claimed trial.
func (f *fakeStore) held(ctx context.Context, method string, c search.Claim) (*fakeTrial, error) {
	if err := f.enter(ctx, method); err != nil {
		return nil, err
	}
	t := f.trials[c.Number]
	if t.Attempt != c.Attempt || t.State != search.Running {
		f.mu.Unlock()
		return nil, fmt.Errorf("%s: %w", method, search.ErrFenced)
	}
	return t, nil
}

func (f *fakeStore) SetParams(ctx context.Context, c search.Claim, params map[string]float64, dists map[string]search.Distribution) error {
	t, err := f.held(ctx, "SetParams", c)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	t.Params, t.Distributions = params, dists
	return nil
}

func (f *fakeStore) Renew(ctx context.Context, c search.Claim, lease time.Duration) error {
	t, err := f.held(ctx, "Renew", c)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	t.expires = time.Now().Add(lease)
	return nil
}

func (f *fakeStore) Report(ctx context.Context, c search.Claim, r search.Report) error {
	t, err := f.held(ctx, "Report", c)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	t.Intermediate = append(slices.DeleteFunc(slices.Clone(t.Intermediate),
		func(old search.Report) bool { return old.Step == r.Step }), r)
	return nil
}

func (f *fakeStore) Finish(ctx context.Context, c search.Claim, o search.Outcome) error {
	t, err := f.held(ctx, "Finish", c)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	for _, v := range o.Values {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("value %v", v)
		}
	}
	t.State, t.Values, t.Reason, t.Message = o.State, o.Values, o.Reason, o.Message
	t.Metrics, t.Artifacts = maps.Clone(o.Metrics), o.Artifacts
	return nil
}

func (f *fakeStore) Release(ctx context.Context, c search.Claim) error {
	t, err := f.held(ctx, "Release", c)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	t.State = search.Waiting
	t.released++
	return nil
}

func (f *fakeStore) Requeue(ctx context.Context, c search.Claim, reason, message string) error {
	t, err := f.held(ctx, "Requeue", c)
	if err != nil {
		return err
	}
	defer f.mu.Unlock()
	t.State, t.Reason, t.Message = search.Waiting, reason, message
	t.released++
	return nil
}

func (f *fakeStore) Trial(ctx context.Context, _ int64, number int) (*search.Trial, error) {
	if err := f.enter(ctx, "Trial"); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	if number >= len(f.trials) {
		return nil, search.ErrNotFound
	}
	t := f.trials[number].Trial
	return &t, nil
}

func (f *fakeStore) Trials(ctx context.Context, _ int64, q search.TrialQuery) ([]*search.Trial, error) {
	if err := f.enter(ctx, "Trials"); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	var found []*search.Trial
	for _, t := range f.trials {
		if (t.Number > q.After || slices.Contains(q.Also, t.Number)) && (len(q.States) == 0 || slices.Contains(q.States, t.State)) {
			copied := t.Trial
			found = append(found, &copied)
		}
	}
	return found, nil
}

func (f *fakeStore) Best(ctx context.Context, _ int64) (*search.Trial, error) {
	if err := f.enter(ctx, "Best"); err != nil {
		return nil, err
	}
	defer f.mu.Unlock()
	var best *search.Trial
	for _, t := range f.trials {
		if t.State == search.Complete && (best == nil || f.study.Direction().Better(t.Value(), best.Value())) {
			copied := t.Trial
			best = &copied
		}
	}
	if best == nil {
		return nil, search.ErrNotFound
	}
	return best, nil
}

// states returns the states of all trials in order.
func (f *fakeStore) states() []search.State {
	f.mu.Lock()
	defer f.mu.Unlock()
	states := make([]search.State, len(f.trials))
	for i, t := range f.trials {
		states[i] = t.State
	}
	return states
}

func (f *fakeStore) get(t *testing.T, number int) search.Trial {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	if number >= len(f.trials) {
		t.Fatalf("there is no trial %d", number)
	}
	return f.trials[number].Trial
}

func (f *fakeStore) count(method string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.calls[method]
}
