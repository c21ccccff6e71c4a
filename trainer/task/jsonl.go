package task

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// readJSONL reads a JSON object a line. Labels and tasks may be numbers or
// booleans; their names are then as they are written.
func readJSONL(path string, r io.Reader, spec setting.Tasks, b *builder) error {
	return EachLine(path, r, func(n int, line []byte) error {
		if len(bytes.TrimSpace(line)) == 0 {
			return nil
		}
		place := func() string { return fmt.Sprintf("%s:%d", path, n) }
		var object map[string]json.RawMessage
		if err := json.Unmarshal(line, &object); err != nil {
			return fmt.Errorf("%s: %w%s", place(), NotJSON(line, err), otherKind(path, "jsonl"))
		}
		var row row
		for _, field := range []struct {
			role, column string
			to           *string
		}{{"text", spec.Text, &row.text}, {"label", spec.Label, &row.label}, {"task", spec.Task, &row.task}} {
			raw, ok := object[field.column]
			if !ok && (field.role == "task" || field.role == "label" && spec.Type == setting.Generation) {
				continue
			}
			if !ok {
				return missingColumn(place(), field.column, field.role, slices.Sorted(maps.Keys(object)))
			}
			value, err := scalar(raw, field.role != "text")
			if err != nil {
				return fmt.Errorf("%s: the %s %w", place(), field.role, err)
			}
			*field.to = value
			row.hasTask = field.role == "task"
		}
		return b.add(row, place)
	})
}

// NotJSON says what is wrong with a line that err kept from being read as a JSON
// object.
func NotJSON(line []byte, err error) error {
	var syntax *json.SyntaxError
	switch {
	case bytes.HasPrefix(bytes.TrimSpace(line), []byte("[")):
		return errors.New("a JSON array, not an object a line (jq -c '.[]' FILE writes one as such lines)")
	case errors.As(err, &syntax) && err.Error() == "unexpected end of JSON input":
		return errors.New("the line ends in the middle of a JSON object: write each object on one line; if this is the last line, the file is cut short, copy it again")
	}
	return fmt.Errorf("not a JSON object: %w", err)
}

// scalar reads a string and, if others are allowed, a number or boolean.
func scalar(raw json.RawMessage, others bool) (string, error) {
	var s string
	switch raw[0] {
	case '"':
		err := json.Unmarshal(raw, &s)
		return s, err
	case 'n', '{', '[':
	default:
		if others {
			return string(raw), nil
		}
	}
	return "", fmt.Errorf("is %s, not a string", shorten(string(raw)))
}

// shorten cuts what is shown in a message.
func shorten(s string) string {
	if len(s) > 20 {
		return s[:20] + "…"
	}
	return s
}
