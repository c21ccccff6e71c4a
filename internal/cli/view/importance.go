package view

import (
	"cmp"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/importance"
)

// Importance is how much a parameter matters, in JSON.
type Importance struct {
	Param    string `json:"param"`
	FANOVA   Number `json:"fanova"` // null for a conditional parameter
	PEDANOVA Number `json:"ped_anova"`
}

// StudyImportance is the importance of all parameters of a study, in JSON.
type StudyImportance struct {
	Study      string       `json:"study"`
	Metric     string       `json:"metric"`
	Trials     int          `json:"trials"` // complete ones
	Importance []Importance `json:"importance"`
}

// Importances returns the document of what two methods say about the
// parameters of a study, in the order of its space. What matters most comes
// first.
func Importances(study *search.Study, trials int, fanova, ped []importance.Importance) render.Document {
	v := StudyImportance{
		Study: study.Name, Metric: study.Definition.Objective.Metric, Trials: trials,
		Importance: make([]Importance, len(ped)),
	}
	for i := range ped {
		v.Importance[i] = Importance{Param: ped[i].Param, FANOVA: Number(fanova[i].Value), PEDANOVA: Number(ped[i].Value)}
	}
	slices.SortStableFunc(v.Importance, func(a, b Importance) int { return cmp.Compare(weight(b), weight(a)) })
	d := render.Document{
		Data:    v,
		Columns: []render.Column{{Title: "parameter"}, {Title: "fanova", Right: true}, {Title: "ped-anova", Right: true}},
	}
	for _, i := range v.Importance {
		d.Names = append(d.Names, i.Param)
		d.Rows = append(d.Rows, []render.Cell{render.Text(i.Param), shareCell(i.FANOVA), shareCell(i.PEDANOVA)})
	}
	return d
}

// weight is what parameters are sorted by: the mean of the methods.
func weight(i Importance) float64 {
	if math.IsNaN(float64(i.FANOVA)) {
		return float64(i.PEDANOVA)
	}
	return float64(i.FANOVA+i.PEDANOVA) / 2
}

// shareCell shows a share to people with three digits after the point.
func shareCell(n Number) render.Cell {
	c := render.Number(float64(n))
	if !math.IsNaN(float64(n)) {
		c.Human = render.Number(math.Round(float64(n)*1000) / 1000).Human
	}
	return c
}
