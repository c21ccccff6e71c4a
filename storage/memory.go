package storage

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// memory is a [search.Store] in the memory of one process.
//
// A *search.Trial that it handed out never changes: a write replaces the
// trial by a changed copy. Reading is therefore free of copies.
type memory struct {
	mu      sync.Mutex
	now     func() time.Time
	studies map[int64]*memoryStudy
	studyID int64 // the last one given
	trialID int64
}

var _ search.Store = (*memory)(nil)

type memoryStudy struct {
	id         int64
	name       string
	directions []search.Direction
	definition string // JSON, so that every reader has a copy of its own
	created    time.Time
	paused     bool
	trials     []memoryTrial // by number
	counts     search.Counts
	best       *search.Trial
	open       []int // numbers of the trials that are not finished, ascending
}

// memoryTrial is a trial with what a store keeps beside it.
type memoryTrial struct {
	*search.Trial
	released   int
	leaseUntil time.Time // zero: no lease
}

func newMemory() *memory {
	return &memory{now: time.Now, studies: map[int64]*memoryStudy{}}
}

// Close implements [search.Store]. What was stored stays readable.
func (m *memory) Close() error { return nil }

// do runs f under the lock, on one study, and says in errors what for.
func (m *memory) do(ctx context.Context, studyID int64, doing string, f func(*memoryStudy) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	study, ok := m.studies[studyID]
	if !ok {
		return fmt.Errorf("%s: %w", doing, search.ErrNotFound)
	}
	if err := f(study); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	return nil
}

// read returns the study as it is now.
func (s *memoryStudy) read() (search.Study, error) {
	def, err := decodeDefinition(s.definition)
	if err != nil {
		return search.Study{}, err
	}
	return search.Study{
		ID: s.id, Name: s.name, Directions: s.directions,
		Created: s.created, Paused: s.paused, Definition: def,
	}, nil
}

// find returns the study of that name. The caller holds the lock.
func (m *memory) find(name string) (*memoryStudy, error) {
	for _, s := range m.studies {
		if s.name == name {
			return s, nil
		}
	}
	return nil, fmt.Errorf("study %q: %w", name, search.ErrNotFound)
}

// CreateStudy implements [search.Store].
func (m *memory) CreateStudy(ctx context.Context, def search.Definition) (*search.Study, error) {
	def.Objective = def.Objective.Complete()
	if err := checkDefinition(def); err != nil {
		return nil, err
	}
	text, err := encodeDefinition(def)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, err := m.find(def.Name); err == nil {
		return nil, fmt.Errorf("create study %q: %w", def.Name, search.ErrExists)
	}
	study := &memoryStudy{
		id: m.studyID + 1, name: def.Name, directions: slices.Clone(def.Objective.AllDirections()), definition: text, created: m.now().UTC(),
	}
	for _, fixed := range def.Enqueue {
		if _, err := m.enqueue(study, fixed); err != nil {
			return nil, err
		}
	}
	read, err := study.read()
	if err != nil {
		return nil, err
	}
	m.studyID++
	m.studies[study.id] = study
	return &read, ctx.Err()
}

// Adopt implements [search.Store]. Every study in memory has a definition.
func (m *memory) Adopt(ctx context.Context, studyID int64, def search.Definition) error {
	def.Objective = def.Objective.Complete()
	if err := checkDefinition(def); err != nil {
		return err
	}
	return m.do(ctx, studyID, fmt.Sprintf("adopt study %q", def.Name), func(s *memoryStudy) error {
		study, err := s.read()
		if err != nil {
			return err
		}
		_, err = checkAdopted(&study, def)
		return err
	})
}

// Study implements [search.Store].
func (m *memory) Study(_ context.Context, name string) (*search.Study, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.find(name)
	if err != nil {
		return nil, err
	}
	study, err := s.read()
	return &study, err
}

// Summaries implements [search.Store].
func (m *memory) Summaries(context.Context) ([]search.Summary, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var summaries []search.Summary
	for _, s := range m.studies {
		study, err := s.read()
		if err != nil {
			return nil, err
		}
		summaries = append(summaries, search.Summary{Study: study, Counts: s.counts, Best: s.best})
	}
	sort.Slice(summaries, func(i, j int) bool { return summaries[i].Study.ID < summaries[j].Study.ID })
	return summaries, nil
}

// Summary implements [search.Store].
func (m *memory) Summary(_ context.Context, name string) (*search.Summary, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s, err := m.find(name)
	if err != nil {
		return nil, err
	}
	study, err := s.read()
	return &search.Summary{Study: study, Counts: s.counts, Best: s.best}, err
}

// DeleteStudy implements [search.Store].
func (m *memory) DeleteStudy(ctx context.Context, studyID int64) error {
	return m.do(ctx, studyID, fmt.Sprintf("delete study %d", studyID), func(*memoryStudy) error {
		delete(m.studies, studyID)
		return nil
	})
}

