package export

import (
	"encoding/json"
	"fmt"

	"github.com/hpsearch/hpsearch/internal/render"
)

// A Report is the trainer's report, which it also writes to report.json. All
// of it is passed on as it came; the key figures are read for the table.
type Report struct {
	raw     json.RawMessage
	figures figures
}

// figures are what the table shows.
type figures struct {
	Retrain struct {
		Reproduced bool `json:"reproduced"`
	} `json:"retrain"`
	Test struct {
		Before     *score `json:"before_meta_training"`
		FP32       *score `json:"fp32"`
		Compressed *score `json:"compressed"`
	} `json:"test"`
	Size    pair[float64] `json:"size_bytes"`
	Latency pair[latency] `json:"latency_ms"`
	Notes   []string      `json:"notes"`
}

type score struct {
	Loss     *float64 `json:"loss"`
	Accuracy *float64 `json:"accuracy"`
	CI95     *float64 `json:"ci95"`
}

type latency struct {
	P50 float64 `json:"p50"`
}

type pair[T any] struct {
	FP32       *T `json:"fp32"`
	Compressed *T `json:"compressed"`
}

// UnmarshalJSON keeps the report and reads the key figures.
func (r *Report) UnmarshalJSON(data []byte) error {
	r.raw = append(json.RawMessage(nil), data...)
	return json.Unmarshal(data, &r.figures)
}

// MarshalJSON returns the report as it came.
func (r Report) MarshalJSON() ([]byte, error) { return r.raw, nil }

// notes are what people should know beside the figures, first whether
// retraining gave the stored value again. (When it did not, the trainer's own
// notes say so and why.)
func (r Report) notes() []string {
	if r.figures.Retrain.Reproduced {
		return append([]string{"Retraining gave the study's value again, to the last bit."}, r.figures.Notes...)
	}
	return r.figures.Notes
}

// document shows the key figures: one row for each model.
func (r Report) document(to string) render.Document {
	f := r.figures
	d := render.Document{
		Data: r, Names: []string{to},
		Columns: []render.Column{
			{Title: "model"}, {Title: "loss", Right: true}, {Title: "accuracy", Right: true},
			{Title: "size", Right: true}, {Title: "latency_p50", Heading: "latency", Right: true},
		},
	}
	add := func(name string, s *score, size *float64, l *latency) {
		if s == nil {
			return
		}
		d.Rows = append(d.Rows, []render.Cell{
			render.Text(name), number(s.Loss), s.accuracy(), megabytes(size), l.cell(),
		})
	}
	add("before meta-training", f.Test.Before, nil, nil)
	add("exported", f.Test.FP32, f.Size.FP32, f.Latency.FP32)
	add("compressed", f.Test.Compressed, f.Size.Compressed, f.Latency.Compressed)
	return d
}

func number(v *float64) render.Cell {
	if v == nil {
		return render.Missing()
	}
	return render.Number(*v)
}

func (s *score) accuracy() render.Cell {
	if s.Accuracy == nil {
		return render.Missing()
	}
	c := render.Number(*s.Accuracy)
	c.Human = fmt.Sprintf("%.2f %%", 100**s.Accuracy)
	if s.CI95 != nil {
		c.Human += fmt.Sprintf(" ± %.2f", 100**s.CI95)
	}
	return c
}

func megabytes(v *float64) render.Cell {
	if v == nil {
		return render.Missing()
	}
	c := render.Number(*v)
	c.Human = fmt.Sprintf("%.1f MB", *v/1e6)
	return c
}

func (l *latency) cell() render.Cell {
	if l == nil {
		return render.Missing()
	}
	c := render.Number(l.P50)
	c.Human = fmt.Sprintf("%.2f ms", l.P50)
	return c
}
