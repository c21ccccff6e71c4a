package view

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/internal/render"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// Study is a study in JSON.
type Study struct {
	Name string `json:"name"`
	// State is open, running, paused or done.
	State     string           `json:"state"`
	Objective string           `json:"objective"`
	Metric    string           `json:"metric"`
	Direction search.Direction `json:"direction"`
	// Metrics and Directions are there when the study has several; then it
	// has a front and Best is null.
	Metrics    []string           `json:"metrics,omitempty"`
	Directions []search.Direction `json:"directions,omitempty"`
	Sampler    string             `json:"sampler"`
	Pruner     string             `json:"pruner"`
	Seed       int64              `json:"seed"`
	Trials     search.Counts      `json:"trials"`
	Budget     Budget             `json:"budget"`
	Best       *Best              `json:"best"`
	CreatedAt  time.Time          `json:"created_at"`
	Lost       []int              `json:"lost,omitempty"` // the RUNNING trials that nobody works on
}

// Budget is in JSON what a study's trials are counted against.
type Budget struct {
	Trials *int `json:"trials"` // null: no bound
}

// StudyDetail is a study in JSON with what takes a look at its trials.
type StudyDetail struct {
	Study
	Front []FrontTrial   `json:"front,omitempty"`
	Ended *Ended         `json:"ended"` // null: more trials are started
	Train map[string]any `json:"train,omitempty"`
	Space search.Space   `json:"space"`
	// Inputs are the files that trials read, as they were when the study was
	// created.
	Inputs []Input `json:"inputs,omitempty"`
}

// An Input is a file in JSON, or the files of a folder.
type Input struct {
	Path   string `json:"path"`
	Files  int    `json:"files"`
	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256"` // of names and contents
}

// Best is a study's best trial in JSON, in short.
type Best struct {
	Number int            `json:"number"`
	Value  Number         `json:"value"`
	Params map[string]any `json:"params"`
}

// FrontTrial is a trial of a study's Pareto front in JSON, in short.
type FrontTrial struct {
	Number int            `json:"number"`
	Values []Number       `json:"values"`
	Params map[string]any `json:"params"`
}

// Ended says why no more trials of a study are started.
type Ended struct {
	By  search.Ending `json:"by"` // budget, target, no-improvement, terminator or exhausted
	Why string        `json:"why"`
}

// State is what is known of a study beside its summary.
type State struct {
	Front []*search.Trial // of a study of several objectives
	Goal  search.Goal     // that the study has reached, if any
	Lost  map[int]string  // why trials are lost, by their numbers
}

// NewStudy returns the JSON of a summary; ended is nil while more trials of the
// study are started, and lost says why trials are lost, by their numbers.
func NewStudy(s *search.Summary, ended *Ended, lost map[int]string) Study {
	def := &s.Study.Definition
	v := Study{
		Name:      s.Study.Name,
		State:     state(s, ended),
		Objective: def.Objective.Kind,
		Metric:    def.Objective.Metric,
		Direction: s.Study.Direction(),
		Sampler:   def.Sampler.Kind,
		Pruner:    def.Pruner.Kind,
		Seed:      def.Sampler.Seed,
		Trials:    s.Counts,
		CreatedAt: s.Study.Created.UTC(),
		Lost:      slices.Sorted(maps.Keys(lost)),
	}
	if total := def.Budget.Trials; total > 0 {
		v.Budget.Trials = &total
	}
	if s.Study.Several() {
		v.Metrics, v.Directions = def.Objective.Metrics, def.Objective.Directions
	} else if s.Best != nil {
		v.Best = &Best{Number: s.Best.Number, Value: Number(s.Best.Value()), Params: params(s.Best)}
	}
	return v
}

