package goptunabridge

import (
	"errors"
	"fmt"

	"github.com/c-bata/goptuna"

	"github.com/hpsearch/hpsearch/search"
)

var _ goptuna.Storage = (*snapshot)(nil)

var errReadOnly = errors.New("a snapshot of a study cannot be written")

// The snapshot's only study.
const (
	snapshotID   = 1
	snapshotName = "snapshot"
)

// A snapshot is a read-only goptuna.Storage that holds one study with the
// trials of a history. A trial's identifier is its place in trials.
type snapshot struct {
	direction goptuna.StudyDirection
	trials    []goptuna.FrozenTrial
}

// newSnapshot converts the trials of h other than trial number. Of each trial
// only the parameters of the space are kept, and of those only the values
// that the space still contains: goptuna's TPE does not look at the history's
// distributions.
func newSnapshot(h *search.History, number int, space search.Space) (*snapshot, error) {
	s := &snapshot{direction: goptuna.StudyDirectionMinimize}
	if h.Study != nil && h.Study.Direction() == search.Maximize {
		s.direction = goptuna.StudyDirectionMaximize
	}
	distributions := make(map[string]any, len(space))
	for _, p := range space {
		d, err := toGoptuna(p.Distribution)
		if err != nil {
			return nil, fmt.Errorf("parameter %q: %w", p.Name, err)
		}
		distributions[p.Name] = d
	}
	for _, t := range h.Trials {
		if t.Number != number {
			s.trials = append(s.trials, toFrozen(len(s.trials), t, space, distributions))
		}
	}
	return s, nil
}

func toFrozen(id int, t *search.Trial, space search.Space, distributions map[string]any) goptuna.FrozenTrial {
	f := goptuna.FrozenTrial{
		ID:                 id,
		StudyID:            snapshotID,
		Number:             t.Number,
		State:              stateToGoptuna[t.State],
		Value:              t.Value(),
		DatetimeStart:      t.Started,
		DatetimeComplete:   t.Finished,
		InternalParams:     make(map[string]float64, len(t.Params)),
		Params:             make(map[string]any, len(t.Params)),
		Distributions:      make(map[string]any, len(t.Params)),
		IntermediateValues: make(map[int]float64, len(t.Intermediate)),
	}
	for _, p := range space {
		v, ok := t.Params[p.Name]
		if !ok || !p.Distribution.Contains(v) {
			continue
		}
		f.InternalParams[p.Name] = v
		f.Params[p.Name] = p.Distribution.External(v)
		f.Distributions[p.Name] = distributions[p.Name]
	}
	for _, r := range t.Intermediate {
		f.IntermediateValues[r.Step] = r.Value
	}
	return f
}

// study returns a goptuna study that reads the snapshot.
func (s *snapshot) study() (*goptuna.Study, error) {
	return goptuna.LoadStudy(snapshotName, goptuna.StudyOptionStorage(s), goptuna.StudyOptionLogger(nil))
}

func (s *snapshot) checkStudy(id int) error {
	if id != snapshotID {
		return goptuna.ErrInvalidStudyID
	}
	return nil
}

func (s *snapshot) GetStudyIDFromName(name string) (int, error) {
	if name != snapshotName {
		return -1, fmt.Errorf("goptuna study %q: %w", name, search.ErrNotFound)
	}
	return snapshotID, nil
}

func (s *snapshot) GetStudyIDFromTrialID(id int) (int, error) {
	_, err := s.GetTrial(id)
	return snapshotID, err
}

func (s *snapshot) GetStudyNameFromID(id int) (string, error) { return snapshotName, s.checkStudy(id) }

func (s *snapshot) GetStudyDirection(id int) (goptuna.StudyDirection, error) {
	return s.direction, s.checkStudy(id)
}

func (s *snapshot) GetStudyUserAttrs(id int) (map[string]string, error) {
	return map[string]string{}, s.checkStudy(id)
}

