package search

import (
	"context"
	"math/rand/v2"
	"time"
)

// A contest is for the next number of a study, which each of many processes
// wants. Whoever is not the quickest has made its suggestion in vain. Were all
// to try again at once, the work of all but one would be for nothing each time;
// so they come back at random within a time that doubles with each loss and
// shrinks with each win, as stations do on a common wire (the exponential
// back-off of IEEE 802.3). It is counted in attempts, which take the longer the
// dearer a suggestion is and the busier the machine. The zero value is ready.
type contest struct {
	level int // binary logarithm of that time
}

// The bounds of a contest: 128 attempts let some hundred processes take turns,
// and nobody waits for longer than is borne while nothing else happens.
const (
	maxLevel   = 7
	maxContest = 30 * time.Second
)

// lost waits after an attempt that took so long and was in vain.
func (c *contest) lost(ctx context.Context, took time.Duration) error {
	longest := min(took<<c.level, maxContest)
	c.level = min(c.level+1, maxLevel)
	// Nothing that a study computes depends on how long it is.
	if !sleep(ctx, rand.N(longest+1)) {
		return context.Cause(ctx)
	}
	return nil
}

// won notes that an attempt gave a trial. Of attempts at the best spacing every
// e-th succeeds: with two steps back for a win, that is where the levels settle.
func (c *contest) won() { c.level = max(c.level-2, 0) }
