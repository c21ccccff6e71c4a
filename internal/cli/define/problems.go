package define

import (
	"errors"
	"strings"
)

// Problems are several things that are wrong with a study: of its models and of
// its tasks, for example.
type Problems []error

// Error implements error: all of them in one line.
func (p Problems) Error() string {
	texts := make([]string, len(p))
	for i, err := range p {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; and ")
}

// Unwrap returns the problems.
func (p Problems) Unwrap() []error { return p }

// add adds what is wrong, if anything is.
func (p *Problems) add(err error) {
	var several Problems
	switch {
	case err == nil:
	case errors.As(err, &several):
		*p = append(*p, several...)
	default:
		*p = append(*p, err)
	}
}

// err is nil without problems, and a single one itself.
func (p Problems) err() error {
	switch len(p) {
	case 0:
		return nil
	case 1:
		return p[0]
	}
	return p
}
