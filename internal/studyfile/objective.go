package studyfile

import (
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
)

// The kinds of objective.
const (
	MetaTraining = "meta-training" // a trial is one meta-training by hpsearch-trainer
	Command      = "command"       // a trial is one run of the user's program
	External     = "external"      // trials are asked for and told, never run
)

// objectiveKinds are the valid values of objective.kind.
var objectiveKinds = []string{MetaTraining, Command, External}

// metaMetrics are what meta-training can be judged by, with the direction in
// which each gets better.
var metaMetrics = map[string]search.Direction{
	"val_loss":     search.Minimize,
	"val_accuracy": search.Maximize,
}

// defaultMetric is what a study minimizes when it names no metric.
const defaultMetric = "val_loss"

func (r *reader) objective(m mapping) search.ObjectiveSpec {
	spec := search.ObjectiveSpec{Kind: MetaTraining, Metric: defaultMetric, Direction: search.Minimize}
	n := m.get("objective")
	if n == nil {
		r.find(m.node, "add `objective: {kind: meta-training, metric: val_loss, direction: minimize}`", "no objective")
		return spec
	}
	o, ok := r.known(n, "objective", "kind", "metric", "direction", "command")
	if !ok {
		return spec
	}
	if o.get("kind") == nil {
		r.find(n, "add kind: meta-training, command or external", "objective has no kind")
	}
	spec.Kind = r.word(o, "kind", MetaTraining, objectiveKinds...)
	spec.Metric = r.metric(o, spec.Kind)
	spec.Direction = r.direction(o, spec)
	spec.Command = r.command(o, spec.Kind)
	return spec
}

func (r *reader) metric(o mapping, kind string) string {
	if kind == MetaTraining {
		return r.word(o, "metric", defaultMetric, "val_loss", "val_accuracy")
	}
	if n := o.get("metric"); n != nil && n.Value == "" {
		r.find(n, "name what your program reports, such as loss", "the metric of objective is empty")
	}
	return r.text(o, "metric", "value")
}

func (r *reader) direction(o mapping, spec search.ObjectiveSpec) search.Direction {
	natural, known := metaMetrics[spec.Metric]
	if !known {
		natural = search.Minimize
	}
	d := search.Direction(r.word(o, "direction", string(natural), string(search.Minimize), string(search.Maximize)))
	if spec.Kind == MetaTraining && d != natural {
		r.find(o.get("direction"), "write direction: "+string(natural),
			"to %s %s would look for the worst configuration", d, spec.Metric)
	}
	return d
}

func (r *reader) command(o mapping, kind string) []string {
	n := o.get("command")
	if n == nil {
		if kind == Command {
			r.find(o.node, "add command: [python3, train.py]", "objective of kind command has no command")
		}
		return nil
	}
	if kind != Command {
		r.find(n, "remove it, or write kind: command", "objective of kind %s has no use for a command", kind)
		return nil
	}
	items, ok := r.list(n, "command")
	if !ok {
		return nil
	}
	if len(items) == 0 || items[0].Value == "" {
		r.find(n, "write it as [python3, train.py]", "the command of objective is empty")
	}
	argv := make([]string, 0, len(items))
	for _, item := range items {
		// 1 and true are arguments like any other: their text is taken.
		if _, isScalar := r.scalar(item, "an argument of command"); isScalar {
			argv = append(argv, item.Value)
		}
	}
	return argv
}

// placeholders checks that what the arguments of a command refer to as {name}
// is a setting of the study.
func (r *reader) placeholders(m mapping, d *search.Definition) {
	names := make([]string, 0, len(d.Train)+len(d.Space))
	for name := range d.Train {
		names = append(names, name)
	}
	for _, p := range d.Space {
		names = append(names, p.Name)
	}
	slices.Sort(names)
	for _, name := range objective.Placeholders(d.Objective.Command) {
		if slices.Contains(names, name) || r.broken[name] {
			continue
		}
		hint := fmt.Sprintf("write {{%s}} for the text {%s} itself", name, name)
		if near := nearest(name, names); near != "" {
			hint = fmt.Sprintf("did you mean {%s}?", near)
		}
		r.find(m.get("objective"), hint, "the command refers to {%s}, which is neither fixed nor searched", name)
	}
}
