package gp

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/cube"
)

// A frame holds the coordinates that the kernel compares: one for each
// parameter with more than one value. A number is its place on its axis, a
// choice its index; choices that are rising or falling numbers, such as sizes of
// a layer, are numbers too, since neighbours among them are alike. An inactive
// number stands in the middle of its axis and an inactive choice is a choice of
// its own, so that it makes no difference between two trials that both lack it;
// the parent tells trials that have it from those that lack it.
type frame struct {
	layout
	axes  []cube.Axis
	place map[string]int // of an axis by the parameter's name
}

const (
	noNumber = 0.5
	noChoice = -1
)

func newFrame(space search.Space) *frame {
	f := &frame{axes: cube.Axes(space), place: make(map[string]int)}
	for j := range f.axes {
		f.place[f.axes[j].Name] = j
		f.choice = append(f.choice, f.axes[j].Choices > 0 && !ordered(f.axes[j].Distribution))
	}
	return f
}

// ordered reports whether d is a choice among three or more numbers, each
// greater than the one before, or each smaller; texts that read as numbers are
// numbers. Of two choices it makes no difference.
func ordered(d search.Distribution) bool {
	c, ok := d.(search.Categorical)
	if !ok || len(c.Choices) < 3 {
		return false
	}
	rises, falls := true, true
	last := math.NaN()
	for i, choice := range c.Choices {
		v := number(choice)
		rises, falls = rises && (i == 0 || v > last), falls && (i == 0 || v < last)
		last = v
	}
	return rises || falls
}

// number returns the number that a choice is or reads as; NaN for none.
func number(choice any) float64 {
	switch choice := choice.(type) {
	case int64:
		return float64(choice)
	case float64:
		return choice
	case string:
		if v, err := strconv.ParseFloat(strings.TrimSpace(choice), 64); err == nil {
			return v
		}
	}
	return math.NaN()
}

// point writes the coordinates of a configuration to dst.
func (f *frame) point(params map[string]float64, dst []float64) {
	for j := range f.axes {
		v, ok := params[f.axes[j].Name]
		switch {
		case !ok && f.choice[j]:
			dst[j] = noChoice
		case !ok:
			dst[j] = noNumber
		case f.choice[j]:
			dst[j] = v
		default:
			dst[j] = f.axes[j].Unit(v)
		}
	}
}

// pointOf returns the coordinates of a trial; nil when it was made in another
// space, in which its values mean something else or are missing.
func (f *frame) pointOf(t *search.Trial) []float64 {
	if !cube.Fits(f.axes, t) {
		return nil
	}
	x := make([]float64, len(f.axes))
	f.point(t.Params, x)
	return x
}

// data are the observations, in ascending order of trial number.
type data struct {
	x       [][]float64
	y       []float64 // lower is better; as measured
	trials  []*search.Trial
	pending [][]float64
	// finished counts the COMPLETE and PRUNED trials, also those from another
	// space.
	finished int
}

// collect reads the trials other than number itself.
//
// A COMPLETE trial counts with its value; NaN and +Inf count as the worst
// value seen, and so do trials that failed because of their configuration. A
// PRUNED trial counts with its last value, but not as better than the median
// of the COMPLETE ones: it was stopped because it was worse than most.
func (f *frame) collect(h *search.History, number int, ignoreRunning bool) data {
	sign := 1.0
	if h.Study != nil && h.Study.Direction() == search.Maximize {
		sign = -1
	}
	var d data
	var stopped, bad []int // places in d.y
	var complete []float64
	for _, t := range h.Trials {
		if t.Number == number {
			continue
		}
		if t.State == search.Complete || t.State == search.Pruned {
			d.finished++
		}
		running := t.State == search.Running && !ignoreRunning
		if !running && t.State != search.Complete && t.State != search.Pruned && !t.ConfigFailed() {
			continue
		}
		x := f.pointOf(t)
		if x == nil {
			continue
		}
		if running {
			d.pending = append(d.pending, x)
			continue
		}
		v := sign * valueOf(t)
		switch {
		case math.IsNaN(v) || math.IsInf(v, 0):
			bad = append(bad, len(d.y))
		case t.State == search.Pruned:
			stopped = append(stopped, len(d.y))
		default:
			complete = append(complete, v)
		}
		d.x, d.y, d.trials = append(d.x, x), append(d.y, v), append(d.trials, t)
	}
	d.repair(complete, stopped, bad)
	return d
}

// repair puts numbers where none was measured.
func (d *data) repair(complete []float64, stopped, bad []int) {
	if len(complete) > 0 {
		slices.Sort(complete)
		median := complete[(len(complete)-1)/2]
		for _, i := range stopped {
			d.y[i] = max(d.y[i], median)
		}
	}
	best, worst := math.Inf(1), math.Inf(-1)
	for _, v := range d.y {
		if !math.IsNaN(v) && !math.IsInf(v, 0) {
			best, worst = min(best, v), max(worst, v)
		}
	}
	if math.IsInf(worst, -1) {
		best, worst = 0, 0
	}
	for _, i := range bad {
		if math.IsInf(d.y[i], -1) {
			d.y[i] = best // as good as the best: -Inf itself teaches nothing
		} else {
			d.y[i] = worst
		}
	}
}

// valueOf returns what a finished trial was last measured at, NaN for none.
func valueOf(t *search.Trial) float64 {
	switch t.State {
	case search.Complete:
		return t.Value()
	case search.Pruned:
		if last, ok := t.Last(); ok {
			return last.Value
		}
	}
	return math.NaN()
}

// thin leaves at most limit observations: the best quarter of limit, and of
// the others the newest half and an even selection of the rest.
func (d *data) thin(limit int) {
	n := len(d.x)
	if n <= limit {
		return
	}
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int { return cmp.Or(cmp.Compare(d.y[a], d.y[b]), a-b) })
	keep := make([]bool, n)
	for _, i := range order[:limit/4] {
		keep[i] = true
	}
	left := limit - limit/4
	for i := n - 1; i >= 0 && left > (limit-limit/4)/2; i-- {
		if !keep[i] {
			keep[i] = true
			left--
		}
	}
	var others []int
	for i := range n {
		if !keep[i] {
			others = append(others, i)
		}
	}
	for k := range left {
		keep[others[k*len(others)/left]] = true
	}
	kept := 0
	for i := range n {
		if keep[i] {
			d.x[kept], d.y[kept], d.trials[kept] = d.x[i], d.y[i], d.trials[i]
			kept++
		}
	}
	d.x, d.y, d.trials = d.x[:kept], d.y[:kept], d.trials[:kept]
}
