package view

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/internal/studyfile"
	"github.com/hpsearch/hpsearch/search"
)

// Trial is a trial in JSON, without its reports.
type Trial struct {
	Number     int               `json:"number"`
	State      search.State      `json:"state"`
	Value      *Number           `json:"value"` // null where there are several
	Values     []Number          `json:"values,omitempty"`
	Params     map[string]any    `json:"params"`
	Metrics    map[string]Number `json:"metrics"`
	Attempt    int               `json:"attempt"`
	StartedAt  *time.Time        `json:"started_at"`
	FinishedAt *time.Time        `json:"finished_at"`
	Seconds    *Number           `json:"seconds"`
	Error      *string           `json:"error"`
	// Lost says why nobody works on a RUNNING trial any more.
	Lost string `json:"lost,omitempty"`
}

// TrialDetail is a trial in JSON with its seed and its reports.
type TrialDetail struct {
	Trial
	Seed         int64    `json:"seed"` // of everything random in it
	Intermediate []Report `json:"intermediate"`
}

// Report is an intermediate result in JSON.
type Report struct {
	Step    int               `json:"step"`
	Metrics map[string]Number `json:"metrics"`
}

// NewTrial returns the JSON of a trial.
func NewTrial(t *search.Trial) Trial {
	v := Trial{
		Number:     t.Number,
		State:      t.State,
		Params:     params(t),
		Metrics:    numbers(t.Metrics),
		Attempt:    t.Attempt,
		StartedAt:  moment(t.Started),
		FinishedAt: moment(t.Finished),
	}
	switch len(t.Values) {
	case 0:
	case 1:
		value := Number(t.Values[0])
		v.Value = &value
	default:
		v.Values = values(t)
	}
	if t.Finished.After(t.Started) && !t.Started.IsZero() {
		seconds := Number(t.Duration().Seconds())
		v.Seconds = &seconds
	}
	if text := errorText(t); text != "" {
		v.Error = &text
	}
	return v
}

func values(t *search.Trial) []Number {
	all := make([]Number, len(t.Values))
	for i, value := range t.Values {
		all[i] = Number(value)
	}
	return all
}

// params returns the external values of a trial; those of a WAITING trial are
// what it was enqueued with.
func params(t *search.Trial) map[string]any {
	values := maps.Clone(t.Fixed)
	if values == nil || t.State != search.Waiting {
		values = map[string]any{}
	}
	maps.Copy(values, t.External())
	delete(values, search.KeptSeed)
	return values
}

// errorText says why a trial failed, or why an open one has to run again.
func errorText(t *search.Trial) string {
	open := !t.State.Finished() && t.Reason != ""
	if t.State != search.Failed && !open {
		return ""
	}
	switch {
	case t.Reason == "" && t.Message == "":
		return "failed"
	case t.Reason == "":
		return t.Message
	case t.Message == "":
		return t.Reason
	}
	return t.Reason + ": " + t.Message
}

// NewTrialDetail returns the JSON of a trial with its seed and its reports.
func NewTrialDetail(study *search.Study, t *search.Trial) TrialDetail {
	v := TrialDetail{Trial: NewTrial(t), Seed: seed(study, t), Intermediate: make([]Report, 0, len(t.Intermediate))}
	for _, r := range t.Intermediate {
		v.Intermediate = append(v.Intermediate, Report{Step: r.Step, Metrics: reportMetrics(r, study.Definition.Objective.Metric)})
	}
	return v
}

// seed is that of everything random in a trial.
func seed(study *search.Study, t *search.Trial) int64 { return search.NewTask(study, t, "").Seed }

// reportMetrics returns everything that a report says; the objective's metric
// is there even when the storage keeps only its value (as Optuna does).
func reportMetrics(r search.Report, metric string) map[string]Number {
	all := numbers(r.Metrics)
	if _, ok := all[metric]; !ok {
		all[metric] = Number(r.Value)
	}
	return all
}

