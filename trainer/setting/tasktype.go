package setting

import (
	"fmt"
	"slices"
	"strings"
)

// A TaskType says what a task asks for, and with it which head a network gets,
// which loss it is trained with and which metrics there are.
type TaskType string

// The types of tasks.
const (
	// Classification: one of several classes; a linear head of one output a
	// class, cross-entropy, accuracy.
	Classification TaskType = "classification"
	// Regression: a number; a linear head of one output, squared error.
	Regression TaskType = "regression"
	// Generation: the continuation of a text; the network's own head, negative
	// log-likelihood a token.
	Generation TaskType = "generation"
)

// KindSinusoid is the kind of the family of sine curves.
const KindSinusoid = "sinusoid"

// generatedKinds are the families that are computed from a seed: they have no
// path, no columns and no classes.
var generatedKinds = []string{KindSinusoid}

// Generated reports whether the family is computed from a seed.
func (t Tasks) Generated() bool { return slices.Contains(generatedKinds, t.Kind) }

// resolveType gives a family the type that its kind implies.
func (t *Tasks) resolveType() {
	switch {
	case t.Type != "":
	case t.Kind == KindSinusoid:
		t.Type = Regression
	default:
		t.Type = Classification
	}
}

// checkType returns what does not go together with the type of the tasks.
func (c *Config) checkType() Problems {
	var ps Problems
	t := c.Tasks.Type
	if c.Tasks.Kind == KindSinusoid && t != Regression {
		ps = append(ps, Problem{
			Name: "tasks.type", With: []string{"tasks.kind"},
			Text: fmt.Sprintf("is %s, but a sinusoid is a regression", t), Hint: "leave it out",
		})
	}
	if c.Tasks.Kind == "images" && t != Classification {
		ps = append(ps, Problem{
			Name: "tasks.type", With: []string{"tasks.kind"},
			Text: fmt.Sprintf("is %s, but images have classes", t), Hint: "leave it out",
		})
	}
	if c.Metric == "val_accuracy" && t != Classification {
		ps = append(ps, Problem{
			Name: "metric", With: []string{"tasks.type", "tasks.kind"},
			Text: fmt.Sprintf("is val_accuracy, which tasks of type %s do not have", t), Hint: "use val_loss",
		})
	}
	if a, ok := findAlgorithm(c.Algorithm); ok && !slices.Contains(a.types(), t) {
		ps = append(ps, Problem{
			Name: "algorithm", With: []string{"tasks.type", "tasks.kind"},
			Text: fmt.Sprintf("%s does not learn tasks of type %s", c.Algorithm, t), Hint: "use " + strings.Join(algorithmsFor(t), ", "),
		})
	}
	return ps
}