func (s *snapshot) GetStudySystemAttrs(id int) (map[string]string, error) {
	return map[string]string{}, s.checkStudy(id)
}

func (s *snapshot) GetAllStudySummaries() ([]goptuna.StudySummary, error) {
	best, err := s.GetBestTrial(snapshotID)
	if err != nil && !errors.Is(err, goptuna.ErrNoCompletedTrials) {
		return nil, err
	}
	return []goptuna.StudySummary{{ID: snapshotID, Name: snapshotName, Direction: s.direction, BestTrial: best}}, nil
}

func (s *snapshot) GetTrial(id int) (goptuna.FrozenTrial, error) {
	if id < 0 || id >= len(s.trials) {
		return goptuna.FrozenTrial{}, goptuna.ErrInvalidTrialID
	}
	return s.trials[id], nil
}

func (s *snapshot) GetAllTrials(id int) ([]goptuna.FrozenTrial, error) {
	return s.trials, s.checkStudy(id)
}

func (s *snapshot) GetBestTrial(id int) (goptuna.FrozenTrial, error) {
	if err := s.checkStudy(id); err != nil {
		return goptuna.FrozenTrial{}, err
	}
	best := -1
	for i, t := range s.trials {
		if t.State == goptuna.TrialStateComplete &&
			(best < 0 || search.Direction(s.direction).Better(t.Value, s.trials[best].Value)) {
			best = i
		}
	}
	if best < 0 {
		return goptuna.FrozenTrial{}, goptuna.ErrNoCompletedTrials
	}
	return s.trials[best], nil
}

func (s *snapshot) GetTrialNumberFromID(id int) (int, error) {
	t, err := s.GetTrial(id)
	return t.Number, err
}

func (s *snapshot) GetTrialParam(id int, name string) (float64, error) {
	t, err := s.GetTrial(id)
	if err != nil {
		return 0, err
	}
	v, ok := t.InternalParams[name]
	if !ok {
		return 0, fmt.Errorf("trial %d, parameter %q: %w", t.Number, name, search.ErrNotFound)
	}
	return v, nil
}

func (s *snapshot) GetTrialParams(id int) (map[string]any, error) {
	t, err := s.GetTrial(id)
	return t.Params, err
}

func (s *snapshot) GetTrialUserAttrs(id int) (map[string]string, error) {
	_, err := s.GetTrial(id)
	return map[string]string{}, err
}

func (s *snapshot) GetTrialSystemAttrs(id int) (map[string]string, error) {
	_, err := s.GetTrial(id)
	return map[string]string{}, err
}

// The writing half of goptuna.Storage is refused.

func (s *snapshot) CreateNewStudy(string) (int, error)                  { return -1, errReadOnly }
func (s *snapshot) DeleteStudy(int) error                               { return errReadOnly }
func (s *snapshot) SetStudyDirection(int, goptuna.StudyDirection) error { return errReadOnly }
func (s *snapshot) SetStudyUserAttr(int, string, string) error          { return errReadOnly }
func (s *snapshot) SetStudySystemAttr(int, string, string) error        { return errReadOnly }
func (s *snapshot) CreateNewTrial(int) (int, error)                     { return -1, errReadOnly }
func (s *snapshot) CloneTrial(int, goptuna.FrozenTrial) (int, error)    { return -1, errReadOnly }
func (s *snapshot) SetTrialValue(int, float64) error                    { return errReadOnly }
func (s *snapshot) SetTrialIntermediateValue(int, int, float64) error   { return errReadOnly }
func (s *snapshot) SetTrialParam(int, string, float64, any) error       { return errReadOnly }
func (s *snapshot) SetTrialState(int, goptuna.TrialState) error         { return errReadOnly }
func (s *snapshot) SetTrialUserAttr(int, string, string) error          { return errReadOnly }
func (s *snapshot) SetTrialSystemAttr(int, string, string) error        { return errReadOnly }
