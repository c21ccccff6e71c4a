package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// A line is one line of a table.
type line struct {
	row     string // that is measured
	label   string
	cells   []cell
	command string // that measures it, when it was not
}

// A cell is a figure with what it is held against; both may be "".
type cell struct {
	figure          string
	format          string
	goal, published string
}

// writePage writes the page of what is kept, measured now or before.
func writePage(o options) error {
	cpu, gpu := o, o
	cpu.device, gpu.device = "cpu", "cuda"
	var b strings.Builder
	fmt.Fprintf(&b, intro, runtime.Version())
	for _, section := range sections {
		of := cpu
		if section.gpu {
			of = gpu
		}
		if err := section.write(&b, of); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(o.out), 0o755); err != nil {
		return err
	}
	return os.WriteFile(o.out, []byte(b.String()), 0o644)
}

const intro = `# Meta-training

Written by ` + "`make bench-train`" + ` (%s). Seconds are of the training alone; CPU
seconds are of all cores, with the tests and the reading of the data. Where a
machine did other work meanwhile, CPU seconds say more than seconds.

Omniglot is at https://github.com/brendenlake/omniglot: unpack
python/images_background.zip and run

    make bench-train OMNIGLOT=…/images_background

What was measured is kept in .build/bench-train, a file a row; a run that was
cut goes on where it was.
`

// A section is a table of the page.
type section struct {
	title, text string
	columns     []string
	lines       []line
	gpu         bool
}

func (s section) write(b *strings.Builder, o options) error {
	fmt.Fprintf(b, "\n## %s\n\n%s\n", s.title, s.text)
	fmt.Fprintf(b, "| | %s | seconds | CPU seconds |\n|---|%s\n", strings.Join(s.columns, " | "), strings.Repeat("---|", len(s.columns)+2))
	measured := make(map[string][]string) // labels by place
	var places []string
	for _, l := range s.lines {
		text, place, err := l.text(o)
		if err != nil {
			return err
		}
		b.WriteString(text)
		if place == "" {
			continue
		}
		if measured[place] == nil {
			places = append(places, place)
		}
		measured[place] = append(measured[place], l.label)
	}
	for _, place := range places {
		if len(places) > 1 { // say of which rows
			place += ": " + strings.Join(measured[place], ", ")
		}
		fmt.Fprintf(b, "\n%s.\n", place)
	}
	return nil
}

// text returns the line and where it was measured, "" when it was not.
func (l line) text(o options) (text, place string, err error) {
	record, err := row{name: l.row}.kept(o)
	if err != nil {
		return "", "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "| %s |", l.label)
	for _, c := range l.cells {
		fmt.Fprintf(&b, " %s |", c.text(record))
	}
	switch {
	case record != nil:
		cpu := ""
		if record.CPUSeconds > 0 {
			cpu = fmt.Sprintf("%.0f", record.CPUSeconds)
		}
		fmt.Fprintf(&b, " %s | %s |\n", seconds(record), cpu)
		return b.String(), fmt.Sprintf("%s; libtorch %s, %s, %d thread(s)", record.Machine, record.Libtorch, record.Device, record.Threads), nil
	case l.command != "":
		fmt.Fprintf(&b, " not measured: no GPU was at hand; `%s` | |\n", l.command)
	default:
		b.WriteString(" not measured | |\n")
	}
	return b.String(), "", nil
}

// seconds returns those of the training, or of everything.
func seconds(r *record) string {
	if s, ok := r.Figures["train_seconds"]; ok {
		return fmt.Sprintf("%.0f", s)
	}
	return fmt.Sprintf("%.0f", r.Seconds)
}

func (c cell) text(r *record) string {
	var parts []string
	if r != nil {
		if v, ok := r.Figures[c.figure]; ok && math.IsInf(v, 0) {
			parts = append(parts, "no bound")
		} else if ok && !math.IsNaN(v) {
			text := fmt.Sprintf(c.format, v)
			if ci, ok := r.Figures[c.figure+"_ci95"]; ok {
				text += fmt.Sprintf(" ± %.2f", ci)
			}
			parts = append(parts, "**"+text+"**")
		}
	}
	if c.goal != "" {
		parts = append(parts, "goal "+c.goal)
	}
	if c.published != "" {
		parts = append(parts, "published "+c.published)
	}
	return strings.Join(parts, ", ")
}
