package search

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
)

// A Distribution is the set of values that one parameter may take.
//
// Every value has two representations, as in Optuna: the external one, which
// the objective receives (float64, int64, or a categorical choice), and the
// internal one, a float64, which storages keep and samplers work on. The
// internal representation of a categorical value is the index of its choice.
//
// The three implementations are [Float], [Int] and [Categorical]; they are
// comparable by [EqualDistributions] and safe for concurrent use.
type Distribution interface {
	// External converts an internal value. The value must be contained.
	External(internal float64) any
	// Internal converts an external value; an int, int64 or float64 is
	// accepted for a numeric distribution. It fails when the value is not
	// contained.
	Internal(external any) (float64, error)
	// Contains reports whether an internal value lies in the distribution.
	Contains(internal float64) bool
	// Single reports whether only one value is possible.
	Single() bool
	// Validate reports what is wrong with the distribution, if anything.
	Validate() error

	distribution()
}

// Float is a real parameter in [Low, High], both included.
type Float struct {
	Low, High float64
	Log       bool    // sample in the logarithm; needs Low > 0 and Step 0
	Step      float64 // 0: continuous; else Low + k*Step, k = 0, 1, …
}

// Int is an integer parameter in [Low, High], both included.
type Int struct {
	Low, High int64
	Log       bool  // sample in the logarithm; needs Low >= 1 and Step 1
	Step      int64 // 0 means 1
}

// Categorical is an unordered choice. Choices are nil, bool, int64, float64
// or string, and distinct.
type Categorical struct {
	Choices []any
}

func (Float) distribution()       {}
func (Int) distribution()         {}
func (Categorical) distribution() {}

// exactInt is the magnitude beyond which float64 skips integers.
const exactInt = 1 << 53

// stepTolerance is the share of a step by which a value may miss the grid.
const stepTolerance = 1e-8

// Validate implements [Distribution].
func (d Float) Validate() error {
	switch {
	case math.IsNaN(d.Low) || math.IsInf(d.Low, 0) || math.IsNaN(d.High) || math.IsInf(d.High, 0):
		return fmt.Errorf("float range %g..%g is not finite", d.Low, d.High)
	case d.Low > d.High:
		return fmt.Errorf("float range %g..%g is empty: low must not exceed high", d.Low, d.High)
	case d.Log && d.Low <= 0:
		return fmt.Errorf("log range %g..%g reaches 0: low must be positive", d.Low, d.High)
	case d.Log && d.Step != 0:
		return fmt.Errorf("a log range cannot have a step (%g)", d.Step)
	case d.Step < 0 || math.IsNaN(d.Step) || math.IsInf(d.Step, 0):
		return fmt.Errorf("step %g must be positive", d.Step)
	case math.IsInf(d.High-d.Low, 0):
		return fmt.Errorf("float range %g..%g is wider than a float64 can express", d.Low, d.High)
	case d.Step > 0 && (d.High-d.Low)/d.Step > exactInt:
		return fmt.Errorf("step %g is too small for the range %g..%g: more than 2^53 values", d.Step, d.Low, d.High)
	}
	return nil
}

// Single implements [Distribution].
func (d Float) Single() bool {
	return d.Low == d.High || d.Step > 0 && d.Low+d.Step*(1-stepTolerance) > d.High
}

// Contains implements [Distribution].
func (d Float) Contains(v float64) bool {
	if math.IsNaN(v) || v < d.Low || v > d.High {
		return false
	}
	if d.Step == 0 {
		return true
	}
	k := (v - d.Low) / d.Step
	// Far from 0 the rounding of v itself may be more than the tolerance.
	largest := math.Max(math.Abs(d.Low), math.Abs(d.High))
	rounding := (math.Nextafter(largest, math.Inf(1)) - largest) / d.Step
	return math.Abs(k-math.Round(k)) < stepTolerance*math.Max(1, math.Abs(k))+rounding
}

// External implements [Distribution]; the result is a float64.
func (d Float) External(v float64) any { return v }

// Internal implements [Distribution].
func (d Float) Internal(external any) (float64, error) {
	v, ok := number(external)
	if !ok || !d.Contains(v) {
		return 0, fmt.Errorf("%v is not in %s", external, d)
	}
	return v, nil
}

// String describes the range for messages.
func (d Float) String() string {
	return fmt.Sprintf("float %g..%g%s", d.Low, d.High, rangeSuffix(d.Log, d.Step))
}

// Validate implements [Distribution].
func (d Int) Validate() error {
	switch {
	case d.Low > d.High:
		return fmt.Errorf("int range %d..%d is empty: low must not exceed high", d.Low, d.High)
	case d.Low < -exactInt || d.High > exactInt:
		return fmt.Errorf("int range %d..%d exceeds 2^53", d.Low, d.High)
	case d.Log && d.Low < 1:
		return fmt.Errorf("log range %d..%d reaches 0: low must be at least 1", d.Low, d.High)
	case d.Step < 0:
		return fmt.Errorf("step %d must be positive", d.Step)
	case d.Log && d.Step > 1:
		return fmt.Errorf("a log range cannot have a step (%d)", d.Step)
	}
	return nil
}

