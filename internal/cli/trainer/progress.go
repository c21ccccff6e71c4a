package trainer

import (
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/hpsearch/hpsearch/internal/cli/app"
	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/objective/protocol"
)

// Progress returns a handler that shows how far a job is on the standard
// error: one line that changes on a terminal, one line a phase elsewhere. done
// clears the changing line.
func Progress(f *app.Factory) (handle func(protocol.Message), done func()) {
	if f.Quiet {
		return nil, func() {}
	}
	p := &progress{w: f.Err, terminal: f.ErrRedraws}
	return p.handle, p.done
}

// A progress is used by one goroutine.
type progress struct {
	w        io.Writer
	terminal bool
	phase    string
	shown    bool // a line is on the terminal
}

func (p *progress) handle(m protocol.Message) {
	switch m := m.(type) {
	case protocol.Progress:
		p.step(m)
	case protocol.Report:
		p.line(fmt.Sprintf("step %d: %s", m.Step, metricsText(m.Metrics)))
	}
}

func (p *progress) step(m protocol.Progress) {
	if p.terminal {
		text := m.Phase
		if m.Total > 0 {
			text += fmt.Sprintf(" %d/%d", m.Step, m.Total)
		}
		if m.Message != "" {
			text += " " + m.Message
		}
		// \r and "erase the line" (ECMA-48 EL 2) redraw it in place.
		fmt.Fprintf(p.w, "\r\x1b[2K%s", strings.Join(strings.Fields(text), " "))
		p.shown = true
		return
	}
	if m.Phase != p.phase && m.Phase != "" {
		p.phase = m.Phase
		p.line(m.Phase)
	}
}

func (p *progress) line(text string) {
	p.done()
	fmt.Fprintln(p.w, text)
}

func (p *progress) done() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[2K")
		p.shown = false
	}
}

func metricsText(m map[string]float64) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		parts = append(parts, name+" "+render.Number(m[name]).Human)
	}
	return strings.Join(parts, ", ")
}
