package storage

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// Start implements [search.Store].
func (m *memory) Start(ctx context.Context, studyID int64, t search.NewTrial, worker string, lease time.Duration, limit int) (search.Claim, error) {
	claim := search.Claim{StudyID: studyID, Number: t.Number, Attempt: 1, Worker: worker}
	if err := checkLease(lease); err != nil {
		return search.Claim{}, err
	}
	if err := checkParams(t.Params, t.Distributions); err != nil {
		return search.Claim{}, err
	}
	attrs, err := copyObject("user attributes", t.UserAttrs)
	if err != nil {
		return search.Claim{}, err
	}
	err = m.do(ctx, studyID, "start "+refOf(claim).String(), func(s *memoryStudy) error {
		g := gate{StudyID: studyID, Paused: s.paused, Next: len(s.trials)}
		if claim.Number == search.NextNumber {
			claim.Number = g.Next
		}
		if err := g.admit(claim.Number, limit); err != nil {
			return err
		}
		m.trialID++
		claim.TrialID = m.trialID
		now := m.now()
		s.put(memoryTrial{leaseUntil: now.Add(lease), Trial: &search.Trial{
			ID: m.trialID, Number: claim.Number, State: search.Running,
			Params: cloneParams(t.Params), Distributions: cloneParams(t.Distributions), UserAttrs: attrs,
			Attempt: 1, Worker: worker, Started: now.UTC(),
		}})
		return nil
	})
	if err != nil {
		return search.Claim{}, err
	}
	return claim, nil
}

// copyObject copies JSON values as a database would return them.
func copyObject(what string, m map[string]any) (map[string]any, error) {
	text, err := encodeObject(what, m)
	if err != nil {
		return nil, err
	}
	return decodeObject(text)
}

// Enqueue implements [search.Store].
func (m *memory) Enqueue(ctx context.Context, studyID int64, fixed map[string]any) (int, error) {
	number := 0
	err := m.do(ctx, studyID, fmt.Sprintf("enqueue a trial of study %d", studyID), func(s *memoryStudy) error {
		var err error
		number, err = m.enqueue(s, fixed)
		return err
	})
	return number, err
}

// enqueue adds a WAITING trial. The caller holds the lock.
func (m *memory) enqueue(s *memoryStudy, fixed map[string]any) (int, error) {
	text, err := encodeFixed(fixed)
	if err != nil {
		return 0, err
	}
	values, err := decodeObject(text)
	if err != nil {
		return 0, err
	}
	m.trialID++
	number := len(s.trials)
	s.put(memoryTrial{Trial: &search.Trial{
		ID: m.trialID, Number: number, State: search.Waiting, Fixed: values,
		Params: map[string]float64{}, Distributions: map[string]search.Distribution{},
	}})
	return number, nil
}

// Claim implements [search.Store].
func (m *memory) Claim(ctx context.Context, studyID int64, worker string, lease time.Duration, maxAttempts int) (*search.Trial, search.Claim, error) {
	if err := checkLease(lease); err != nil {
		return nil, search.Claim{}, err
	}
	var trial *search.Trial
	claim := search.Claim{StudyID: studyID, Worker: worker}
	err := m.do(ctx, studyID, fmt.Sprintf("claim a trial of study %d", studyID), func(s *memoryStudy) error {
		if s.paused {
			return fmt.Errorf("the study is paused: %w", search.ErrNothing)
		}
		now := m.now()
		for _, number := range slices.Clone(s.open) { // put changes s.open
			t := s.trials[number]
			if t.State == search.Running && (t.leaseUntil.IsZero() || t.leaseUntil.After(now)) {
				continue
			}
			if lost := t.Attempt - t.released; maxAttempts > 0 && lost >= maxAttempts {
				s.put(t.ended(lostOutcome(lost), now))
				continue
			}
			t = t.change()
			t.State, t.Attempt, t.Worker, t.Started = search.Running, t.Attempt+1, worker, now.UTC()
			t.leaseUntil = now.Add(lease)
			s.put(t)
			trial = t.Trial
			claim.TrialID, claim.Number, claim.Attempt = t.ID, t.Number, t.Attempt
			return nil
		}
		return search.ErrNothing
	})
	if err != nil {
		return nil, search.Claim{}, err
	}
	return trial, claim, nil
}

// Leases implements [search.Store].
func (m *memory) Leases(ctx context.Context, studyID int64) (map[int]time.Duration, error) {
	leases := map[int]time.Duration{}
	err := m.do(ctx, studyID, fmt.Sprintf("leases of study %d", studyID), func(s *memoryStudy) error {
		now := m.now()
		for _, number := range s.open {
			if t := s.trials[number]; t.State == search.Running {
				leases[number] = t.leaseUntil.Sub(now)
			}
		}
		return nil
	})
	return leases, err
}

// ended returns a copy of the trial with an outcome that was checked.
func (t memoryTrial) ended(o search.Outcome, now time.Time) memoryTrial {
	t = t.change()
	t.State, t.Values, t.Metrics, t.Artifacts = o.State, o.Values, o.Metrics, o.Artifacts
	t.Reason, t.Message, t.Finished = o.Reason, o.Message, now.UTC()
	t.leaseUntil = time.Time{}
	return t
}