// Trials returns the document of a list of trials of the study. lost says which
// of them are lost, and why, by their numbers.
func Trials(study *search.Study, trials []*search.Trial, lost map[int]string, now time.Time) render.Document {
	space := study.Definition.Space
	names, metrics := paramNames(space, trials), metricNames(trials)
	d := render.Document{
		Columns: append([]render.Column{{Title: "number", Right: true}, {Title: "state"}}, valueColumns(study)...),
		Empty:   fmt.Sprintf("No trials yet: hpsearch run %s starts some.", render.Argument(study.Name)),
	}
	for _, name := range names {
		d.Columns = append(d.Columns, render.Column{Title: "params." + name, Heading: name, Right: numeric(space, name)})
	}
	for _, name := range metrics {
		d.Columns = append(d.Columns, render.Column{Title: "metrics." + name, CSVOnly: true})
	}
	d.Columns = append(d.Columns, render.Column{Title: "attempt", CSVOnly: true},
		render.Column{Title: "started_at", Heading: "started", Spare: 1}, render.Column{Title: "finished_at", CSVOnly: true},
		render.Column{Title: "seconds", Heading: "time", Right: true, Spare: 2}, render.Column{Title: "error"})
	list := make([]Trial, 0, len(trials))
	for _, t := range trials {
		v := NewTrial(t)
		v.Lost = lost[t.Number]
		list = append(list, v)
		d.Names = append(d.Names, fmt.Sprint(t.Number))
		d.Rows = append(d.Rows, trialRow(study, t, v, names, metrics, now))
	}
	d.Data = list
	return d
}

// valueColumns are "value", or a column for each of several objectives.
func valueColumns(study *search.Study) []render.Column {
	if !study.Several() {
		return []render.Column{{Title: "value", Right: true}}
	}
	var columns []render.Column
	for _, name := range study.Definition.Objective.AllMetrics() {
		columns = append(columns, render.Column{Title: "values." + name, Heading: name, Right: true})
	}
	return columns
}

// valueCells are the cells of valueColumns.
func valueCells(study *search.Study, t *search.Trial) []render.Cell {
	cells := make([]render.Cell, len(study.Definition.Objective.AllMetrics()))
	for i := range cells {
		cells[i] = render.Missing()
		if i < len(t.Values) {
			cells[i] = render.Number(t.Values[i])
		}
	}
	return cells
}

func trialRow(study *search.Study, t *search.Trial, v Trial, names, metrics []string, now time.Time) []render.Cell {
	row := append([]render.Cell{render.Int(t.Number), stateCell(t.State, v.Lost)}, valueCells(study, t)...)
	for _, name := range names {
		row = append(row, lookup(v.Params, name, render.Value))
	}
	for _, name := range metrics {
		row = append(row, lookup(t.Metrics, name, render.Number))
	}
	return append(row, render.Int(t.Attempt), render.Time(t.Started, now), render.Time(t.Finished, now),
		render.Seconds(elapsed(t, now)), errorCell(t, v.Lost))
}

// errorCell says what is wrong with a trial.
func errorCell(t *search.Trial, lost string) render.Cell {
	if lost != "" {
		return render.Tinted("lost: "+lost, render.Bad)
	}
	return render.Tinted(errorText(t), render.Bad)
}

// elapsed is the time that a trial took, or has taken so far.
func elapsed(t *search.Trial, now time.Time) time.Duration {
	if t.State == search.Running && !t.Started.IsZero() {
		return now.Sub(t.Started)
	}
	return t.Duration()
}

// lookup makes a cell of a value, a dash when it is not there.
func lookup[V any](m map[string]V, name string, cell func(V) render.Cell) render.Cell {
	v, ok := m[name]
	if !ok {
		return render.Missing()
	}
	return cell(v)
}

// stateCell is a trial's state, for people with whether it is lost.
func stateCell(s search.State, lost string) render.Cell {
	tones := map[search.State]render.Tone{
		search.Complete: render.Good, search.Failed: render.Bad, search.Pruned: render.Faint, search.Running: render.Warn,
	}
	if lost != "" {
		return render.Cell{Human: string(s) + " (lost)", Machine: string(s), Tone: render.Bad}
	}
	return render.Tinted(string(s), tones[s])
}

