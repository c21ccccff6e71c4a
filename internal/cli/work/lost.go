package work

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hpsearch/hpsearch/internal/cli/lost"
	"github.com/hpsearch/hpsearch/search"
)

// recover ends the leases of the running trials of processes of this machine
// that are dead, so that somebody takes the trials over at once. Should a
// process be alive after all, out of sight in a container of the same host
// name, its trial is fenced and runs once more; nothing is counted twice.
//
// They are not given back as by a worker that leaves: the attempt counts, so
// that a trial which brings its worker down, by using up the memory perhaps, is
// not started for ever.
func (j *Job) recover(ctx context.Context, shown display) error {
	running, err := j.Store.Trials(ctx, j.Study.ID, search.TrialQuery{States: []search.State{search.Running}, After: -1, Brief: true})
	if err != nil {
		return err
	}
	for _, t := range running {
		if !lost.DeadHere(t.Worker) {
			continue
		}
		claim := search.Claim{StudyID: j.Study.ID, TrialID: t.ID, Number: t.Number, Attempt: t.Attempt, Worker: t.Worker}
		err := j.Store.Renew(ctx, claim, time.Nanosecond)
		if errors.Is(err, search.ErrFenced) || errors.Is(err, search.ErrFinished) {
			continue // another worker was quicker
		}
		if err != nil {
			return fmt.Errorf("taking trial %d over from the lost worker %s: %w", t.Number, t.Worker, err)
		}
		shown.say(fmt.Sprintf("trial %d  its worker %s is dead; it is free to be taken over", t.Number, t.Worker))
	}
	return nil
}