// StepSize returns the step, at least 1.
func (d Int) StepSize() int64 { return max(1, d.Step) }

// Single implements [Distribution].
func (d Int) Single() bool { return d.High-d.Low < d.StepSize() }

// Contains implements [Distribution].
func (d Int) Contains(v float64) bool {
	if v != math.Trunc(v) || v < float64(d.Low) || v > float64(d.High) {
		return false
	}
	return (int64(v)-d.Low)%d.StepSize() == 0
}

// External implements [Distribution]; the result is an int64.
func (d Int) External(v float64) any { return int64(math.Round(v)) }

// Internal implements [Distribution].
func (d Int) Internal(external any) (float64, error) {
	v, ok := number(external)
	if !ok || !d.Contains(v) {
		return 0, fmt.Errorf("%v is not in %s", external, d)
	}
	return v, nil
}

// String describes the range for messages.
func (d Int) String() string {
	step := float64(0)
	if d.Step > 1 {
		step = float64(d.Step)
	}
	return fmt.Sprintf("int %d..%d%s", d.Low, d.High, rangeSuffix(d.Log, step))
}

// Validate implements [Distribution].
func (d Categorical) Validate() error {
	if len(d.Choices) == 0 {
		return fmt.Errorf("no choices")
	}
	for i, c := range d.Choices {
		switch v := c.(type) {
		case nil, bool, int64, string:
		case float64:
			if math.IsNaN(v) || math.IsInf(v, 0) {
				return fmt.Errorf("choice %v is not finite", v)
			}
		default:
			return fmt.Errorf("choice %v has type %T: want null, bool, number or string", c, c)
		}
		for _, other := range d.Choices[:i] {
			if equalChoice(c, other) {
				return fmt.Errorf("choice %v is named twice", c)
			}
		}
	}
	return nil
}

// Single implements [Distribution].
func (d Categorical) Single() bool { return len(d.Choices) == 1 }

// Contains implements [Distribution].
func (d Categorical) Contains(v float64) bool {
	return v == math.Trunc(v) && v >= 0 && v < float64(len(d.Choices))
}

// External implements [Distribution]; the result is the choice.
func (d Categorical) External(v float64) any { return d.Choices[int(math.Round(v))] }

// Internal implements [Distribution].
func (d Categorical) Internal(external any) (float64, error) {
	for i, c := range d.Choices {
		if equalChoice(c, external) {
			return float64(i), nil
		}
	}
	return 0, fmt.Errorf("%s is not %s", choiceText(external), d)
}

// String describes the choices for messages.
func (d Categorical) String() string {
	words := make([]string, len(d.Choices))
	for i, choice := range d.Choices {
		words[i] = choiceText(choice)
	}
	return "one of " + strings.Join(words, ", ")
}

// choiceText is a choice as a study file has it.
func choiceText(choice any) string {
	if choice == nil {
		return "null"
	}
	return fmt.Sprint(choice)
}

// EqualDistributions reports whether two distributions hold the same values
// in the same order and scale.
func EqualDistributions(a, b Distribution) bool {
	switch a := a.(type) {
	case Float:
		b, ok := b.(Float)
		return ok && a == b
	case Int:
		b, ok := b.(Int)
		return ok && a.Low == b.Low && a.High == b.High && a.Log == b.Log && a.StepSize() == b.StepSize()
	case Categorical:
		b, ok := b.(Categorical)
		if !ok || len(a.Choices) != len(b.Choices) {
			return false
		}
		for i := range a.Choices {
			if !equalChoice(a.Choices[i], b.Choices[i]) {
				return false
			}
		}
		return true
	}
	return false
}

// equalChoice compares choices by value; a number equals a number of another
// type (YAML reads 1 as an int where JSON reads it as a float), a bool never
// equals a number.
func equalChoice(a, b any) bool {
	x, xok := number(a)
	y, yok := number(b)
	if xok || yok {
		return xok && yok && x == y
	}
	// Settings that a condition names may hold lists and maps, which == would
	// panic on.
	return reflect.DeepEqual(a, b)
}

func number(v any) (float64, bool) {
	switch v := v.(type) {
	case float64:
		return v, true
	case int64:
		return float64(v), true
	case int:
		return float64(v), true
	}
	return 0, false
}

func rangeSuffix(log bool, step float64) string {
	s := ""
	if log {
		s = ", log"
	}
	if step != 0 {
		s += ", step " + strconv.FormatFloat(step, 'g', -1, 64)
	}
	return s
}
