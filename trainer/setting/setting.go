// Package setting is the schema of everything that a user can set about a
// meta-training run, and the typed configuration made from it.
//
// A study fixes some settings and searches others; a trial's configuration is
// the two merged. [Parse] turns that into a [Config] or says everything that
// is wrong with it; [Schema] describes every setting, so that a study file can
// be checked, documented and completed before a trainer exists.
//
// The package is pure Go and does no input or output. All its functions may
// be called from several goroutines.
package setting

import (
	"fmt"
	"strconv"
	"strings"
)

// A Type is the kind of value that a setting takes.
type Type string

// The types of settings.
const (
	Float   Type = "float"   // a finite number
	Int     Type = "int"     // a whole number; 3.0 is one
	Choice  Type = "choice"  // one of a list of words
	Pattern Type = "pattern" // a word of one of several forms, such as bottom-4
	Text    Type = "text"    // any string that is not empty
	Path    Type = "path"    // a file or folder
	Bool    Type = "bool"    // true or false
	Numbers Type = "numbers" // whole numbers: a list of them, or one
	Mapping Type = "mapping" // has parts, listed under dotted names
	// FolderOrMapping is a path, or a mapping as Mapping is.
	FolderOrMapping Type = "folder or mapping"
)

// A Setting describes one thing that can be set.
type Setting struct {
	// Name is the key in a study file. The parts of a mapping have dotted
	// names, such as tasks.kind.
	Name string
	Type Type
	// Default is the value that stands for an absent one: a float64, int64,
	// string, bool or []int64. nil means that there is none: see Required and Doc.
	Default  any
	Required bool
	// Range bounds Float and Int settings, and each of Numbers.
	Range Range
	// Choices lists the allowed words of a Choice, the forms of a Pattern.
	Choices []string
	// ReadBy says which studies read the setting.
	ReadBy ReadBy
	// Fixed settings cannot be searched: they say what the trials of a study
	// have in common, or where they run.
	Fixed bool
	// Doc is one or two sentences for people, with the unit and, for a
	// default from the literature, its source.
	Doc string

	parse func(string) error     // Pattern only
	set   func(c *Config, v any) // v is canonical: float64, int64, string, bool or []int64
	_     struct{}               // keyed literals only
}

// A Range is an interval of numbers.
type Range struct {
	Low, High         float64
	OpenLow, OpenHigh bool // the bound itself is not allowed
}

// Contains reports whether v lies in the range. NaN never does.
func (r Range) Contains(v float64) bool {
	low := v > r.Low || (v == r.Low && !r.OpenLow)
	high := v < r.High || (v == r.High && !r.OpenHigh)
	return low && high
}

// String writes the range as mathematics does: [0, 1) includes 0, not 1.
func (r Range) String() string {
	left, right := "[", "]"
	if r.OpenLow {
		left = "("
	}
	if r.OpenHigh {
		right = ")"
	}
	return left + number(r.Low) + ", " + number(r.High) + right
}

func number(v float64) string { return strconv.FormatFloat(v, 'g', -1, 64) }

// Schema returns every setting, in the order in which they are documented.
// The caller may change the slice, not what its elements point to.
func Schema() []Setting {
	return append([]Setting(nil), table...)
}

// Lookup returns the setting of that name.
func Lookup(name string) (Setting, bool) {
	for _, s := range table {
		if s.Name == name {
			return s, true
		}
	}
	return Setting{}, false
}

// Allowed says in words which values the setting takes.
func (s Setting) Allowed() string {
	switch s.Type {
	case Float:
		return "a number in " + s.Range.String()
	case Int:
		return "a whole number in " + s.Range.String()
	case Choice, Pattern:
		return strings.Join(s.Choices, ", ")
	case Numbers:
		return "whole numbers in " + s.Range.String() + ": a list such as [40, 40], or one"
	case Mapping:
		return "a mapping"
	case FolderOrMapping:
		return "a folder, or a mapping"
	case Path:
		return "a file or folder"
	case Bool:
		return "true or false"
	}
	return "text"
}

// Markdown returns the schema as a table for the documentation.
func Markdown() string {
	var b strings.Builder
	b.WriteString("| setting | values | default | searched | meaning |\n|---|---|---|---|---|\n")
	for _, s := range table {
		def := "-"
		switch {
		case s.Required:
			def = "required"
		case s.Default != nil:
			def = fmt.Sprintf("`%v`", s.Default)
		}
		searched := "yes"
		if s.Fixed {
			searched = "no"
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s | %s |\n", s.Name, s.Allowed(), def, searched, s.Doc)
	}
	return b.String()
}
