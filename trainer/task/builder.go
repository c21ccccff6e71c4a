package task

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// A row is one labelled text of a file.
type row struct {
	text, label, task string
	hasTask           bool
	value             float64 // of regression: the label as a number
}

// A builder collects rows into a family. It leaves out repeated texts, and
// keeps of each class the max texts whose hash is smallest: a sample that
// depends on the seed and the texts alone, not on their order, and that is
// made while streaming.
type builder struct {
	kind         setting.TaskType
	seed         int64
	least, most  int // examples of a class; most 0: no bound
	wantTask     bool
	classes      map[classKey]*collector
	rows         int
	duplicates   int
	first        string // where the first row stood
	firstHasTask bool
	taskColumn   string
	file         string // the task of rows that have no column for it; "": none
}

type classKey struct{ task, label string }

// compare orders classes by task, then by name.
func (k classKey) compare(other classKey) int {
	return cmp.Or(strings.Compare(k.task, other.task), strings.Compare(k.label, other.label))
}

type collector struct {
	kept  []kept
	seen  map[uint64]struct{} // hashes of what is kept
	bound uint64              // hashes above it are not among the smallest
}

type kept struct {
	hash  uint64
	row   int
	text  string
	value float64
}

func newBuilder(spec setting.Tasks) *builder {
	return &builder{
		kind: spec.Type, seed: spec.SplitSeed, least: spec.MinPerClass, most: spec.MaxPerClass,
		wantTask: spec.Task != "task", taskColumn: spec.Task,
		classes: make(map[classKey]*collector),
	}
}

// add takes a row that stands at the given place, for messages.
func (b *builder) add(r row, place func() string) error {
	if b.file != "" && !r.hasTask {
		r.task, r.hasTask = b.file, true
	}
	if b.rows == 0 {
		b.first, b.firstHasTask = place(), r.hasTask
		if b.wantTask && !r.hasTask {
			return fmt.Errorf("%s: no column %q: correct tasks.task or leave it out", place(), b.taskColumn)
		}
	}
	switch {
	case strings.TrimSpace(r.text) == "":
		return fmt.Errorf("%s: the text is empty: fill it in or remove the row", place())
	case b.kind != setting.Generation && strings.TrimSpace(r.label) == "":
		return fmt.Errorf("%s: the label is empty: fill it in or remove the row", place())
	case r.hasTask != b.firstHasTask:
		has, hasNot := b.first, place()
		if r.hasTask {
			has, hasNot = hasNot, has
		}
		return fmt.Errorf("%s: no task, but %s has one: give every row a task, or none", hasNot, has)
	case r.hasTask && strings.TrimSpace(r.task) == "":
		return fmt.Errorf("%s: the task is empty: fill it in or remove the row", place())
	}
	if b.kind == setting.Regression || b.kind == setting.Generation {
		if err := b.asExample(&r); err != nil {
			return fmt.Errorf("%s: %w", place(), err)
		}
	}
	b.collect(r)
	b.rows++
	return nil
}

// asExample makes the row one of a task without classes: all of them are of
// one that has no name.
func (b *builder) asExample(r *row) error {
	if !r.hasTask {
		return fmt.Errorf("no column %q: tasks of type %s need one, or tasks.files_as_tasks in a folder", b.taskColumn, b.kind)
	}
	if b.kind == setting.Regression {
		v, err := strconv.ParseFloat(strings.TrimSpace(r.label), 64)
		if err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("the label %q is not a number", shorten(r.label))
		}
		r.value = v
	}
	r.label = ""
	return nil
}

func (b *builder) collect(r row) {
	key := classKey{r.task, r.label}
	c := b.classes[key]
	if c == nil {
		c = &collector{seen: make(map[uint64]struct{}), bound: ^uint64(0)}
		b.classes[classKey{strings.Clone(r.task), strings.Clone(r.label)}] = c
	}
	h := hashText(b.seed, r.text)
	if _, ok := c.seen[h]; ok {
		b.duplicates++
		return
	}
	if h > c.bound {
		return
	}
	c.seen[h] = struct{}{}
	c.kept = append(c.kept, kept{hash: h, row: b.rows, text: strings.Clone(r.text), value: r.value})
	if b.most > 0 && len(c.kept) >= 2*b.most {
		c.cut(b.most)
	}
}

// cut keeps the n texts of smallest hash.
func (c *collector) cut(n int) {
	if n == 0 || len(c.kept) <= n {
		return
	}
	slices.SortFunc(c.kept, func(a, b kept) int { return cmp.Compare(a.hash, b.hash) })
	for _, k := range c.kept[n:] {
		delete(c.seen, k.hash)
	}
	clear(c.kept[n:])
	c.kept = c.kept[:n]
	c.bound = c.kept[n-1].hash
}

// family makes the family of what was added.
func (b *builder) family(source string) (*Family, error) {
	if b.rows == 0 {
		return nil, fmt.Errorf("%s holds no examples", source)
	}
	f := &Family{Source: source, Type: b.kind, Duplicates: b.duplicates}
	var keys []classKey
	var all []kept
	for key, c := range b.classes {
		if len(c.kept) < b.least {
			f.SmallClasses++
			continue
		}
		c.cut(b.most)
		keys, all = append(keys, key), append(all, c.kept...)
	}
	if len(keys) == 0 {
		return nil, fmt.Errorf("%s: none of the classes (%d) has %d examples: lower tasks.min_per_class", source, f.SmallClasses, b.least)
	}
	slices.SortFunc(all, func(a, b kept) int { return cmp.Compare(a.row, b.row) })
	index := make(map[int]int, len(all)) // row -> example
	for i, k := range all {
		f.Texts = append(f.Texts, k.text)
		if b.kind == setting.Regression {
			f.Values = append(f.Values, k.value)
		}
		index[k.row] = i
	}
	slices.SortFunc(keys, classKey.compare)
	for _, key := range keys {
		f.addClass(key, b.classes[key].kept, index, b.firstHasTask)
	}
	return f, nil
}

func (f *Family) addClass(key classKey, examples []kept, index map[int]int, hasTask bool) {
	c := Class{Name: key.label, Task: -1}
	for _, k := range examples {
		c.Examples = append(c.Examples, index[k.row])
	}
	slices.Sort(c.Examples)
	if hasTask {
		if n := len(f.Tasks); n == 0 || f.Tasks[n-1].Name != key.task {
			f.Tasks = append(f.Tasks, Task{Name: key.task})
		}
		c.Task = len(f.Tasks) - 1
		t := &f.Tasks[c.Task]
		t.Classes = append(t.Classes, len(f.Classes))
	}
	f.Classes = append(f.Classes, c)
}
