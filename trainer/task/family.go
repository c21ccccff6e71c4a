// Package task reads families of tasks, of texts or images, and draws from
// them what meta-training needs: a split into disjoint parts, episodes, and
// batches of joint training.
//
// A family is a set of labelled examples. With a task column every task has its
// own classes, and the split is one of tasks. Without it there are only
// classes, and the split is one of classes; tasks are then made of them.
//
// Everything drawn is a pure function of a seed and a position, so that a
// resumed run draws what an uninterrupted one would have drawn. The package is
// pure Go and imports no tensor code.
package task

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hpsearch/hpsearch/trainer/setting"
)

// A Family is a set of labelled examples. It is immutable once loaded and safe
// for concurrent use.
type Family struct {
	// Source is the file or folder that was read, for messages.
	Source string
	// Type is that of the tasks. In regression and generation a task has one
	// class without a name, which holds all its examples.
	Type setting.TaskType
	// Texts holds the examples in the order in which they were read; an
	// example is its index here.
	Texts []string
	// Values are what is to be learned about the examples in regression, as
	// they were read; nil otherwise.
	Values []float64
	// Images holds the examples of a family of images; nil for texts.
	Images *Images
	// Classes is sorted by task, then by name.
	Classes []Class
	// Tasks is sorted by name; it is empty when the family has no tasks.
	Tasks []Task
	// Duplicates counts the rows left out because an equal text of the same
	// class was kept already; SmallClasses the classes left out for having
	// fewer than min_per_class examples.
	Duplicates   int
	SmallClasses int
}

// A Class is a label with its examples.
type Class struct {
	Name     string
	Task     int   // index into Family.Tasks; -1 in a family without tasks
	Examples []int // ascending
	// Of names the class that this one is a turned copy of, "" for a class of
	// its own. The two belong to one part of a split.
	Of string
}

// A Task is a named group of classes.
type Task struct {
	Name    string
	Classes []int // indices into Family.Classes, ascending
}

// HasTasks reports whether the texts came with tasks.
func (f *Family) HasTasks() bool { return len(f.Tasks) > 0 }

// unit is the word for what the split divides.
func (f *Family) unit(n int) string {
	switch {
	case f.HasTasks() && n == 1:
		return "task"
	case f.HasTasks():
		return "tasks"
	case n == 1:
		return "class"
	}
	return "classes"
}

// units returns the names of what the split divides.
func (f *Family) units() []string {
	var names []string
	if f.HasTasks() {
		for _, t := range f.Tasks {
			names = append(names, t.Name)
		}
		return names
	}
	for _, c := range f.Classes {
		if c.Of == "" {
			names = append(names, c.Name)
		}
	}
	return names
}

// Load reads the family that spec describes, with Text, Label and Task set.
// Errors name the file and, where there is one, the line. A file is streamed:
// with MaxPerClass set, memory is bounded by what is kept.
func Load(spec setting.Tasks) (*Family, error) {
	if err := present(spec); err != nil {
		return nil, err
	}
	f, err := load(spec)
	if err != nil {
		return nil, fmt.Errorf("reading the tasks: %w", err)
	}
	return f, nil
}

// wanted says what tasks.path is to name, by the kind of tasks. WordNet has
// usual places.
var wanted = map[string]string{
	"jsonl":            `a file of {"text": …, "label": …} lines`,
	"csv":              "a CSV file with columns text and label",
	"parquet":          "a .parquet file, or a folder of them",
	"text-folder":      "a folder of .jsonl, .csv or .parquet files",
	setting.KindImages: "a folder of class folders, or files …-images-idx3-ubyte with their labels beside them",
}

// present refuses a path where there is nothing, and says what should be there.
func present(spec setting.Tasks) error {
	want, ok := wanted[spec.Kind]
	if !ok {
		return nil
	}
	_, err := os.Stat(spec.Path)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("tasks.path: there is no %s: tasks of kind %s need %s", spec.Path, spec.Kind, want)
	}
	return nil // what else is wrong with it, its reader says
}

// LoadOne is [Load] of a JSONL or CSV file whose rows need no column for their
// task: those without one are of a task that is named after the file.
func LoadOne(spec setting.Tasks) (*Family, error) {
	b := newBuilder(spec)
	b.file = filepath.Base(spec.Path)
	f, err := loadTexts(spec, b)
	if err != nil {
		return nil, fmt.Errorf("reading the task: %w", err)
	}
	return f, nil
}

// LoadSized is [Load] of images for a model that takes width x height pixels:
// all must have that size, unless image_size scales them to it.
func LoadSized(spec setting.Tasks, width, height int) (*Family, error) {
	if err := present(spec); err != nil {
		return nil, err
	}
	f, err := loadImages(spec, func(pictures []picture) error {
		for _, p := range pictures {
			if err := p.sized(width, height); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("reading the task: %w", err)
	}
	return f, nil
}

func load(spec setting.Tasks) (*Family, error) {
	if spec.Kind == setting.KindImages {
		return loadImages(spec, func(pictures []picture) error { return checkSizes(pictures, spec) })
	}
	return loadTexts(spec, newBuilder(spec))
}

func loadTexts(spec setting.Tasks, b *builder) (*Family, error) {
	var source string
	var err error
	switch spec.Kind {
	case "wordnet":
		source, err = readWordNet(spec.Path, b)
	case "jsonl":
		source, err = spec.Path, readFile(spec.Path, spec, b, readJSONL)
	case "csv":
		source, err = spec.Path, readFile(spec.Path, spec, b, readCSV)
	case "parquet":
		source, err = spec.Path, readParquet(spec.Path, spec, b)
	case "text-folder":
		source, err = spec.Path, readFolder(spec.Path, spec, b, isShard, "no .jsonl, .csv or .parquet file")
	default:
		err = fmt.Errorf("unknown kind %q", spec.Kind)
	}
	if err != nil {
		return nil, err
	}
	return b.family(filepath.Clean(source))
}
