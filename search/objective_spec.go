package search

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// ObjectiveSpec says what a trial runs and what it is judged by: one metric,
// or several of which none can be had without giving up some of another.
type ObjectiveSpec struct {
	Kind      string    `json:"kind"`   // meta-training, command, external
	Metric    string    `json:"metric"` // for example val_loss
	Direction Direction `json:"direction"`
	// Metrics and Directions have an element for each objective when there
	// are several, else they are empty. Metric and Direction are the first
	// elements: what reports are about, and by which meta-training chooses
	// the best of a trial's validations.
	Metrics    []string    `json:"metrics,omitempty"`
	Directions []Direction `json:"directions,omitempty"`
	Command    []string    `json:"command,omitempty"`
}

// Several reports whether there is more than one objective.
func (o *ObjectiveSpec) Several() bool { return len(o.Metrics) > 1 }

// AllMetrics returns the metric of each objective. It must not be modified.
func (o *ObjectiveSpec) AllMetrics() []string {
	if len(o.Metrics) == 0 {
		return []string{o.Metric}
	}
	return o.Metrics
}

// AllDirections returns the direction of each objective; an empty one means
// Minimize. It must not be modified.
func (o *ObjectiveSpec) AllDirections() []Direction {
	if len(o.Directions) == 0 {
		return []Direction{o.Direction}
	}
	return o.Directions
}

// Complete returns the specification with what follows from the rest: Minimize
// where no direction is given, and the first metric and direction of several
// objectives under their own names. A list of one becomes the single metric.
func (o ObjectiveSpec) Complete() ObjectiveSpec {
	if len(o.Metrics) > 0 {
		o.Directions = slices.Clone(o.Directions)
		for len(o.Directions) < len(o.Metrics) {
			o.Directions = append(o.Directions, Minimize)
		}
		for i, d := range o.Directions {
			if d == "" {
				o.Directions[i] = Minimize
			}
		}
		o.Metric, o.Direction = o.Metrics[0], o.Directions[0]
	}
	if len(o.Metrics) == 1 {
		o.Metrics, o.Directions = nil, nil
	}
	if o.Direction == "" {
		o.Direction = Minimize
	}
	return o
}

// Check reports what is contradictory in a complete specification.
func (o *ObjectiveSpec) Check() error {
	if len(o.Metrics) != len(o.Directions) {
		return fmt.Errorf("metrics: %d, directions: %d; each metric needs one direction", len(o.Metrics), len(o.Directions))
	}
	for _, d := range o.AllDirections() {
		if d != Minimize && d != Maximize {
			return fmt.Errorf("direction %q: want minimize or maximize", d)
		}
	}
	if len(o.Metrics) == 0 {
		return nil
	}
	if o.Metric != o.Metrics[0] || o.Direction != o.Directions[0] {
		return errors.New("the metric is not the first of the metrics")
	}
	for i, name := range o.Metrics {
		switch {
		case name == "":
			return errors.New("a metric has no name")
		case slices.Contains(o.Metrics[:i], name):
			return fmt.Errorf("metric %q is named twice", name)
		}
	}
	return nil
}

// values returns what a result is judged by: its value, and of several
// objectives the other metrics by their names.
func (o *ObjectiveSpec) values(result Result) ([]float64, error) {
	values := []float64{result.Value}
	for _, name := range o.AllMetrics()[1:] {
		v, ok := result.Metrics[name]
		if !ok {
			return nil, fmt.Errorf("its result has no %s, which the study is judged by (it has %s)",
				name, strings.Join(slices.Sorted(maps.Keys(result.Metrics)), ", "))
		}
		values = append(values, v)
	}
	return values, nil
}
