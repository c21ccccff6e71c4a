package render

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// writeJSON writes indented JSON with a final newline.
func writeJSON(w io.Writer, data any) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	return encoder.Encode(data)
}

// writeYAML writes what writeJSON would, as YAML: the same keys in the same
// order, without a second set of struct tags.
func writeYAML(w io.Writer, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	// JSON is YAML in flow style; only the style has to change.
	var node yaml.Node
	if err := yaml.NewDecoder(bytes.NewReader(text)).Decode(&node); err != nil {
		return fmt.Errorf("YAML output: %w", err)
	}
	blockStyle(&node)
	encoder := yaml.NewEncoder(w)
	encoder.SetIndent(2)
	if err := encoder.Encode(&node); err != nil {
		return err
	}
	return encoder.Close()
}

// oldBools are words that YAML 1.1 readers take for true or false; the
// encoder, which writes YAML 1.2, would not quote them.
var oldBools = []string{"y", "n", "yes", "no", "on", "off"}

// blockStyle undoes the flow style and the quotes of JSON where YAML needs
// neither.
func blockStyle(n *yaml.Node) {
	if len(n.Content) > 0 || n.Kind == yaml.ScalarNode && !slices.Contains(oldBools, strings.ToLower(n.Value)) {
		n.Style = 0
	}
	for _, c := range n.Content {
		blockStyle(c)
	}
}

func writeCSV(w io.Writer, d Document) error {
	out := csv.NewWriter(w)
	header := make([]string, len(d.Columns))
	for i, c := range d.Columns {
		header[i] = c.Title
	}
	if err := out.Write(header); err != nil {
		return err
	}
	for _, row := range d.Rows {
		record := make([]string, len(row))
		for i, cell := range row {
			record[i] = cell.Machine
		}
		if err := out.Write(record); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

// writeTabs writes rows without a header, one a line, for cut and awk.
func writeTabs(w io.Writer, d Document) error {
	for _, row := range d.Rows {
		var cells []string
		for i, cell := range row {
			if !d.Columns[i].CSVOnly {
				cells = append(cells, oneLine(cell.Machine))
			}
		}
		if _, err := fmt.Fprintln(w, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return nil
}

// oneLine replaces control characters, so that a value can neither break the
// line structure nor command a terminal.
func oneLine(s string) string { return strings.ReplaceAll(Lines(s), "\n", " ") }

// Lines replaces control characters but the ends of lines: names that others
// gave must not command a terminal.
func Lines(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' && r != '\n' || r >= 0x7f && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
