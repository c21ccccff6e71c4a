package task

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// readCSV reads a comma-separated file (RFC 4180) with a header.
func readCSV(path string, r io.Reader, spec setting.Tasks, b *builder) error {
	reader := csv.NewReader(r)
	reader.ReuseRecord = true
	header, err := reader.Read()
	if errors.Is(err, io.EOF) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("%w%s", badCSV(path, err), otherKind(path, "csv"))
	}
	header = slices.Clone(header)
	header[0] = strings.TrimPrefix(header[0], byteOrderMark)
	columns, err := findColumns(path, header, spec)
	if err != nil {
		return err
	}
	for {
		record, err := reader.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return badCSV(path, err)
		}
		place := func() string {
			line, _ := reader.FieldPos(0)
			return fmt.Sprintf("%s:%d", path, line)
		}
		row := row{text: record[columns.text], hasTask: columns.task >= 0}
		if columns.label >= 0 {
			row.label = record[columns.label]
		}
		if row.hasTask {
			row.task = record[columns.task]
		}
		if !utf8.ValidString(row.text) || !utf8.ValidString(row.label) || !utf8.ValidString(row.task) {
			return notUTF8(place())
		}
		if err := b.add(row, place); err != nil {
			return err
		}
	}
}

type columns struct{ text, label, task int } // -1: none

func findColumns(path string, header []string, spec setting.Tasks) (columns, error) {
	place := path + ":1"
	for i, name := range header {
		if !utf8.ValidString(name) {
			return columns{}, notUTF8(place)
		}
		if slices.Contains(header[:i], name) && slices.Contains([]string{spec.Text, spec.Label, spec.Task}, name) {
			return columns{}, fmt.Errorf("%s: the column %q is there twice: rename one", place, name)
		}
	}
	c := columns{slices.Index(header, spec.Text), slices.Index(header, spec.Label), slices.Index(header, spec.Task)}
	if c.text < 0 && len(header) == 1 && strings.ContainsAny(header[0], ";\t") {
		return c, fmt.Errorf("%s: fields are separated by semicolons or tabs: save the file with commas", place)
	}
	if c.text < 0 {
		return c, missingColumn(place, spec.Text, "text", header)
	}
	if c.label < 0 && spec.Type != setting.Generation {
		return c, missingColumn(place, spec.Label, "label", header)
	}
	return c, nil
}

func badCSV(path string, err error) error {
	var parse *csv.ParseError
	if errors.As(err, &parse) {
		return fmt.Errorf("%s:%d: %w (a field that holds a comma, a quote or a line break stands in double quotes, quotes in it are doubled)",
			path, parse.StartLine, parse.Err)
	}
	return fmt.Errorf("%s: %w", path, err)
}
