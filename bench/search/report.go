package main

import (
	"fmt"
	"io"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
)

func report(w io.Writer, o options, c *cache, list []set) error {
	fmt.Fprint(w, "# Samplers\n\nWritten by `make bench-search`. ")
	if err := writeMachine(w, o); err != nil {
		return err
	}
	fmt.Fprint(w, `
The numbers are the distance of the best trial to the known optimum, the
median over the seeds; noisy functions choose the best trial with the noise and
are judged without. Functions: bench/search/functions.go and heldout.go.
Distances below 0.0001 count as equal in the ranks. The row of seeds says how
many studies a median is of: with few of them it is rough. What was chosen on the
functions held out is said in heldout.go.

`)
	for i := range list {
		list[i].write(w)
	}
	if o.python != "" && o.stopSeeds > 0 {
		if err := writeStopping(w, o, c); err != nil {
			return err
		}
	}
	if o.untimed {
		return nil
	}
	return writeSpeed(w, o)
}

// write reports on one group of functions.
func (s *set) write(w io.Writer) {
	fmt.Fprintf(w, "## %s\n\n", s.title)
	one, many := collect(s.outcomes, 1), collect(s.outcomes, pendingWorkers)
	for _, name := range slices.Sorted(maps.Keys(one.left)) {
		fmt.Fprintf(w, "The run was cut short: %s was measured on %d of %d functions and is left out.\n\n", name, one.left[name], len(one.functions))
	}
	for mark := range marks {
		one.write(w, mark)
	}
	writeDuels(w, one)
	if len(many.functions) > 0 {
		fmt.Fprintf(w, "### With %d trials pending\n\n", pendingWorkers)
		many.write(w, len(marks)-1)
	}
	writeGoals(w, one, many)
}

// writeGoals says what the tables mean for the project's goals.
func writeGoals(w io.Writer, one, many *results) {
	fmt.Fprint(w, "### Goals\n\n")
	n := len(one.functions)
	_, yours := one.sides()
	if slices.Contains(one.samplers, "tpe") && slices.Contains(yours, theirs+"tpe") {
		pair := []string{"tpe", theirs + "tpe"}
		for mark := range marks {
			fmt.Fprintf(w, "- tpe is at least as good as Optuna's on %d of %d functions after %d trials (goal: three quarters); mean rank of the two %.2f and %.2f (goal: the lower one).\n",
				one.wins(pair[0], pair[1], mark), n, marks[mark], one.meanRank(pair[0], pair, mark), one.meanRank(pair[1], pair, mark))
		}
	}
	if slices.Contains(one.samplers, "auto") && len(yours) > 0 {
		among := append([]string{"auto"}, yours...)
		for mark := range marks {
			fmt.Fprintf(w, "- Mean ranks after %d trials:", marks[mark])
			for _, s := range among {
				fmt.Fprintf(w, " %s %.2f", s, one.meanRank(s, among, mark))
			}
			fmt.Fprintln(w, " (goal: auto the lowest).")
		}
	}
	for _, s := range many.samplers {
		writePending(w, one, many, s)
	}
	fmt.Fprintln(w)
}

// writePending compares a sampler's studies with many trials pending with
// those with one: by score, since a distance of nearly 0 may well be several
// times another, and by function.
func writePending(w io.Writer, one, many *results, sampler string) {
	last := len(marks) - 1
	near := 0
	for _, f := range many.functions {
		if solved(many.median(f, sampler, last)) <= 1.05*solved(one.median(f, sampler, last)) {
			near++
		}
	}
	fmt.Fprintf(w, "- %s with %d pending: ", sampler, pendingWorkers)
	if slices.Contains(one.samplers, "random") {
		a, b := many.score(sampler, one, last), one.score(sampler, one, last)
		fmt.Fprintf(w, "%.1f %% of the way from random's distance to the optimum, %.1f %% with one: %.1f %% less (goal: at most 5 %%); ",
			100*a, 100*b, 100*(1-a/b))
	}
	fmt.Fprintf(w, "the distance is at most 5 %% larger on %d of %d functions.\n", near, len(many.functions))
}

// writeDuels compares each of our samplers with each of theirs.
func writeDuels(w io.Writer, r *results) {
	mine, yours := r.sides()
	if len(yours) == 0 {
		return
	}
	fmt.Fprintf(w, "Functions on which one is at least as good as the other after %d and %d trials:\n\n| | %s |\n|---|%s\n",
		marks[0], marks[1], strings.Join(yours, " | "), strings.Repeat("---|", len(yours)))
	for _, m := range mine {
		fmt.Fprintf(w, "| %s |", m)
		for _, y := range yours {
			fmt.Fprintf(w, " %d, %d of %d |", r.wins(m, y, 0), r.wins(m, y, 1), len(r.shared([]string{m, y})))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func writeMachine(w io.Writer, o options) error {
	fmt.Fprintf(w, "%s on %s/%s, %d cores (%s), %d studies at a time.", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor(), o.workers)
	if load, err := os.ReadFile("/proc/loadavg"); err == nil {
		fmt.Fprintf(w, "\nOther programs count, too, in the times: the load was %s when this was written;\nthe mean times of studies that were kept are of when those ran.", strings.Join(strings.Fields(string(load))[:3], ", "))
	}
	if o.python == "" {
		fmt.Fprintln(w)
		return nil
	}
	p, err := startPeer(o.python, o.script)
	if err != nil {
		return err
	}
	defer p.End()
	v, err := p.versions()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\nOptuna %s with Python %s, numpy %s", v["optuna"], v["python"], v["numpy"])
	for _, name := range []string{"scipy", "torch", "cmaes"} {
		if v[name] != "" {
			fmt.Fprintf(w, ", %s %s", name, v[name])
		}
	}
	fmt.Fprintln(w, "; one thread a process.")
	return nil
}

// processor is the name of the processor where Linux says it.
func processor() string {
	data, err := os.ReadFile("/proc/cpuinfo")
	if err == nil {
		for line := range strings.Lines(string(data)) {
			if name, ok := strings.CutPrefix(line, "model name"); ok {
				return strings.Trim(name, " \t:\n")
			}
		}
	}
	return "unknown processor"
}
