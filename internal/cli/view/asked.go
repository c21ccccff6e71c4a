package view

import (
	"strconv"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
)

// AskedTrial is a trial to be run, in JSON.
type AskedTrial struct {
	Number int            `json:"number"`
	Params map[string]any `json:"params"`
}

// Asked returns the document of a trial that was asked for.
func Asked(study *search.Study, t *search.Trial) render.Document {
	v := AskedTrial{Number: t.Number, Params: params(t)}
	d := render.Document{
		Data: v, Facts: true, Columns: []render.Column{{Title: "field"}, {Title: "value"}},
		Names: []string{strconv.Itoa(t.Number)},
		Rows:  [][]render.Cell{fact("number", render.Int(t.Number))},
	}
	for _, name := range paramNames(study.Definition.Space, []*search.Trial{t}) {
		if value, ok := v.Params[name]; ok {
			d.Rows = append(d.Rows, fact(name, render.Value(value)))
		}
	}
	return d
}
