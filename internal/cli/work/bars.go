package work

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
)

// bars draws one bar for the study and a line for each running trial.
type bars struct {
	search.NopObserver
	study     *search.Study
	lease     time.Duration
	now       func() time.Time
	container *mpb.Progress
	bar       *mpb.Bar

	idle    sync.Once
	mu      sync.Mutex
	running map[int]*runningTrial
	best    float64
	hasBest bool
	ended   int64
}

// A runningTrial is what its line says; the owner's mu guards it.
type runningTrial struct {
	bar      *mpb.Bar
	progress search.Progress
	step     int // of the last report, and its metric
	value    string
	stopping bool
	// since and from are when and at which step the first progress of this
	// attempt came: the pace is measured from there.
	since time.Time
	from  int
}

func newBars(j *Job) *bars {
	b := &bars{
		study: j.Study, lease: j.Lease, now: j.Now, running: map[int]*runningTrial{},
		container: mpb.New(mpb.WithOutput(j.Err), mpb.WithWidth(48), mpb.WithAutoRefresh(), mpb.WithRefreshRate(150*time.Millisecond)),
	}
	counts, err := j.Store.Counts(context.Background(), j.Study.ID)
	if err == nil { // only where the bar starts depends on it
		b.ended = int64(counts.Complete + counts.Pruned + counts.Fail)
	}
	if best, err := j.Store.Best(context.Background(), j.Study.ID); err == nil && !j.Study.Several() {
		b.best, b.hasBest = best.Value(), true
	}
	b.bar = b.container.New(int64(j.Budget.Trials), mpb.BarStyle().Lbound("").Rbound("").Filler("█").Tip("█").Padding("░"),
		mpb.BarPriority(1<<30), // below the trials
		mpb.PrependDecorators(decor.Name(j.Study.Name+" "), decor.Any(func(decor.Statistics) string { return b.countText(j.Budget.Trials) })),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string { return b.bestText() })))
	b.bar.SetCurrent(b.ended)
	return b
}

func (b *bars) countText(total int) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if total == 0 {
		return fmt.Sprintf("%d ", b.ended)
	}
	return fmt.Sprintf("%d/%d ", b.ended, total)
}

func (b *bars) bestText() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.hasBest {
		return ""
	}
	return fmt.Sprintf(" best %s %s", b.study.Definition.Objective.Metric, render.Number(b.best).Human)
}

// TrialStarted implements [search.Observer].
func (b *bars) TrialStarted(t *search.Trial) {
	r := &runningTrial{}
	text := decor.Any(func(decor.Statistics) string { return b.lineText(t.Number, r) })
	bar := b.container.New(0, mpb.NopStyle(), mpb.BarPriority(t.Number), mpb.PrependDecorators(text))
	b.mu.Lock()
	defer b.mu.Unlock()
	r.bar = bar
	b.running[t.Number] = r
}

// TrialProgressed implements [search.Observer].
func (b *bars) TrialProgressed(t *search.Trial, p search.Progress) {
	b.change(t, func(r *runningTrial) {
		if r.since.IsZero() || p.Phase != r.progress.Phase {
			r.since, r.from = b.now(), p.Step
		}
		r.progress = p
	})
}

// TrialReported implements [search.Observer].
func (b *bars) TrialReported(t *search.Trial, report search.Report) {
	b.change(t, func(r *runningTrial) { r.step, r.value = report.Step, render.Number(report.Value).Human })
}

// TrialStopping implements [search.Observer].
func (b *bars) TrialStopping(t *search.Trial, _ search.StopReason) {
	b.change(t, func(r *runningTrial) { r.stopping = true })
}

// TrialEnded implements [search.Observer].
func (b *bars) TrialEnded(t *search.Trial, end search.TrialEnd) {
	b.mu.Lock()
	r := b.running[t.Number]
	delete(b.running, t.Number)
	if o := end.Outcome; o != nil {
		b.ended++
		if o.State == search.Complete && len(o.Values) == 1 && (!b.hasBest || b.study.Direction().Better(o.Values[0], b.best)) {
			b.best, b.hasBest = o.Values[0], true
		}
	}
	ended := b.ended
	b.mu.Unlock()
	// The drawing goroutine takes mu, so it is not held while mpb is called.
	if r != nil {
		r.bar.Abort(true)
	}
	b.bar.SetCurrent(ended)
	if end.Outcome == nil || end.Outcome.State == search.Failed {
		b.say(endLine(b.study, t, end))
	}
}

// WorkerIdle implements [search.Observer].
func (b *bars) WorkerIdle(trials int) { b.idle.Do(func() { b.say(waitingLine(trials, b.lease)) }) }

// say writes a line above the bars.
func (b *bars) say(line string) {
	fmt.Fprintln(b.container, line) // a lost line is no loss
}

func (b *bars) change(t *search.Trial, apply func(*runningTrial)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if r := b.running[t.Number]; r != nil {
		apply(r)
	}
}

// lineText is the line of a running trial: step, metric, time left.
func (b *bars) lineText(number int, r *runningTrial) string {
	b.mu.Lock()
	defer b.mu.Unlock()
	parts := []string{fmt.Sprintf("  trial %d", number)}
	p := r.progress
	switch {
	case r.stopping:
		parts = append(parts, "stopping")
	case p.Total > 0:
		parts = append(parts, fmt.Sprintf("%s %d/%d", phase(p), p.Step, p.Total))
	case r.value != "":
		parts = append(parts, fmt.Sprintf("step %d", r.step))
	default:
		parts = append(parts, "starting")
	}
	if r.value != "" {
		parts = append(parts, b.study.Definition.Objective.Metric+" "+r.value)
	}
	if left := timeLeft(p, r.from, b.now().Sub(r.since)); left > 0 && !r.stopping {
		parts = append(parts, render.Span(left)+" left")
	}
	return strings.Join(parts, "  ")
}

func phase(p search.Progress) string {
	if p.Phase == "" {
		return "step"
	}
	return p.Phase
}

// timeLeft extrapolates from the pace of this attempt; 0 when there is none
// yet.
func timeLeft(p search.Progress, from int, elapsed time.Duration) time.Duration {
	done := p.Step - from
	if p.Total <= p.Step || done <= 0 {
		return 0
	}
	return time.Duration(float64(elapsed) / float64(done) * float64(p.Total-p.Step))
}

// close draws the last state and gives the terminal back.
func (b *bars) close() {
	b.mu.Lock()
	left := make([]*mpb.Bar, 0, len(b.running))
	for _, r := range b.running {
		left = append(left, r.bar)
	}
	b.mu.Unlock()
	for _, bar := range left {
		bar.Abort(true)
	}
	b.bar.EnableTriggerComplete()
	b.bar.Abort(false)
	b.container.Wait()
}
