package work

import (
	"fmt"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
)

// A display is an observer that shows what a runner does on the standard
// error.
type display interface {
	search.Observer
	// say writes a line where it does not disturb what is drawn.
	say(line string)
	// close ends the display; what was started is no longer drawn.
	close()
}

// display chooses the display for where the standard error goes.
func (j *Job) display() display {
	switch {
	case j.Quiet:
		return quiet{}
	case j.ErrRedraws:
		return newBars(j)
	}
	return newLines(j)
}

// quiet shows nothing.
type quiet struct{ search.NopObserver }

func (quiet) say(string) {}
func (quiet) close()     {}

// waitingLine says why a run that has nothing to do does not end.
func waitingLine(trials int, lease time.Duration) string {
	return fmt.Sprintf("Waiting for %s of other workers: should a worker be lost, its trial goes on here in at most %s.",
		render.Count(trials, "running trial"), render.Span(lease))
}

// endLine describes how a trial ended, in one line.
func endLine(study *search.Study, t *search.Trial, end search.TrialEnd) string {
	head := fmt.Sprintf("trial %d", t.Number)
	switch {
	case end.Outcome != nil:
		return head + outcomeText(study, t, end.Outcome)
	case end.NeedsRoom != "":
		return fmt.Sprintf("%s  given back  %s: %s", head, search.ReasonOutOfMemory, strings.Join(strings.Fields(end.NeedsRoom), " "))
	case end.Released:
		return head + "  given back"
	}
	return fmt.Sprintf("%s  left: %v", head, end.Lost)
}

func outcomeText(study *search.Study, t *search.Trial, o *search.Outcome) string {
	var b strings.Builder
	fmt.Fprintf(&b, "  %s", o.State)
	metrics := study.Definition.Objective.AllMetrics()
	for i, v := range o.Values {
		fmt.Fprintf(&b, "  %s %s", metrics[i], render.Number(v).Human)
	}
	if o.State == search.Failed {
		fmt.Fprintf(&b, "  %s: %s", o.Reason, strings.Join(strings.Fields(o.Message), " "))
	}
	values := t.External()
	for _, p := range study.Definition.Space {
		if v, ok := values[p.Name]; ok {
			fmt.Fprintf(&b, "  %s=%s", p.Name, render.Value(v).Human)
		}
	}
	return b.String()
}
