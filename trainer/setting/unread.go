package setting

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ReadBy says which studies read a setting: those to which all of the lists
// apply. An empty list applies to every study, and so does the zero value.
type ReadBy struct {
	// Kinds are values of model.kind for a part of model, of tasks.kind for a
	// part of tasks.
	Kinds []string
	// Inputs are what the examples of the tasks are: texts, images, numbers.
	Inputs []string
	// Types are types of tasks.
	Types []TaskType
	// Algorithms are values of algorithm. joint is one of them where tasks share
	// one head (OneHead), where each has its own (ManyHeads), or in both cases.
	Algorithms         []string
	OneHead, ManyHeads bool
	// Freezes are strategies of freeze.
	Freezes []FreezeKind
}

// What the table says of several settings.
var (
	withColumns = []string{"jsonl", "csv", "parquet", kindTextFolder}
	fromFiles   = append([]string{"wordnet", KindImages}, withColumns...)
	onlyTexts   = []string{texts}
	onlyClasses = []TaskType{Classification}
	withHead    = []TaskType{Classification, Regression}
	// metaTraining are the algorithms that take outer steps.
	metaTraining = []string{Joint, Protonet, MAML, FOMAML, ANIL, Reptile}
)

// checkParts reports parts of model and tasks that their kind does not have. No
// search can give them a meaning: neither kind can be searched.
func (c *Config) checkParts(given map[string]bool) Problems {
	var ps Problems
	for _, s := range table {
		mapping, _, isPart := strings.Cut(s.Name, ".")
		kind := c.kindOf(mapping)
		// Of a mapping within, its name is enough.
		if !isPart || !given[s.Name] || kind == "" || len(s.ReadBy.Kinds) == 0 || strings.Count(s.Name, ".") > 1 {
			continue
		}
		if !slices.Contains(s.ReadBy.Kinds, kind) {
			what := "tasks of kind " + kind
			if mapping == "model" {
				what = "a model of kind " + kind
			}
			ps = append(ps, Problem{
				Name: s.Name, With: []string{mapping + ".kind"},
				Text: "is not read by " + what, Hint: "leave it out; there are " + strings.Join(partsOf(mapping, kind), ", "),
			})
		}
	}
	return ps
}

// kindOf returns the kind of a mapping, "" where there is none.
func (c *Config) kindOf(mapping string) string {
	switch mapping {
	case "model":
		return c.Model.Kind
	case "tasks":
		return c.Tasks.Kind
	}
	return ""
}

// partsOf names the parts that a mapping of a kind has.
func partsOf(mapping, kind string) []string {
	var parts []string
	for _, s := range table {
		part, ok := strings.CutPrefix(s.Name, mapping+".")
		if ok && !strings.Contains(part, ".") && (len(s.ReadBy.Kinds) == 0 || slices.Contains(s.ReadBy.Kinds, kind)) {
			parts = append(parts, part)
		}
	}
	return parts
}

// checkUnread reports settings of a study, fixed or searched, that none of its
// trials reads, but for those about which there is a problem already. A
// trial is not asked: where algorithms are searched, each gets settings of the
// others.
func (c *Config) checkUnread(fixed map[string]any, searched []string, known Problems) Problems {
	flat, _ := flatten("", fixed)
	names := append(slices.Collect(maps.Keys(flat)), searched...)
	broken := make(map[string]bool)
	for _, p := range known {
		broken[p.Name] = true
	}
	var ps Problems
	for _, s := range table {
		if !slices.Contains(names, s.Name) || broken[s.Name] {
			continue
		}
		reason, hint, of := c.unread(s)
		if reason != "" && !broken[of] && !slices.Contains(searched, of) {
			ps = append(ps, Problem{Name: s.Name, With: []string{of}, Text: "is not read " + reason, Hint: hint})
		}
	}
	return ps
}

// unread says why the configuration does not read a setting, what to do about
// it, and which other setting it is because of; "" when it is read. Parts of
// mappings are left to checkParts.
func (c *Config) unread(s Setting) (reason, hint, of string) {
	const leave = "leave it out"
	by := s.ReadBy
	switch {
	case c.Tasks.Kind != "" && len(by.Inputs) > 0 && !slices.Contains(by.Inputs, c.Tasks.inputs()):
		return fmt.Sprintf("for tasks of kind %s, which have no %s", c.Tasks.Kind, strings.Join(by.Inputs, " or ")), leave, "tasks.kind"
	case c.Tasks.Kind != "" && len(by.Types) > 0 && !slices.Contains(by.Types, c.Tasks.Type):
		return fmt.Sprintf("for tasks of type %s", c.Tasks.Type), leave, "tasks.type"
	case !c.algorithmReads(by):
		return "by " + c.Algorithm, leave + ", or use " + strings.Join(by.Algorithms, ", "), "algorithm"
	case len(by.Freezes) > 0 && !slices.Contains(by.Freezes, c.Freeze.Kind):
		return fmt.Sprintf("with freeze: %s", c.Freeze), leave + ", or use " + strings.Join(formsOf(by.Freezes), ", "), "freeze"
	}
	return "", "", ""
}

// algorithmReads reports whether the algorithm reads a setting.
func (c *Config) algorithmReads(by ReadBy) bool {
	if len(by.Algorithms) == 0 {
		return true
	}
	if c.Algorithm == Joint && by.OneHead != by.ManyHeads && by.OneHead != c.ByGradient() {
		return false
	}
	return slices.Contains(by.Algorithms, c.Algorithm)
}

// formsOf returns how strategies are written.
func formsOf(kinds []FreezeKind) []string {
	var forms []string
	for _, k := range kinds {
		form := string(k)
		if n, ok := numbered[k]; ok {
			form = n.form
		}
		forms = append(forms, form)
	}
	return forms
}

// Unused returns the names among values that the algorithm set in them does
// not read, in the order of the schema. They are not errors (a study may
// search the algorithm), but worth a warning.
func Unused(values map[string]any) []string {
	flat, _ := flatten("", values)
	c := new(Config)
	_, _ = readAll(c, flat) // what is wrong is said elsewhere
	c.resolve()
	var unused []string
	for _, s := range table {
		if _, ok := values[s.Name]; ok && !c.algorithmReads(s.ReadBy) {
			unused = append(unused, s.Name)
		}
	}
	return unused
}
