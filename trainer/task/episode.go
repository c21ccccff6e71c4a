package task

import (
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
	s, err := newSampler(f, split, role, shape, seed)
	if err != nil {
		return nil, err
	}
	if err := enough(s); err != nil {
		return nil, err
	}
	return s, nil
}

// newSampler is [NewSampler] that does not look whether there is enough.
func newSampler(f *Family, split Split, role string, shape Shape, seed int64) (*Sampler, error) {
	if split == nil {
		return nil, errNoSplit
	}
	if err := split.Check(f); err != nil {
		return nil, err
	}
	if f.classless() {
		shape.Ways = 1
	}
	return &Sampler{family: f, groups: f.groups(split, role), shape: shape, seed: seed, role: role, scale: f.scale(split)}, nil
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
