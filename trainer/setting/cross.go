package setting

import (
	"fmt"
	"math"
	"slices"
	"strings"
)

// crossCheck returns the problems that involve several settings. given tells
// which were set rather than defaulted, searched which a trial will set.
func (c *Config) crossCheck(given map[string]bool, searched []string) Problems {
	var ps Problems
	for _, s := range table {
		part := strings.HasPrefix(s.Name, "tasks.")
		if s.Required && !given[s.Name] && !slices.Contains(searched, s.Name) && (!part || given["tasks"]) {
			ps = append(ps, Problem{Name: s.Name, Text: "is missing", Hint: s.Allowed()})
		}
	}
	// What a trial is measured on must not depend on what is searched.
	for _, pair := range [][2]string{{"ways", "eval_ways"}, {"shots", "eval_shots"}} {
		s, _ := Lookup(pair[0])
		if reason, _, _ := c.unread(s); reason == "" && slices.Contains(searched, pair[0]) && !given[pair[1]] {
			ps = append(ps, Problem{
				Name: pair[1], Text: "is missing, and " + pair[0] + " is searched: trials validated on easier episodes would win",
				Hint: "fix " + pair[1] + " under train",
			})
		}
	}
	if given["model"] && c.Model.Path == "" && c.Model.Kind == "" {
		ps = append(ps, Problem{Name: "model.kind", Text: "is missing", Hint: "name a folder, or one of " + strings.Join(modelKinds, ", ")})
	}
	ps = append(ps, c.checkParts(given)...)
	ps = append(ps, c.Model.check(given)...)
	ps = append(ps, c.Tasks.check(given)...)
	ps = append(ps, c.checkType()...)
	ps = append(ps, c.checkInner()...)
	ps = append(ps, c.checkFreeze()...)
	ps = append(ps, c.checkInputs(given)...)
	ps = append(ps, c.checkLength(given)...)
	return append(ps, c.checkEpisodes()...)
}

func (t Tasks) check(given map[string]bool) Problems {
	var ps Problems
	if t.Kind != "wordnet" && !t.Generated() && given["tasks.kind"] && !given["tasks.path"] {
		ps = append(ps, Problem{
			Name: "tasks.path", With: []string{"tasks.kind"}, Text: "is missing",
			Hint: "tasks of kind " + t.Kind + " are read from a file or folder",
		})
	}
	f := t.Fractions
	if sum := f.Train + f.Validation + f.Test; math.Abs(sum-1) > 1e-6 {
		ps = append(ps, Problem{
			Name: "tasks.split", With: []string{"tasks.split.train", "tasks.split.validation", "tasks.split.test"},
			Text: fmt.Sprintf("the shares %s, %s and %s do not sum to 1", number(f.Train), number(f.Validation), number(f.Test)),
			Hint: "give all three",
		})
	}
	if t.Text == t.Label || t.Text == t.Task || t.Label == t.Task {
		ps = append(ps, Problem{
			Name: "tasks.text", With: []string{"tasks.label", "tasks.task"},
			Text: "text, label and task must be three different columns",
		})
	}
	if most := t.MaxPerClass; most > 0 && most < t.MinPerClass {
		ps = append(ps, Problem{
			Name: "tasks.max_per_class", With: []string{"tasks.min_per_class"},
			Text: fmt.Sprintf("%d is less than min_per_class, %d", most, t.MinPerClass),
		})
	}
	return ps
}

func (c *Config) checkLength(given map[string]bool) Problems {
	var ps Problems
	if given["iterations"] && given["epochs"] {
		ps = append(ps, Problem{
			Name: "epochs", With: []string{"iterations"}, Text: "is set beside iterations",
			Hint: "both say how long to train: keep one",
		})
	}
	if a, _ := findAlgorithm(c.Algorithm); (a.Episodic || c.ByGradient()) && given["epochs"] {
		ps = append(ps, Problem{
			Name: "epochs", With: []string{"algorithm"},
			Text: "means nothing to " + c.Algorithm + ", which draws episodes without end", Hint: "use iterations",
		})
	}
	if c.Iterations > 0 && c.EvalEvery > c.Iterations {
		ps = append(ps, Problem{
			Name: "eval_every", With: []string{"iterations", "epochs", "algorithm"},
			Text: fmt.Sprintf("%d is more than the %d iterations, so that nothing would be validated", c.EvalEvery, c.Iterations),
			Hint: "use at most the number of iterations",
		})
	}
	return ps
}

// largestStep bounds the texts of one step: beyond it a number was mistyped.
const largestStep = 1 << 20

func (c *Config) checkEpisodes() Problems {
	texts := float64(c.Ways) * float64(c.Shots+c.QueryShots) * float64(c.MetaBatchSize)
	if a, _ := findAlgorithm(c.Algorithm); a.Episodic && texts > largestStep {
		return Problems{{
			Name: "ways", With: []string{"shots", "query_shots", "meta_batch_size", "algorithm"},
			Text: fmt.Sprintf("a step of %d ways × (%d shots + %d query shots) × %d episodes has %.0f texts", c.Ways, c.Shots, c.QueryShots, c.MetaBatchSize, texts),
			Hint: fmt.Sprintf("lower one of them; at most %d texts a step are accepted", largestStep),
		}}
	}
	return nil
}