// TrialFacts returns the document of one trial with its reports. lost says why
// it is lost; empty when it is not.
func TrialFacts(study *search.Study, t *search.Trial, lost string, now time.Time) render.Document {
	d := trialFacts(study, t, lost, now)
	metric := study.Definition.Objective.Metric
	detail := NewTrialDetail(study, t)
	detail.Lost = lost
	d.Data = detail
	d.Rows = append(d.Rows, fact("seed", render.Text(fmt.Sprint(seed(study, t)))))
	if t.State == search.Failed && study.Definition.Objective.Kind != studyfile.External {
		d.Rows = append(d.Rows, fact("log", render.Text(fmt.Sprintf("hpsearch trial logs %s %d shows the rest", render.Argument(study.Name), t.Number))))
	}
	for _, r := range t.Intermediate {
		values := reportMetrics(r, metric)
		var parts []string
		for _, name := range slices.Sorted(maps.Keys(values)) {
			parts = append(parts, name+" "+render.Number(float64(values[name])).Human)
		}
		d.Rows = append(d.Rows, fact(fmt.Sprintf("step %d", r.Step), render.Text(strings.Join(parts, ", "))))
	}
	return d
}

// BestTrial returns the document of a study's best trial: JSON as in a list.
func BestTrial(study *search.Study, t *search.Trial, now time.Time) render.Document {
	d := trialFacts(study, t, "", now)
	d.Data = NewTrial(t)
	return d
}

// Bests returns the document of a study's best trials: of one as BestTrial, of
// the front of several objectives as a list.
func Bests(study *search.Study, front []*search.Trial, now time.Time) render.Document {
	if study.Several() {
		return Trials(study, front, nil, now)
	}
	return BestTrial(study, front[0], now)
}

func trialFacts(study *search.Study, t *search.Trial, lost string, now time.Time) render.Document {
	v := NewTrial(t)
	d := render.Document{
		Facts: true, Columns: []render.Column{{Title: "field"}, {Title: "value"}},
		Names: []string{fmt.Sprint(t.Number)},
		Rows: [][]render.Cell{
			fact("number", render.Int(t.Number)),
			fact("state", stateCell(t.State, lost)),
		},
	}
	objectives := study.Definition.Objective.AllMetrics()
	for i, cell := range valueCells(study, t) {
		d.Rows = append(d.Rows, fact(objectives[i], cell))
	}
	for _, name := range paramNames(study.Definition.Space, []*search.Trial{t}) {
		if value, ok := v.Params[name]; ok {
			d.Rows = append(d.Rows, fact(name, render.Value(value)))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(t.Metrics)) {
		if !slices.Contains(objectives, name) {
			d.Rows = append(d.Rows, fact(name, render.Number(t.Metrics[name])))
		}
	}
	d.Rows = append(d.Rows, fact("attempt", render.Int(t.Attempt)), fact("started", render.Time(t.Started, now)),
		fact("seconds", render.Seconds(elapsed(t, now))))
	if t.Worker != "" {
		d.Rows = append(d.Rows, fact("worker", render.Text(t.Worker)))
	}
	if cell := errorCell(t, lost); cell.Human != "" {
		d.Rows = append(d.Rows, fact("error", cell))
	}
	return d
}

func fact(label string, c render.Cell) []render.Cell {
	return []render.Cell{{Human: label, Machine: label, Tone: render.Faint}, c}
}

// paramNames returns the parameters in the order of the space, then those
// that only the trials know.
func paramNames(space search.Space, trials []*search.Trial) []string {
	names := make([]string, 0, len(space))
	for _, p := range space {
		names = append(names, p.Name)
	}
	others := map[string]bool{}
	for _, t := range trials {
		for name := range t.Params {
			if !slices.Contains(names, name) {
				others[name] = true
			}
		}
	}
	return append(names, slices.Sorted(maps.Keys(others))...)
}

func metricNames(trials []*search.Trial) []string {
	names := map[string]bool{}
	for _, t := range trials {
		for name := range t.Metrics {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}

// numeric reports whether the values of a parameter are numbers.
func numeric(space search.Space, name string) bool {
	for _, p := range space {
		if _, words := p.Distribution.(search.Categorical); p.Name == name {
			return !words
		}
	}
	return false
}
