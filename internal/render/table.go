package render

import (
	"fmt"
	"strings"

	"charm.land/lipgloss/v2"
)

// A Tone says what a cell's colour means.
type Tone int

// The tones.
const (
	Plain Tone = iota
	Good
	Warn
	Bad
	Faint
	Strong
)

// style returns the style of a tone. The sixteen basic colours follow the
// user's own scheme.
func (t Tone) style() lipgloss.Style {
	switch t {
	case Good:
		return lipgloss.NewStyle().Foreground(lipgloss.Green)
	case Warn:
		return lipgloss.NewStyle().Foreground(lipgloss.Yellow)
	case Bad:
		return lipgloss.NewStyle().Foreground(lipgloss.Red)
	case Faint:
		return lipgloss.NewStyle().Faint(true)
	case Strong:
		return lipgloss.NewStyle().Bold(true)
	}
	return lipgloss.NewStyle()
}

// Paint colours text where colours are shown.
func (t Tone) Paint(s string, color bool) string {
	if !color || t == Plain || s == "" {
		return s
	}
	return t.style().Render(s)
}

// gap stands between columns.
const gap = "  "

// writeTable writes aligned columns under a header.
func (o Output) writeTable(d Document) error {
	if len(d.Rows) == 0 {
		if d.Empty == "" {
			return nil
		}
		_, err := fmt.Fprintln(o.Writer, d.Empty)
		return err
	}
	columns, rows := visible(d)
	if !d.Facts {
		rows = append([][]Cell{header(columns)}, rows...)
	}
	widths := columnWidths(columns, rows)
	switch {
	case o.Width <= 0:
	case d.Facts:
		widths = o.narrow(columns, widths, readable)
	default:
		columns, rows, widths = o.fit(columns, rows, widths)
	}
	for _, row := range rows {
		lines := [][]Cell{row}
		if d.Facts { // what there is to say of one thing is said in full
			lines = wrapped(row, widths)
		}
		for _, line := range lines {
			if _, err := fmt.Fprintln(o.Writer, o.line(columns, widths, line)); err != nil {
				return err
			}
		}
	}
	return nil
}

// wrapped breaks a row into lines, so that no cell is wider than its column.
func wrapped(row []Cell, widths []int) [][]Cell {
	var lines [][]Cell
	for i, cell := range row {
		for n, text := range strings.Split(lipgloss.Wrap(cell.Human, widths[i], ""), "\n") {
			if n == len(lines) {
				lines = append(lines, make([]Cell, len(row)))
			}
			lines[n][i] = Cell{Human: strings.TrimRight(text, " "), Tone: cell.Tone}
		}
	}
	return lines
}

// visible drops the columns that only CSV has.
func visible(d Document) ([]Column, [][]Cell) {
	var columns []Column
	var keep []int
	for i, c := range d.Columns {
		if !c.CSVOnly {
			columns = append(columns, c)
			keep = append(keep, i)
		}
	}
	rows := make([][]Cell, len(d.Rows))
	for r, row := range d.Rows {
		rows[r] = make([]Cell, len(keep))
		for k, i := range keep {
			rows[r][k] = row[i]
			rows[r][k].Human = oneLine(row[i].Human)
		}
	}
	return columns, rows
}

func header(columns []Column) []Cell {
	cells := make([]Cell, len(columns))
	for i, c := range columns {
		heading := c.Heading
		if heading == "" {
			heading = c.Title
		}
		cells[i] = Cell{Human: strings.ToUpper(heading), Tone: Faint}
	}
	return cells
}

// columnWidths returns the width of the widest cell of each column.
func columnWidths(columns []Column, rows [][]Cell) []int {
	widths := make([]int, len(columns))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], lipgloss.Width(cell.Human))
		}
	}
	return widths
}

func (o Output) line(columns []Column, widths []int, row []Cell) string {
	var b strings.Builder
	for i, cell := range row {
		text := truncate(cell.Human, widths[i])
		pad := strings.Repeat(" ", widths[i]-lipgloss.Width(text))
		text = cell.Tone.Paint(text, o.Color)
		switch {
		case columns[i].Right:
			b.WriteString(pad + text)
		case i == len(row)-1:
			b.WriteString(text) // no spaces at the end of a line
		default:
			b.WriteString(text + pad)
		}
		if i < len(row)-1 {
			b.WriteString(gap)
		}
	}
	return strings.TrimRight(b.String(), " ")
}

// truncate shortens s to a width in terminal columns, with an ellipsis.
func truncate(s string, width int) string {
	if lipgloss.Width(s) <= width {
		return s
	}
	for runes := []rune(s); len(runes) > 0; runes = runes[:len(runes)-1] {
		if short := string(runes) + "…"; lipgloss.Width(short) <= width {
			return short
		}
	}
	return ""
}
