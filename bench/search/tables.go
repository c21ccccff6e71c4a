package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
)

// results are outcomes by function, sampler and mark.
type results struct {
	functions, samplers []string
	cells               map[[2]string][]outcome // by function and sampler
	// left holds the samplers that are left out, since a run that was cut short
	// has measured them on so many functions only, fewer than half.
	left map[string]int
}

func collect(outcomes []outcome, pending int) *results {
	r := &results{cells: make(map[[2]string][]outcome)}
	for _, o := range outcomes {
		if o.pending != pending {
			continue
		}
		name := o.function.Name
		if !slices.Contains(r.functions, name) {
			r.functions = append(r.functions, name)
		}
		if !slices.Contains(r.samplers, o.sampler) {
			r.samplers = append(r.samplers, o.sampler)
		}
		key := [2]string{name, o.sampler}
		r.cells[key] = append(r.cells[key], o)
	}
	r.left = make(map[string]int)
	r.samplers = slices.DeleteFunc(r.samplers, func(s string) bool {
		n := len(r.shared([]string{s}))
		if 2*n < len(r.functions) {
			r.left[s] = n
		}
		return 2*n < len(r.functions)
	})
	return r
}

// shared returns the functions that all of some samplers were measured on.
func (r *results) shared(samplers []string) []string {
	var all []string
	for _, f := range r.functions {
		if !slices.ContainsFunc(samplers, func(s string) bool { return len(r.cells[[2]string{f, s}]) == 0 }) {
			all = append(all, f)
		}
	}
	return all
}

// median returns the median regret of a cell at a mark, NaN for none.
func (r *results) median(function, sampler string, mark int) float64 {
	var v []float64
	for _, o := range r.cells[[2]string{function, sampler}] {
		v = append(v, o.regret[mark])
	}
	return median(v)
}

func median(v []float64) float64 {
	if len(v) == 0 {
		return math.NaN()
	}
	v = slices.Sorted(slices.Values(v))
	return (v[(len(v)-1)/2] + v[len(v)/2]) / 2
}

// meanRank returns the rank of the sampler's median among others, in the mean
// over the functions that all of them were measured on; equal ones share a
// rank. Regrets below a ten-thousandth count as solved, and as equal.
func (r *results) meanRank(sampler string, among []string, mark int) float64 {
	total := 0.0
	functions := r.shared(among)
	for _, f := range functions {
		own := solved(r.median(f, sampler, mark))
		rank := 1.0
		for _, other := range among {
			if other == sampler {
				continue
			}
			switch v := solved(r.median(f, other, mark)); {
			case v < own:
				rank++
			case v == own:
				rank += 0.5
			}
		}
		total += rank
	}
	return total / float64(max(1, len(functions)))
}

func solved(regret float64) float64 { return max(1e-4, regret) }

// wins counts the functions on which a is at least as good as b, of those that
// both were measured on.
func (r *results) wins(a, b string, mark int) int {
	n := 0
	for _, f := range r.shared([]string{a, b}) {
		if solved(r.median(f, a, mark)) <= solved(r.median(f, b, mark)) {
			n++
		}
	}
	return n
}

func (r *results) write(w io.Writer, mark int) {
	fmt.Fprintf(w, "| after %d trials | %s |\n|---|%s\n", marks[mark], strings.Join(r.samplers, " | "), strings.Repeat("---|", len(r.samplers)))
	for _, f := range r.functions {
		best := math.Inf(1)
		for _, s := range r.samplers {
			if v := r.median(f, s, mark); !math.IsNaN(v) {
				best = min(best, solved(v))
			}
		}
		fmt.Fprintf(w, "| %s |", f)
		for _, s := range r.samplers {
			v := r.median(f, s, mark)
			cell := fmt.Sprintf("%.3g", v)
			if math.IsNaN(v) {
				cell = "-"
			} else if solved(v) == best {
				cell = "**" + cell + "**"
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintf(w, "| mean rank of %d |", len(r.shared(r.samplers)))
	for _, s := range r.samplers {
		fmt.Fprintf(w, " %.2f |", r.meanRank(s, r.samplers, mark))
	}
	fmt.Fprint(w, "\n| ms a trial, mean |")
	for _, s := range r.samplers {
		total, n := 0.0, 0
		for _, f := range r.functions {
			for _, o := range r.cells[[2]string{f, s}] {
				total += o.ms
				n++
			}
		}
		fmt.Fprintf(w, " %.2f |", total/float64(max(1, n)))
	}
	fmt.Fprint(w, "\n| seeds |")
	for _, s := range r.samplers {
		least, most := math.MaxInt, 0
		for _, f := range r.shared([]string{s}) {
			n := len(r.cells[[2]string{f, s}])
			least, most = min(least, n), max(most, n)
		}
		if least == most {
			fmt.Fprintf(w, " %d |", most)
		} else {
			fmt.Fprintf(w, " %d to %d |", least, most)
		}
	}
	fmt.Fprint(w, "\n\n")
}

// sides divides the samplers into ours and theirs.
func (r *results) sides() (mine, yours []string) {
	for _, s := range r.samplers {
		if strings.HasPrefix(s, theirs) {
			yours = append(yours, s)
		} else {
			mine = append(mine, s)
		}
	}
	return mine, yours
}

// score returns how much of the way from the median distance of random in
// reference to the optimum a sampler has come, from 0 to 1, in the mean over
// the functions.
func (r *results) score(sampler string, reference *results, mark int) float64 {
	total := 0.0
	functions := r.shared([]string{sampler})
	for _, f := range functions {
		far := solved(reference.median(f, "random", mark))
		total += max(0, 1-solved(r.median(f, sampler, mark))/far)
	}
	return total / float64(max(1, len(functions)))
}