// write runs f on a copy of the claimed trial and stores the copy.
func (m *memory) write(ctx context.Context, c search.Claim, doing string, f func(t *memoryTrial) error) error {
	err := m.do(ctx, c.StudyID, doing, func(s *memoryStudy) error {
		t, err := s.hold(c)
		if err != nil {
			return err
		}
		t = t.change()
		if err := f(&t); err != nil {
			return err
		}
		s.put(t)
		return nil
	})
	return gone(err)
}

// hold returns the trial that a claim is about; an error unless the claim
// holds. A trial that is finished is returned with the error.
func (s *memoryStudy) hold(c search.Claim) (memoryTrial, error) {
	if c.Number < 0 || c.Number >= len(s.trials) || s.trials[c.Number].ID != c.TrialID {
		return memoryTrial{}, errGone()
	}
	t := s.trials[c.Number]
	return t, checkClaim(c, t.Number, t.State, t.Attempt, t.Worker)
}

// gone makes the claim on a trial of a deleted study a fenced one.
func gone(err error) error {
	if errors.Is(err, search.ErrNotFound) && !errors.Is(err, search.ErrFenced) {
		return fmt.Errorf("%w: %w", err, search.ErrFenced)
	}
	return err
}

// SetParams implements [search.Store].
func (m *memory) SetParams(ctx context.Context, c search.Claim, params map[string]float64, dists map[string]search.Distribution) error {
	if err := checkParams(params, dists); err != nil {
		return err
	}
	return m.write(ctx, c, "set the parameters of "+refOf(c).String(), func(t *memoryTrial) error {
		if len(t.Params) > 0 && !maps.Equal(t.Params, params) {
			return errHasParams
		}
		t.Params, t.Distributions = cloneParams(params), cloneParams(dists)
		return nil
	})
}

// Renew implements [search.Store].
func (m *memory) Renew(ctx context.Context, c search.Claim, lease time.Duration) error {
	if err := checkLease(lease); err != nil {
		return err
	}
	return m.write(ctx, c, "renew the lease of "+refOf(c).String(), func(t *memoryTrial) error {
		t.leaseUntil = m.now().Add(lease)
		return nil
	})
}

// Report implements [search.Store].
func (m *memory) Report(ctx context.Context, c search.Claim, r search.Report) error {
	if err := checkReport(r); err != nil {
		return err
	}
	r.Metrics = maps.Clone(r.Metrics)
	return m.write(ctx, c, "report on "+refOf(c).String(), func(t *memoryTrial) error {
		i, found := slices.BinarySearchFunc(t.Intermediate, r.Step, func(x search.Report, step int) int { return x.Step - step })
		if !found && i == len(t.Intermediate) {
			t.Intermediate = append(t.Intermediate, r) // beyond what older copies see
			return nil
		}
		t.Intermediate = slices.Clone(t.Intermediate)
		if found {
			t.Intermediate[i] = r
		} else {
			t.Intermediate = slices.Insert(t.Intermediate, i, r)
		}
		return nil
	})
}

// Finish implements [search.Store].
func (m *memory) Finish(ctx context.Context, c search.Claim, o search.Outcome) error {
	return gone(m.do(ctx, c.StudyID, "end "+refOf(c).String(), func(s *memoryStudy) error {
		t, claimErr := s.hold(c)
		if claimErr != nil && !errors.Is(claimErr, search.ErrFinished) {
			return claimErr
		}
		last := math.NaN()
		if r, ok := t.Last(); ok {
			last = r.Value
		}
		o, err := checkOutcome(o, len(s.directions), last)
		if err != nil {
			return err
		}
		if claimErr != nil {
			return t.sameOutcome(o)
		}
		s.put(t.ended(o, m.now()))
		return nil
	}))
}

// sameOutcome compares an outcome with that of a trial that ended before.
func (t memoryTrial) sameOutcome(o search.Outcome) error {
	sameFloat := func(a, b float64) bool { return a == b || a != a && b != b }
	if t.State == o.State && t.Reason == o.Reason && t.Message == o.Message &&
		slices.Equal(t.Values, o.Values) &&
		maps.EqualFunc(t.Metrics, o.Metrics, sameFloat) && maps.Equal(t.Artifacts, o.Artifacts) {
		return nil
	}
	return search.ErrFinished
}

// Release implements [search.Store].
func (m *memory) Release(ctx context.Context, c search.Claim) error {
	return m.write(ctx, c, "give back "+refOf(c).String(), (*memoryTrial).release)
}

// Requeue implements [search.Store].
func (m *memory) Requeue(ctx context.Context, c search.Claim, reason, message string) error {
	return m.write(ctx, c, "give back "+refOf(c).String(), func(t *memoryTrial) error {
		t.Reason, t.Message = clip(readable(reason), maxReason), readable(message)
		return t.release()
	})
}

// release makes a copy of a claimed trial a WAITING one.
func (t *memoryTrial) release() error {
	t.State, t.Started, t.leaseUntil = search.Waiting, time.Time{}, time.Time{}
	t.released++
	return nil
}
