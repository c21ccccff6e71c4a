package render

import (
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Format is a way of writing a [Document].
type Format string

// The formats.
const (
	Table Format = "table"
	JSON  Format = "json"
	YAML  Format = "yaml"
	CSV   Format = "csv"
	Name  Format = "name"
)

// Formats lists the formats in the order in which help shows them.
func Formats() []Format { return []Format{Table, JSON, YAML, CSV, Name} }

// ParseFormat reads the value of --output.
func ParseFormat(s string) (Format, error) {
	if f := Format(s); slices.Contains(Formats(), f) {
		return f, nil
	}
	names := make([]string, 0, len(Formats()))
	for _, f := range Formats() {
		names = append(names, string(f))
	}
	return "", fmt.Errorf("unknown output format %q: use %s", s, strings.Join(names, ", "))
}

// A Document is what a verb found, in every form that it can be written in.
type Document struct {
	// Data is written as JSON and YAML.
	Data any
	// Columns and Rows are written as a table, tab-separated and as CSV.
	// Every row has a cell for each column.
	Columns []Column
	Rows    [][]Cell
	// Names are written by the format name, one a line.
	Names []string
	// Empty is what a terminal shows when there are no rows.
	Empty string
	// Facts is set for a document about one thing: its rows are label and
	// value, and a terminal shows no header.
	Facts bool
}

// A Column is a column of a table.
type Column struct {
	Title   string // as in CSV headers
	Heading string // on a terminal; empty: the title
	Right   bool   // numbers stand to the right
	// CSVOnly columns are left out of tables.
	CSVOnly bool
	// Spare columns are left out of a table that is too wide for the terminal,
	// the one with the smallest number first; 0: never.
	Spare int
}

// A Cell is one value, as people and as programs read it.
type Cell struct {
	Human   string
	Machine string
	Tone    Tone
}

// An Output is where documents go.
type Output struct {
	Writer   io.Writer
	Format   Format
	Terminal bool // Writer is a terminal
	Color    bool // it shows colours
	Width    int  // of the terminal in columns; 0: unknown
}

// Write writes the document in the output's format.
func (o Output) Write(d Document) error {
	switch o.Format {
	case JSON:
		return writeJSON(o.Writer, d.Data)
	case YAML:
		return writeYAML(o.Writer, d.Data)
	case CSV:
		return writeCSV(o.Writer, d)
	case Name:
		return writeLines(o.Writer, d.Names)
	}
	if o.Terminal {
		return o.writeTable(d)
	}
	return writeTabs(o.Writer, d)
}

func writeLines(w io.Writer, lines []string) error {
	for _, line := range lines {
		if _, err := fmt.Fprintln(w, oneLine(line)); err != nil {
			return err
		}
	}
	return nil
}
