package task

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// A Shape is the size of an episode.
type Shape struct {
	Ways       int // classes
	Shots      int // support examples of each class
	QueryShots int // query examples of each class
}

// A Set is examples with what is to be learned about them in an episode or a
// task: labels from 0, or values.
type Set struct {
	Examples []int     // indices into Family.Texts
	Labels   []int     // of classification
	Values   []float32 // of regression
}

// An Episode is a small task: learn Ways classes from Support, be measured on
// Query. Both are in the order of the labels, so that Support holds the Shots
// examples of label 0, then those of label 1, and so on.
type Episode struct {
	Task           string // "" in a family without tasks
	Classes        []int  // of each label: index into Family.Classes
	Support, Query Set
}

// A Sampler draws episodes from one part of a split. It is immutable and safe
// for concurrent use.
type Sampler struct {
	family *Family
	groups []group
	shape  Shape
	seed   int64
	role   string
	scale  Scale
}

// NewSampler prepares episodes from the part of split that role names. Every
// class of the part must have enough examples, and every task enough classes;
// the error says which has not, how many there are and what to change.
func NewSampler(f *Family, split Split, role string, shape Shape, seed int64) (*Sampler, error) {
	if split == nil {
		return nil, errNoSplit
	}
	if err := split.Check(f); err != nil {
		return nil, err
	}
	if f.classless() {
		shape.Ways = 1
	}
	s := &Sampler{family: f, groups: f.groups(split, role), shape: shape, seed: seed, role: role, scale: f.scale(split)}
	var few error
	for _, g := range s.groups {
		if few = s.checkWays(g); few != nil {
			break // the others lack the same
		}
	}
	short := s.checkShots()
	if few != nil && short != nil {
		return nil, fmt.Errorf("%w; and %w", few, short)
	}
	return s, cmp.Or(few, short)
}

// settingName returns the setting that decides about a size in this part.
func (s *Sampler) settingName(name string) string {
	if s.role == Train {
		return name
	}
	return "eval_" + name
}

func (s *Sampler) checkWays(g group) error {
	have, want := len(g.classes), s.shape.Ways
	if have >= want {
		return nil
	}
	name := s.settingName("ways")
	if g.task != "" {
		return fmt.Errorf("%s: the task %q of meta-%s has %d classes, %d are needed: lower %s to %d or less",
			s.family.Source, g.task, s.role, have, want, name, have)
	}
	all := len(s.family.Classes)
	advice := fmt.Sprintf("raise tasks.split.%s to %.2f or more, or lower %s to %d or less", s.role, ceilShare(want, all), name, have)
	switch {
	case all < 2*len(roles):
		advice = "no split gives each part 2 classes of its own: add classes, or say in a column \"task\" what belongs together, and the parts differ by task"
	case all < 3*want:
		advice = fmt.Sprintf("lower %s to %d or less, or add classes", name, max(2, min(have, all/3)))
	case have < 2:
		advice = fmt.Sprintf("raise tasks.split.%s to %.2f or more", s.role, ceilShare(want, all))
	}
	return fmt.Errorf("%s: meta-%s has %d of the %d classes, %d are needed: %s", s.family.Source, s.role, have, all, want, advice)
}

// ceilShare returns the smallest share with two digits that gives want of n.
func ceilShare(want, n int) float64 {
	return float64((100*want+n-1)/n) / 100
}

// checkShots reports the classes that have too few examples.
func (s *Sampler) checkShots() error {
	need := s.shape.Shots + s.shape.QueryShots
	var few []string
	n := 0
	for _, g := range s.groups {
		for _, i := range g.classes {
			c := s.family.Classes[i]
			if len(c.Examples) >= need {
				continue
			}
			if n++; n <= 3 {
				name := c.Name
				if g.task != "" {
					name = strings.TrimSuffix(g.task+"/"+name, "/")
				}
				few = append(few, fmt.Sprintf("%q has %d", name, len(c.Examples)))
			}
		}
	}
	if n == 0 {
		return nil
	}
	more := ""
	if n > 3 {
		more = fmt.Sprintf("; as many as %d classes have too few", n)
	}
	return fmt.Errorf("%s: each class of meta-%s needs %d different examples (%d shots and %d query shots), but %s%s: "+
		"lower %s or query_shots, or leave such classes out with tasks.min_per_class: %d",
		s.family.Source, s.role, need, s.shape.Shots, s.shape.QueryShots, strings.Join(few, ", "), more, s.settingName("shots"), need)
}

// Episode returns episode i (from 0): always the same one, whatever was drawn
// before. Tasks take turns, in an order drawn anew for each round; classes
// and examples are drawn without repetition.
func (s *Sampler) Episode(i int) Episode {
	r := generator(s.seed, s.role+" episodes", i)
	g := s.groups[turn(s.seed, s.role+" turns", len(s.groups), i)]
	e := Episode{Task: g.task, Classes: choose(r, len(g.classes), s.shape.Ways)}
	for label, k := range e.Classes {
		e.Classes[label] = g.classes[k]
		examples := s.family.Classes[g.classes[k]].Examples
		for j, x := range choose(r, len(examples), s.shape.Shots+s.shape.QueryShots) {
			to := &e.Support
			if j >= s.shape.Shots {
				to = &e.Query
			}
			to.Examples = append(to.Examples, examples[x])
			s.describe(to, label, examples[x])
		}
	}
	return e
}

// describe adds what is to be learned about an example.
func (s *Sampler) describe(to *Set, label, example int) {
	switch s.family.Type {
	case setting.Regression:
		to.Values = append(to.Values, s.scale.Apply(s.family.Values[example]))
	case setting.Generation:
	default:
		to.Labels = append(to.Labels, label)
	}
}

// turn returns whose turn it is at a position when n take turns in rounds,
// each round in an order of its own.
func turn(seed int64, stream string, n, position int) int {
	if n == 1 {
		return 0
	}
	return permutation(generator(seed, stream, position/n), n)[position%n]
}
