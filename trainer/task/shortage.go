package task

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A shortage says what the parts of a split lack for the episodes or tasks that
// are wanted of them: of a part, or of all parts.
type shortage struct {
	source string
	lacks  []string
}

// Error names the source once and everything that is lacking, in one line.
func (s *shortage) Error() string { return s.source + ": " + strings.Join(s.lacks, "; ") }

// shortages makes one error of several, so that whoever mends a study sees at
// once what all parts lack. An error of another kind comes alone.
func shortages(errs ...error) error {
	var all *shortage
	for _, err := range errs {
		var s *shortage
		switch {
		case err == nil:
		case !errors.As(err, &s):
			return err
		case all == nil:
			all = &shortage{s.source, slices.Clone(s.lacks)}
		default:
			all.lacks = append(all.lacks, s.lacks...)
		}
	}
	if all == nil {
		return nil
	}
	return all
}

// enough reports the classes and examples that parts of a split do not have.
// The samplers are of one family and one shape.
func enough(parts ...*Sampler) error {
	first := parts[0]
	s := &shortage{source: first.family.Source}
	add := func(lack string) {
		if lack != "" {
			s.lacks = append(s.lacks, lack)
		}
	}
	if first.family.HasTasks() {
		add(classesOfTasks(parts))
	} else {
		add(classesOfParts(parts))
	}
	add(examples(parts))
	if len(s.lacks) == 0 {
		return nil
	}
	return s
}

// settingName returns the setting that decides about a size in this part.
func (s *Sampler) settingName(name string) string {
	if s.role == Train {
		return name
	}
	return "eval_" + name
}

// classesOfTasks says which tasks have too few classes; "" if none has. Of each
// part it names the one with the fewest.
func classesOfTasks(parts []*Sampler) string {
	want, least := parts[0].shape.Ways, 0
	var short []string
	for _, s := range parts {
		fewest := slices.MinFunc(s.groups, func(a, b group) int { return len(a.classes) - len(b.classes) })
		have := len(fewest.classes)
		if have >= want {
			continue
		}
		if len(short) == 0 || have < least {
			least = have
		}
		short = append(short, fmt.Sprintf("the task %q of meta-%s has %d %s", fewest.task, s.role, have, plural(have, "class", "classes")))
	}
	if len(short) == 0 {
		return ""
	}
	advice := "add examples of another class, or leave the task out"
	if least >= 2 {
		advice = fmt.Sprintf("lower %s to %d or less", parts[0].settingName("ways"), least)
	}
	return fmt.Sprintf("%s, %d are needed: %s", strings.Join(short, " and "), want, advice)
}

// classesOfParts says which parts of a family without tasks have too few
// classes; "" if none has.
func classesOfParts(parts []*Sampler) string {
	all, want, least := len(parts[0].family.Classes), parts[0].shape.Ways, 0
	var short, shares []string
	for _, s := range parts {
		have := len(s.groups[0].classes)
		if have >= want {
			continue
		}
		if len(short) == 0 || have < least {
			least = have
		}
		of := ""
		if len(short) == 0 {
			of = fmt.Sprintf(" of the %d classes", all)
		}
		short, shares = append(short, fmt.Sprintf("meta-%s has %d%s", s.role, have, of)), append(shares, "tasks.split."+s.role)
	}
	if len(short) == 0 {
		return ""
	}
	name := parts[0].settingName("ways")
	raise := fmt.Sprintf("raise %s to %.2f or more", strings.Join(shares, " and "), ceilShare(want, all))
	advice := fmt.Sprintf("%s, or lower %s to %d or less", raise, name, least)
	switch {
	case all < 2*len(roles):
		advice = "no split gives each part 2 classes of its own: add classes, or say in a column \"task\" what belongs together, and the parts differ by task"
	case all < len(roles)*want:
		advice = fmt.Sprintf("lower %s to %d or less, or add classes", name, max(2, min(least, all/len(roles))))
	case least < 2:
		advice = raise
	}
	return fmt.Sprintf("%s, %d are needed: %s", strings.Join(short, " and "), want, advice)
}

// ceilShare returns the smallest share with two digits that gives want of n.
func ceilShare(want, n int) float64 {
	return float64((100*want+n-1)/n) / 100
}

// namedClasses is how many of the classes that have too few examples are named.
const namedClasses = 3

// examples says which classes have too few examples; "" if none has.
func examples(parts []*Sampler) string {
	shape := parts[0].shape
	need := shape.Shots + shape.QueryShots
	var short, few []string
	n := 0
	for _, s := range parts {
		before := n
		for _, c := range s.classes() {
			if len(c.Examples) >= need {
				continue
			}
			if n++; n <= namedClasses {
				few = append(few, fmt.Sprintf("%q has %d", s.family.fullName(c), len(c.Examples)))
			}
		}
		if n > before {
			short = append(short, "meta-"+s.role)
		}
	}
	if n == 0 {
		return ""
	}
	more := ""
	if n > namedClasses {
		more = fmt.Sprintf("; as many as %d classes have too few", n)
	}
	return fmt.Sprintf("each class of %s needs %d different examples (%d %s and %d query %s), but %s%s: "+
		"lower %s or query_shots, or leave such classes out with tasks.min_per_class: %d",
		strings.Join(short, " and "), need, shape.Shots, plural(shape.Shots, "shot", "shots"), shape.QueryShots, plural(shape.QueryShots, "shot", "shots"), strings.Join(few, ", "), more, parts[0].settingName("shots"), need)
}

// classes returns the classes of the part.
func (s *Sampler) classes() []Class {
	var all []Class
	for _, g := range s.groups {
		for _, i := range g.classes {
			all = append(all, s.family.Classes[i])
		}
	}
	return all
}

// fullName returns the name of a class with that of its task, where it has one.
func (f *Family) fullName(c Class) string {
	if c.Task < 0 {
		return c.Name
	}
	return strings.TrimSuffix(f.Tasks[c.Task].Name+"/"+c.Name, "/")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