// Studies returns the document of a list of studies, with what is known of them
// beside their summaries, by the studies' number.
func Studies(all []search.Summary, known map[int64]State, now time.Time) render.Document {
	d := render.Document{
		Columns: []render.Column{
			{Title: "name"}, {Title: "state"}, {Title: "trials", Right: true}, {Title: "complete", Right: true},
			{Title: "failed", Right: true}, {Title: "best", Right: true}, {Title: "metric", Spare: 2}, {Title: "created", Spare: 1},
		},
	}
	list := make([]Study, 0, len(all))
	for i := range all {
		s := &all[i]
		of := known[s.Study.ID]
		v := NewStudy(s, ended(s, of.Goal), of.Lost)
		list = append(list, v)
		d.Names = append(d.Names, v.Name)
		best := render.Missing()
		if v.Best != nil {
			best = render.Number(s.Best.Value())
		}
		d.Rows = append(d.Rows, []render.Cell{
			render.Tinted(v.Name, render.Strong), stateOf(v), render.Int(s.Counts.Total()), render.Int(s.Counts.Complete),
			render.Int(s.Counts.Fail), best, render.Text(strings.Join(s.Study.Definition.Objective.AllMetrics(), ", ")), render.Time(v.CreatedAt, now),
		})
	}
	d.Data = list
	return d
}

// The states of a study.
const (
	open    = "open"
	running = "running"
	paused  = "paused"
	done    = "done"
)

// state says in a word what a study is doing.
func state(s *search.Summary, ended *Ended) string {
	switch {
	case s.Study.Paused:
		return paused
	case s.Counts.Running > 0:
		return running
	case ended != nil:
		return done
	}
	return open
}

// stateOf is the cell of a study's state, for people with whether all that seems
// to run is lost.
func stateOf(v Study) render.Cell {
	if v.State == running && len(v.Lost) == v.Trials.Running {
		return render.Cell{Human: v.State + " (lost)", Machine: v.State, Tone: render.Bad}
	}
	tones := map[string]render.Tone{paused: render.Warn, running: render.Good}
	return render.Tinted(v.State, tones[v.State])
}

// spent reports whether all trials of a study were run: those that were asked
// for beyond its budget, too.
func spent(s *search.Summary) bool {
	total := s.Study.Definition.Budget.Trials
	return total > 0 && s.Counts.Total() >= total && s.Counts.Running == 0 && s.Counts.Waiting == 0
}

func spentText(trials int) string {
	if trials == 1 {
		return "its only trial was run"
	}
	return fmt.Sprintf("all %d trials were run", trials)
}

// ended says why no more trials are started; nil when there is no reason.
func ended(s *search.Summary, goal search.Goal) *Ended {
	switch {
	case goal.Ending != "":
		return &Ended{By: goal.Ending, Why: goal.Why}
	case spent(s):
		return &Ended{By: search.EndBudget, Why: spentText(s.Study.Definition.Budget.Trials)}
	}
	return nil
}

// StudyFacts returns the document of one study.
func StudyFacts(s *search.Summary, known State, now time.Time) render.Document {
	def := &s.Study.Definition
	end := ended(s, known.Goal)
	v := StudyDetail{Study: NewStudy(s, end, known.Lost), Ended: end, Train: def.Train, Space: def.Space}
	for _, t := range known.Front {
		v.Front = append(v.Front, FrontTrial{Number: t.Number, Values: values(t), Params: params(t)})
	}
	for _, input := range def.Inputs {
		v.Inputs = append(v.Inputs, Input{Path: input.Path, Files: input.Files, Bytes: input.Bytes, SHA256: input.SHA256})
	}
	d := render.Document{Data: v, Facts: true, Columns: []render.Column{{Title: "field"}, {Title: "value"}}, Names: []string{v.Name}}
	add := func(label string, c render.Cell) { d.Rows = append(d.Rows, fact(label, c)) }
	add("name", render.Tinted(v.Name, render.Strong))
	add("state", stateOf(v.Study))
	if v.Ended != nil {
		add("ended", render.Text(fmt.Sprintf("%s: %s", v.Ended.By, v.Ended.Why)))
	} else if why := stoppedText(s); why != "" {
		add("stopped", render.Text(why))
	}
	add("objective", render.Text(fmt.Sprintf("%s, %s", v.Objective, Goals(&def.Objective))))
	// A study that Optuna made names neither sampler nor pruner.
	add("sampler", render.Text(fmt.Sprintf("%s, seed %d%s", cmp.Or(v.Sampler, kinds.DefaultSampler), v.Seed,
		details(def.Sampler.StartupTrials, 0, def.Sampler.Options))))
	if choice := choice(&s.Study); choice != "" {
		add("chosen", render.Text(choice))
	}
	add("pruner", render.Text(cmp.Or(v.Pruner, "none")+details(def.Pruner.StartupTrials, def.Pruner.WarmupSteps, def.Pruner.Options)))
	if def.WarmStart != nil {
		add("warm start", render.Text(fmt.Sprintf("study %s, up to trial %d", def.WarmStart.Study, def.WarmStart.Trials-1)))
	}
	add("trials", render.Text(countsText(s.Counts, def.Budget.Trials)))
	for _, number := range v.Lost {
		add("lost", render.Tinted(fmt.Sprintf("trial %d: %s", number, known.Lost[number]), render.Bad))
	}
	if bounds := budgetText(def.Budget); bounds != "" {
		add("budget", render.Text(bounds))
	}
	add("created", render.Time(v.CreatedAt, now))
	for _, name := range slices.Sorted(maps.Keys(def.Train)) {
		add("train", render.Text(fmt.Sprintf("%s: %s", name, setting(def.Train[name]))))
	}
	for _, p := range def.Space {
		add("space", render.Text(fmt.Sprintf("%s: %v%s", p.Name, p.Distribution, condition(p.When))))
	}
	d.Rows = append(d.Rows, bestRows(s, known.Front)...)
	return d
}