// SetPaused implements [search.Store].
func (m *memory) SetPaused(ctx context.Context, studyID int64, paused bool) error {
	return m.do(ctx, studyID, fmt.Sprintf("pause or resume study %d", studyID), func(s *memoryStudy) error {
		s.paused = paused
		return nil
	})
}

// SetBudget implements [search.Store].
func (m *memory) SetBudget(ctx context.Context, studyID int64, budget search.Budget) error {
	return m.do(ctx, studyID, fmt.Sprintf("set the budget of study %d", studyID), func(s *memoryStudy) error {
		study, err := s.read()
		if err != nil {
			return err
		}
		text, err := withBudget(&study, budget)
		if err == nil {
			s.definition = text
		}
		return err
	})
}

// Trial implements [search.Store].
func (m *memory) Trial(ctx context.Context, studyID int64, number int) (*search.Trial, error) {
	var trial *search.Trial
	err := m.do(ctx, studyID, trialRef{studyID, number}.String(), func(s *memoryStudy) error {
		if number < 0 || number >= len(s.trials) {
			return search.ErrNotFound
		}
		trial = s.trials[number].Trial
		return nil
	})
	return trial, err
}

// Trials implements [search.Store].
func (m *memory) Trials(ctx context.Context, studyID int64, q search.TrialQuery) ([]*search.Trial, error) {
	var trials []*search.Trial
	err := m.do(ctx, studyID, fmt.Sprintf("trials of study %d", studyID), func(s *memoryStudy) error {
		for _, t := range s.selected(q) {
			if len(q.States) > 0 && !slices.Contains(q.States, t.State) {
				continue
			}
			trial := t.Trial
			if q.Brief && len(trial.Intermediate) > 0 {
				brief := *trial
				brief.Intermediate = nil
				trial = &brief
			}
			trials = append(trials, trial)
			if len(trials) == q.Limit && !q.Newest && q.Order == search.ByNumber {
				break
			}
		}
		switch {
		case q.Order != search.ByNumber:
			sortTrials(trials, q, s.directions[0], m.now())
			if q.Limit > 0 {
				trials = slices.Clip(trials[:min(q.Limit, len(trials))])
			}
		case q.Newest && q.Limit > 0:
			trials = slices.Clip(trials[max(0, len(trials)-q.Limit):])
		}
		return nil
	})
	return trials, err
}

// selected returns the trials whose numbers a query selects.
func (s *memoryStudy) selected(q search.TrialQuery) []memoryTrial {
	after := s.trials[min(max(0, q.After+1), len(s.trials)):]
	if len(q.Also) == 0 {
		return after
	}
	var also []memoryTrial
	for _, number := range slices.Compact(slices.Sorted(slices.Values(q.Also))) {
		if number >= 0 && number <= q.After && number < len(s.trials) {
			also = append(also, s.trials[number])
		}
	}
	return append(also, after...)
}

// Best implements [search.Store].
func (m *memory) Best(ctx context.Context, studyID int64) (*search.Trial, error) {
	var best *search.Trial
	err := m.do(ctx, studyID, fmt.Sprintf("best trial of study %d", studyID), func(s *memoryStudy) error {
		if best = s.best; best == nil {
			return search.ErrNotFound
		}
		return nil
	})
	return best, err
}

// Counts implements [search.Store].
func (m *memory) Counts(ctx context.Context, studyID int64) (search.Counts, error) {
	var counts search.Counts
	err := m.do(ctx, studyID, fmt.Sprintf("count trials of study %d", studyID), func(s *memoryStudy) error {
		counts = s.counts
		return nil
	})
	return counts, err
}

// put stores a changed copy of a trial and keeps counts, best and open ones.
func (s *memoryStudy) put(t memoryTrial) {
	number := t.Number
	if number == len(s.trials) {
		s.trials = append(s.trials, t)
		s.open = append(s.open, number)
	} else {
		addCount(&s.counts, s.trials[number].State, -1)
		s.trials[number] = t
	}
	addCount(&s.counts, t.State, 1)
	if !t.State.Finished() {
		return
	}
	if i, ok := slices.BinarySearch(s.open, number); ok {
		s.open = slices.Delete(s.open, i, i+1)
	}
	if t.State == search.Complete && s.better(t.Trial) {
		s.best = t.Trial
	}
}

// better reports whether t takes the place of the best trial.
func (s *memoryStudy) better(t *search.Trial) bool {
	if s.best == nil {
		return true
	}
	if t.Value() == s.best.Value() {
		return t.Number < s.best.Number
	}
	return s.directions[0].Better(t.Value(), s.best.Value())
}

// change returns a copy of a trial to be changed and put.
func (t memoryTrial) change() memoryTrial {
	trial := *t.Trial
	t.Trial = &trial
	return t
}

// cloneParams copies parameters; a trial has maps even when they are empty.
func cloneParams[V any](params map[string]V) map[string]V {
	if params == nil {
		return map[string]V{}
	}
	return maps.Clone(params)
}
