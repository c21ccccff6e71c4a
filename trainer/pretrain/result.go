package pretrain

import (
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"
)

// The forms of the output.
const (
	formTable = "table" // columns on a terminal, separated by tabs elsewhere
	formJSON  = "json"
)

// A Result says what was trained.
type Result struct {
	Folder     string  `json:"folder"`
	Loss       float64 `json:"val_loss"`       // nats a masked token, on the held-out texts
	Perplexity float64 `json:"val_perplexity"` // e to the loss
	Step       int     `json:"step"`           // of that validation, the best one
	Steps      int     `json:"steps"`
	Resumed    int     `json:"resumed,omitempty"` // step from which this call went on
	Vocabulary int     `json:"vocabulary"`        // tokens
	Tokens     int     `json:"tokens"`            // of the text
	Parameters int64   `json:"parameters"`
	Seconds    float64 `json:"seconds"`
}

// write prints the result in one of the forms, under the same names in both.
// People get numbers of six digits, programs all of them.
func (r *Result) write(w io.Writer, form string) error {
	if form == formJSON {
		encoder := json.NewEncoder(w)
		encoder.SetIndent("", "  ")
		return encoder.Encode(r)
	}
	people := isTerminal(w)
	number := func(v float64) string {
		if people {
			return strconv.FormatFloat(v, 'g', 6, 64)
		}
		return strconv.FormatFloat(v, 'g', -1, 64)
	}
	rows := [][2]string{
		{"folder", r.Folder}, {"val_loss", number(r.Loss)}, {"val_perplexity", number(r.Perplexity)},
		{"step", strconv.Itoa(r.Step)}, {"steps", strconv.Itoa(r.Steps)},
	}
	if r.Resumed > 0 {
		rows = append(rows, [2]string{"resumed", strconv.Itoa(r.Resumed)})
	}
	rows = append(rows,
		[2]string{"vocabulary", strconv.Itoa(r.Vocabulary)}, [2]string{"tokens", strconv.Itoa(r.Tokens)},
		[2]string{"parameters", strconv.FormatInt(r.Parameters, 10)}, [2]string{"seconds", number(r.Seconds)})
	var b strings.Builder
	for _, row := range rows {
		fmt.Fprintf(&b, "%s\t%s\n", row[0], row[1])
	}
	if !people {
		_, err := io.WriteString(w, b.String())
		return err
	}
	columns := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	if _, err := io.WriteString(columns, b.String()); err != nil {
		return err
	}
	return columns.Flush()
}
