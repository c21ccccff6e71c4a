package task

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// The parts of a split.
const (
	Train      = "train"
	Validation = "validation"
	Test       = "test"
)

var roles = []string{Train, Validation, Test}

// A Split names the tasks (of a family with tasks) or classes of each part,
// under Train, Validation and Test. It converts to and from the
// map[string][]string that is written into a study.
type Split map[string][]string

// DrawSplit divides the tasks or classes of a family by the shares given:
// the same seed and names give the same split. Every part gets at least one,
// the rest is rounded by largest remainder. Names are in ascending order.
func DrawSplit(f *Family, shares setting.Fractions, seed int64) (Split, error) {
	names := f.units()
	if len(names) < len(roles) {
		return nil, fmt.Errorf("%s has %d %s: at least %d are needed for meta-train, meta-validation and meta-test%s",
			f.Source, len(names), f.unit(len(names)), len(roles), f.wantsTasks())
	}
	counts := apportion(len(names), []float64{shares.Train, shares.Validation, shares.Test})
	order := permutation(generator(seed, "split", 0), len(names))
	split := make(Split, len(roles))
	for i, role := range roles {
		part := make([]string, counts[i])
		for j := range part {
			part[j] = names[order[j]]
		}
		order = order[counts[i]:]
		slices.Sort(part)
		split[role] = part
	}
	return split, nil
}

// wantsTasks goes on with the message that a family without tasks has too few
// classes: the same few classes in many tasks are told apart by the tasks.
func (f *Family) wantsTasks() string {
	switch {
	case f.HasTasks():
		return ""
	case f.Images != nil:
		return "; where the folders above the class folders are tasks, set tasks.folders_as_tasks: true"
	}
	return "; if there are several tasks with these classes, name the column that tells them apart in tasks.task, or where each has a file of its own set tasks.files_as_tasks: true"
}

// apportion divides n by shares that sum to 1: whole parts first, what is
// left to the largest remainders, and nobody goes without (n >= len(shares)).
func apportion(n int, shares []float64) []int {
	counts := make([]int, len(shares))
	remainders := make([]float64, len(shares))
	left := n
	for i, share := range shares {
		exact := share * float64(n)
		counts[i] = int(exact + 1e-9) // 0.29 × 100 is 28.999…
		remainders[i] = exact - float64(counts[i])
		left -= counts[i]
	}
	for ; left > 0; left-- {
		i := slices.Index(remainders, slices.Max(remainders))
		counts[i]++
		remainders[i]--
	}
	for i := range counts {
		if counts[i] < 1 {
			counts[slices.Index(counts, slices.Max(counts))]--
			counts[i]++
		}
	}
	return counts
}

// Check reports, as an [ErrSplit], what does not fit between a split and a
// family: a part that is missing, a name that is not there or is in two parts.
func (s Split) Check(f *Family) error {
	known := make(map[string]string)
	for _, name := range f.units() {
		known[name] = ""
	}
	for _, role := range roles {
		if len(s[role]) == 0 {
			return fmt.Errorf("%w: it has nothing under %s", ErrSplit, role)
		}
		for _, name := range s[role] {
			other, ok := known[name]
			switch {
			case !ok:
				return fmt.Errorf("%w: it names the %s %q, which %s does not have: correct it; one that was drawn when the study "+
					"was created means that the data have changed: restore them, or create the study anew", ErrSplit, f.unit(1), name, f.Source)
			case other != "":
				return fmt.Errorf("%w: it names %q under %s and under %s, and each %s belongs to one part", ErrSplit, name, other, role, f.unit(1))
			}
			known[name] = role
		}
	}
	return nil
}

// A group is what one episode is drawn from: the classes of a task, or all
// classes of one part of the split.
type group struct {
	task    string // "" when the family has no tasks
	classes []int
}

// groups returns the groups of one part of a split that was checked.
func (f *Family) groups(s Split, role string) []group {
	chosen := make(map[string]bool, len(s[role]))
	for _, name := range s[role] {
		chosen[name] = true
	}
	if f.HasTasks() {
		var gs []group
		for _, t := range f.Tasks {
			if chosen[t.Name] {
				gs = append(gs, group{t.Name, t.Classes})
			}
		}
		return gs
	}
	var g group
	for i, c := range f.Classes {
		if chosen[cmp.Or(c.Of, c.Name)] {
			g.classes = append(g.classes, i)
		}
	}
	return []group{g}
}

// ErrSplit marks the error about a split that is none of the family's: no trial
// of its study can be run until that is mended.
var ErrSplit = errors.New("the split does not fit the data")

var errNoSplit = errors.New("no split: draw one first")
