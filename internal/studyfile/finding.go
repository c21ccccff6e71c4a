package studyfile

import (
	"fmt"
	"slices"
	"strings"
)

// A Finding is one thing that is wrong with a study file.
type Finding struct {
	File    string `json:"file"`
	Line    int    `json:"line"` // 1 is the first line; 0: the file as a whole
	Message string `json:"message"`
	Hint    string `json:"hint,omitempty"` // what to do about it
}

// String returns the finding as "file:line: message; hint".
func (f Finding) String() string {
	var b strings.Builder
	b.WriteString(f.File)
	if f.Line > 0 {
		fmt.Fprintf(&b, ":%d", f.Line)
	}
	b.WriteString(": " + f.Message)
	if f.Hint != "" {
		b.WriteString("; " + f.Hint)
	}
	return b.String()
}

// Findings is the error that a bad study file gives: everything that is wrong
// with it, in the order of its lines. It is never empty when it is an error.
type Findings []Finding

// Error implements error. It is one line: the first finding, and how to see
// the others.
func (f Findings) Error() string {
	switch len(f) {
	case 0:
		return "no findings"
	case 1:
		return f[0].String()
	}
	return fmt.Sprintf("%s (and %d more: hpsearch study check lists them all)", f[0], len(f)-1)
}

// sorted returns the findings by line, in a stable order.
func (f Findings) sorted() Findings {
	slices.SortStableFunc(f, func(a, b Finding) int { return a.Line - b.Line })
	return f
}