// setting writes a fixed setting as a study file has it, in one line.
func setting(value any) string {
	switch v := value.(type) {
	case map[string]any:
		var parts []string
		for _, key := range slices.Sorted(maps.Keys(v)) {
			parts = append(parts, key+": "+setting(v[key]))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	case []any:
		var parts []string
		for _, item := range v {
			parts = append(parts, setting(item))
		}
		return "[" + strings.Join(parts, ", ") + "]"
	}
	return fmt.Sprint(value)
}

// condition writes when a parameter is there: ", when optimizer is sgd or adam".
func condition(when map[string][]any) string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(when)) {
		var values []string
		for _, v := range when[name] {
			values = append(values, fmt.Sprint(v))
		}
		parts = append(parts, name+" is "+strings.Join(values, " or "))
	}
	if parts == nil {
		return ""
	}
	return ", when " + strings.Join(parts, " and ")
}

// Goals writes what a study is there for: "minimize val_loss, minimize train_seconds".
func Goals(o *search.ObjectiveSpec) string {
	directions := o.AllDirections()
	var parts []string
	for i, name := range o.AllMetrics() {
		parts = append(parts, fmt.Sprintf("%s %s", directions[i], name))
	}
	return strings.Join(parts, ", ")
}

func frontText(study string, trials int) string {
	switch trials {
	case 0:
		return "no trial is complete yet"
	case 1:
		return "1 trial"
	}
	return fmt.Sprintf("%d trials (hpsearch best %s shows their parameters)", trials, render.Argument(study))
}

// bestRows show the best trial, or in a row each those of the front.
func bestRows(s *search.Summary, front []*search.Trial) [][]render.Cell {
	def := &s.Study.Definition
	switch {
	case s.Study.Several():
		rows := [][]render.Cell{fact("front", render.Text(frontText(s.Study.Name, len(front))))}
		for _, t := range front {
			var parts []string
			for i, cell := range valueCells(&s.Study, t) {
				parts = append(parts, def.Objective.AllMetrics()[i]+" "+cell.Human)
			}
			rows = append(rows, fact(fmt.Sprintf("trial %d", t.Number), render.Text(strings.Join(parts, ", "))))
		}
		return rows
	case s.Best == nil:
		return [][]render.Cell{fact("best", render.Missing())}
	}
	rows := [][]render.Cell{
		fact("best", render.Int(s.Best.Number)),
		fact("best "+def.Objective.Metric, render.Number(s.Best.Value())),
	}
	chosen := params(s.Best)
	for _, p := range paramNames(def.Space, []*search.Trial{s.Best}) {
		if value, ok := chosen[p]; ok {
			rows = append(rows, fact("best "+p, render.Value(value)))
		}
	}
	return rows
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
