package work

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
)

// keepLast is the number of trials, beside the best ones, whose checkpoints
// stay: those that ended last.
const keepLast = 2

// retention is a display that also clears checkpoints away: those of a
// finished trial are worth gigabytes and, once a better one is known, nothing.
// Logs stay.
type retention struct {
	display
	job *Job
	dir string // of the study

	mu    sync.Mutex
	seen  bool  // some trial was run here
	ended []int // finished trials whose checkpoints are still there, the last ones last
}

// retain puts checkpoint retention before a display. What earlier runs left
// is taken over.
func (j *Job) retain(ctx context.Context, shown display, dir string) (*retention, error) {
	r := &retention{display: shown, job: j, dir: dir}
	left, err := filepath.Glob(filepath.Join(dir, "trials", "*", objective.CheckpointDir+"*"))
	if err != nil || len(left) == 0 {
		return r, err
	}
	there := make(map[string]bool, len(left))
	for _, path := range left {
		there[filepath.Dir(path)] = true
	}
	finished, err := j.Store.Trials(ctx, j.Study.ID, search.TrialQuery{
		States: []search.State{search.Complete, search.Pruned, search.Failed}, After: -1, Brief: true,
	})
	if err != nil {
		return nil, err
	}
	for _, t := range finished {
		if there[search.TrialDir(r.dir, t.Number)] {
			r.ended = append(r.ended, t.Number)
		}
	}
	return r, nil
}

// ran reports whether any trial was run here.
func (r *retention) ran() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.seen
}

// TrialEnded implements [search.Observer].
func (r *retention) TrialEnded(t *search.Trial, end search.TrialEnd) {
	r.display.TrialEnded(t, end)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.seen = true
	if end.Outcome == nil {
		return // it will go on from its checkpoint
	}
	r.ended = append(r.ended, t.Number)
	if len(r.ended) <= keepLast {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	best, err := app.Bests(ctx, r.job.Store, r.job.Study)
	if err != nil {
		r.job.Log().Warn("checkpoints are not cleared", "error", err)
		return // without knowing the best ones, keep all
	}
	r.clear(best)
}

// clear removes the checkpoints of all but the last trials and the best ones.
func (r *retention) clear(best []*search.Trial) {
	old := len(r.ended) - keepLast
	var kept []int
	for i, number := range r.ended {
		isBest := slices.ContainsFunc(best, func(t *search.Trial) bool { return t.Number == number })
		if i >= old || isBest {
			kept = append(kept, number)
			continue
		}
		if err := r.remove(number); err != nil {
			r.job.Log().Warn("a checkpoint is not cleared", "trial", number, "error", err)
		}
	}
	r.ended = kept
}

// remove removes the checkpoints of all attempts at a trial.
func (r *retention) remove(number int) error {
	paths, err := objective.Checkpoints(search.TrialDir(r.dir, number))
	errs := []error{err}
	for _, path := range paths {
		errs = append(errs, os.RemoveAll(path))
	}
	return errors.Join(errs...)
}
