package studyfile

import (
	"fmt"
	"regexp"
	"slices"

	"go.yaml.in/yaml/v3"

	"github.com/hpsearch/hpsearch/internal/spelling"
	"github.com/hpsearch/hpsearch/objective"
	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/trainer/setting"
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
	o, ok := r.known(n, "objective", "kind", "metric", "direction", "metrics", "directions", "command")
	if !ok {
		return spec
	}
	if o.get("kind") == nil {
		r.find(n, "add kind: meta-training, command or external", "objective has no kind")
	}
	// Of a kind that is not known nothing else is said.
	spec.Kind = r.word(o, "kind", "", objectiveKinds...)
	if o.get("metrics") != nil {
		r.metrics(o, &spec)
	} else {
		if at := o.get("directions"); at != nil {
			r.find(at, "write direction: minimize, or list the metrics", "objective has directions and no metrics")
		}
		spec.Metric = r.metric(o, spec.Kind)
		spec.Direction = r.direction(o, spec)
	}
	spec.Command = r.command(o, spec.Kind)
	return spec.Complete()
}

// metrics reads the metrics of several objectives and their directions.
func (r *reader) metrics(o mapping, spec *search.ObjectiveSpec) {
	for _, single := range []string{"metric", "direction"} {
		if at := o.get(single); at != nil {
			r.find(at, "remove it: the first of the "+single+"s takes its place", "objective has both %s and metrics", single)
		}
	}
	names, at := r.words(o, "metrics")
	for i, name := range names {
		if slices.Contains(names[:i], name) {
			r.find(at[i], "remove one", "metric %q is named twice", name)
		}
	}
	if len(names) == 0 {
		r.find(o.get("metrics"), "name what is measured: metrics: [val_loss, train_seconds]", "the metrics of objective are empty")
		return
	}
	if _, known := metaMetrics[names[0]]; spec.Kind == MetaTraining && !known {
		r.find(at[0], "begin with val_loss or val_accuracy", "%q cannot be the first metric: by it the best of a trial's validations is chosen", names[0])
	}
	for i, name := range names {
		if spec.Kind == MetaTraining && !slices.Contains(setting.Metrics(), name) {
			r.find(at[i], suggest(name, setting.Metrics()), "meta-training does not measure %q", name)
		}
	}
	spec.Metrics = names
	spec.Directions = r.directions(o, spec.Kind, names)
}

// directions reads a direction for each metric; where there are none, each
// metric has its natural one.
func (r *reader) directions(o mapping, kind string, metrics []string) []search.Direction {
	directions := make([]search.Direction, len(metrics))
	for i, name := range metrics {
		directions[i] = natural(name)
	}
	n := o.get("directions")
	if n == nil {
		return directions
	}
	given, at := r.words(o, "directions")
	if len(given) != len(metrics) {
		r.find(n, "write minimize or maximize for each metric", "directions: %d, metrics: %d", len(given), len(metrics))
		return directions
	}
	for i, word := range given {
		d := search.Direction(word)
		if d != search.Minimize && d != search.Maximize {
			r.find(at[i], suggest(word, []string{string(search.Minimize), string(search.Maximize)}), "%q is no direction", word)
			continue
		}
		r.worst(at[i], kind, metrics[i], d)
		directions[i] = d
	}
	return directions
}

// words reads a list of texts that are not empty.
func (r *reader) words(m mapping, key string) (words []string, at []*yaml.Node) {
	items, ok := r.list(m.get(key), key+" of "+m.what)
	if !ok {
		return nil, nil
	}
	for _, item := range items {
		if item.Kind != yaml.ScalarNode || item.ShortTag() != "!!str" || item.Value == "" {
			r.find(item, "put it in quotes if it is meant as text", "an element of %s of %s is %s, not a word", key, m.what, describe(item))
			continue
		}
		words, at = append(words, item.Value), append(at, item)
	}
	return words, at
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
	d := search.Direction(r.word(o, "direction", string(natural(spec.Metric)), string(search.Minimize), string(search.Maximize)))
	metric := o.get("metric")
	if metric != nil && metric.Value != spec.Metric {
		return d // there is no such metric
	}
	if spec.Kind != MetaTraining && o.get("direction") == nil && gains.MatchString(spec.Metric) {
		r.find(metric, "add direction: maximize, or direction: minimize if that is meant", "without a direction %s would be minimized", spec.Metric)
	}
	r.worst(o.get("direction"), spec.Kind, spec.Metric, d)
	return d
}

// gains are names of metrics of which everybody wants more.
var gains = regexp.MustCompile(`(?i)(^|[_./-])(acc|accuracy|f1|auc|auroc|r2|precision|recall|map|mrr|ndcg|bleu|rouge|score|reward)([_./@-]|$)`)

// natural is the direction in which a metric gets better, as far as is known.
func natural(metric string) search.Direction {
	if d, known := metaMetrics[metric]; known {
		return d
	}
	return search.Minimize
}

// worst refuses a direction that would look for the worst configuration.
func (r *reader) worst(at *yaml.Node, kind, metric string, d search.Direction) {
	if better, known := metaMetrics[metric]; known && kind == MetaTraining && d != better {
		r.find(at, "write "+string(better), "to %s %s would look for the worst configuration", d, metric)
	}
}

func (r *reader) command(o mapping, kind string) []string {
	n := o.get("command")
	if n == nil {
		if kind == Command {
			r.find(o.node, "add command: [python3, train.py]", "objective of kind command has no command")
		}
		return nil
	}
	if kind != Command && kind != "" {
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
		if near := spelling.Nearest(name, names); near != "" {
			hint = fmt.Sprintf("did you mean {%s}?", near)
		}
		r.find(m.get("objective"), hint, "the command refers to {%s}, which is neither fixed nor searched", name)
	}
}

// Told reports whether the trials of a study are asked for and told by somebody
// else: its objective is external, or another program made it.
func Told(study *search.Study) bool {
	return study.Foreign || study.Definition.Objective.Kind == External
}
