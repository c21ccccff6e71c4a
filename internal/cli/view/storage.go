package view

import (
	"fmt"
	"strings"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/storage"
)

// StorageStatus is the state of a database in JSON.
type StorageStatus struct {
	URL     string   `json:"url"`
	Kind    string   `json:"kind"`
	Optuna  string   `json:"optuna_revision"`
	Schema  int      `json:"schema"`
	Wanted  int      `json:"wanted"`
	State   string   `json:"state"` // current, or upgrade when there is something to do
	Pending []string `json:"pending"`
}

// Storage returns the document of a database's state.
func Storage(s storage.Status) render.Document {
	v := StorageStatus{URL: s.URL, Kind: s.Kind, Optuna: s.Optuna, Schema: s.Schema, Wanted: s.Wanted,
		State: "current", Pending: append([]string{}, s.Pending...)}
	tone := render.Good
	if len(s.Pending) > 0 {
		v.State, tone = "upgrade", render.Warn
	}
	optuna, schema := v.Optuna, fmt.Sprintf("%d (this version: %d)", v.Schema, v.Wanted)
	if optuna == "" {
		optuna = "none yet"
	}
	d := render.Document{Data: v, Facts: true, Columns: []render.Column{{Title: "field"}, {Title: "value"}}, Names: []string{v.State}}
	add := func(label string, c render.Cell) { d.Rows = append(d.Rows, fact(label, c)) }
	add("storage", render.Tinted(v.URL, render.Strong))
	add("kind", render.Text(v.Kind))
	add("Optuna's tables", render.Text(optuna))
	add("hpsearch's tables", render.Text(schema))
	add("state", render.Tinted(v.State, tone))
	if len(v.Pending) > 0 {
		add("pending", render.Text(strings.Join(v.Pending, ", ")))
	}
	return d
}
