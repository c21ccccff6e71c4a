package work

import (
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// lines writes one line for each trial that has ended.
type lines struct {
	search.NopObserver
	study *search.Study
	lease time.Duration

	mu   sync.Mutex
	w    io.Writer
	idle sync.Once
}

func newLines(j *Job) *lines { return &lines{study: j.Study, lease: j.Lease, w: j.Err} }

// TrialStarted implements [search.Observer]: a trial that goes on from an
// earlier attempt is worth a line.
func (l *lines) TrialStarted(t *search.Trial) {
	switch {
	case t.Attempt > 1 && t.Reason == search.ReasonOutOfMemory:
		l.say(fmt.Sprintf("trial %d  goes on as soon as there is room, attempt %d", t.Number, t.Attempt))
	case t.Attempt > 1:
		l.say(fmt.Sprintf("trial %d  goes on, attempt %d", t.Number, t.Attempt))
	}
}

// TrialRetried implements [search.Observer].
func (l *lines) TrialRetried(t *search.Trial, failure *search.TrialError) {
	l.say(fmt.Sprintf("trial %d  again: %v", t.Number, failure))
}

// TrialEnded implements [search.Observer].
func (l *lines) TrialEnded(t *search.Trial, end search.TrialEnd) {
	l.say(endLine(l.study, t, end))
}

// WorkerIdle implements [search.Observer].
func (l *lines) WorkerIdle(trials int) { l.idle.Do(func() { l.say(waitingLine(trials, l.lease)) }) }

func (l *lines) say(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fmt.Fprintln(l.w, line)
}

func (l *lines) close() {}
