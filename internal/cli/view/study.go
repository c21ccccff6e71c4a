package view

import (
	"fmt"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// Study is a study in JSON.
type Study struct {
	Name      string           `json:"name"`
	Objective string           `json:"objective"`
	Metric    string           `json:"metric"`
	Direction search.Direction `json:"direction"`
	Sampler   string           `json:"sampler"`
	Pruner    string           `json:"pruner"`
	Seed      int64            `json:"seed"`
	Trials    search.Counts    `json:"trials"`
	Best      *Best            `json:"best"`
	CreatedAt time.Time        `json:"created_at"`
}

// Best is a study's best trial in JSON, in short.
type Best struct {
	Number int            `json:"number"`
	Value  Number         `json:"value"`
	Params map[string]any `json:"params"`
}

// NewStudy returns the JSON of a summary.
func NewStudy(s *search.Summary) Study {
	def := &s.Study.Definition
	v := Study{
		Name:      s.Study.Name,
		Objective: def.Objective.Kind,
		Metric:    def.Objective.Metric,
		Direction: s.Study.Direction(),
		Sampler:   def.Sampler.Kind,
		Pruner:    def.Pruner.Kind,
		Seed:      def.Sampler.Seed,
		Trials:    s.Counts,
		CreatedAt: s.Study.Created.UTC(),
	}
	if s.Best != nil {
		v.Best = &Best{Number: s.Best.Number, Value: Number(s.Best.Value()), Params: params(s.Best)}
	}
	return v
}

// Studies returns the document of a list of studies.
func Studies(all []search.Summary, now time.Time) render.Document {
	d := render.Document{
		Columns: []render.Column{
			{Title: "name"}, {Title: "state"}, {Title: "trials", Right: true}, {Title: "complete", Right: true},
			{Title: "failed", Right: true}, {Title: "best", Right: true}, {Title: "metric"}, {Title: "created"},
		},
		Empty: "No studies yet: hpsearch study create -f FILE makes one.",
	}
	list := make([]Study, 0, len(all))
	for i := range all {
		s := &all[i]
		v := NewStudy(s)
		list = append(list, v)
		d.Names = append(d.Names, v.Name)
		best := render.Missing()
		if s.Best != nil {
			best = render.Number(s.Best.Value())
		}
		d.Rows = append(d.Rows, []render.Cell{
			render.Tinted(v.Name, render.Strong), state(s), render.Int(s.Counts.Total()), render.Int(s.Counts.Complete),
			render.Int(s.Counts.Fail), best, render.Text(v.Metric), render.Time(v.CreatedAt, now),
		})
	}
	d.Data = list
	return d
}

// state says in a word what a study is doing.
func state(s *search.Summary) render.Cell {
	total := s.Study.Definition.Budget.Trials
	switch {
	case s.Study.Paused:
		return render.Tinted("paused", render.Warn)
	case s.Counts.Running > 0:
		return render.Tinted("running", render.Good)
	case total > 0 && s.Counts.Total()-s.Counts.Waiting >= total:
		return render.Text("done")
	}
	return render.Text("open")
}

// StudyFacts returns the document of one study.
func StudyFacts(s *search.Summary, now time.Time) render.Document {
	v := NewStudy(s)
	def := &s.Study.Definition
	d := render.Document{Data: v, Facts: true, Columns: []render.Column{{Title: "field"}, {Title: "value"}}, Names: []string{v.Name}}
	add := func(label string, c render.Cell) { d.Rows = append(d.Rows, fact(label, c)) }
	add("name", render.Tinted(v.Name, render.Strong))
	add("state", state(s))
	add("objective", render.Text(fmt.Sprintf("%s, %s %s", v.Objective, v.Direction, v.Metric)))
	add("sampler", render.Text(fmt.Sprintf("%s, seed %d", v.Sampler, v.Seed)))
	if choice := choice(&s.Study); choice != "" {
		add("chosen", render.Text(choice))
	}
	add("pruner", render.Text(v.Pruner))
	if def.WarmStart != nil {
		add("warm start", render.Text(fmt.Sprintf("study %s, up to trial %d", def.WarmStart.Study, def.WarmStart.Trials-1)))
	}
	add("trials", render.Text(countsText(s.Counts, def.Budget.Trials)))
	add("created", render.Time(v.CreatedAt, now))
	for _, p := range def.Space {
		add("space", render.Text(fmt.Sprintf("%s: %v", p.Name, p.Distribution)))
	}
	if s.Best == nil {
		add("best", render.Missing())
		return d
	}
	add("best", render.Int(s.Best.Number))
	add("best "+v.Metric, render.Number(s.Best.Value()))
	for _, p := range paramNames(def.Space, []*search.Trial{s.Best}) {
		if value, ok := v.Best.Params[p]; ok {
			add("best "+p, render.Value(value))
		}
	}
	return d
}

// choice says which sampler a sampler that chooses has chosen, and why; empty
// for one that does not choose.
func choice(study *search.Study) string {
	sampler, err := kinds.NewSampler(study.Definition.Sampler)
	if err != nil {
		return "" // a newer hpsearch made the study; it can be shown all the same
	}
	chooser, ok := sampler.(interface{ Choice(*search.Study) string })
	if !ok {
		return ""
	}
	return chooser.Choice(study)
}

// countsText writes "14 of 20: 12 complete, 2 pruned".
func countsText(c search.Counts, total int) string {
	var parts []string
	for _, part := range []struct {
		n    int
		name string
	}{{c.Complete, "complete"}, {c.Pruned, "pruned"}, {c.Fail, "failed"}, {c.Running, "running"}, {c.Waiting, "waiting"}} {
		if part.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.name))
		}
	}
	text := fmt.Sprint(c.Total())
	if total >= c.Total() { // a run may have had a larger budget
		text += fmt.Sprintf(" of %d", total)
	}
	if len(parts) > 0 {
		text += ": " + strings.Join(parts, ", ")
	}
	return text
}
