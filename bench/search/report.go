package main

import (
	"fmt"
	"io"
	"os"
	"runtime"
	"slices"
	"strings"
)

func report(w io.Writer, o options, outcomes []outcome) error {
	fmt.Fprint(w, "# Samplers\n\nWritten by `make bench-search`. ")
	if err := writeMachine(w, o); err != nil {
		return err
	}
	fmt.Fprint(w, `
The numbers are the distance of the best trial to the known optimum, the
median over the seeds; noisy functions choose the best trial with the noise and
are judged without. Functions: bench/search/run.go. Distances below 0.0001
count as equal in the ranks.

`)
	one := collect(outcomes, 1)
	for mark := range marks {
		one.write(w, mark)
	}
	writeDuels(w, one)
	eight := collect(outcomes, pendingWorkers)
	if len(eight.functions) > 0 {
		fmt.Fprintf(w, "## %d trials pending\n\n", pendingWorkers)
		eight.write(w, len(marks)-1)
	}
	return nil
}

// writeDuels compares each of our samplers with each of theirs.
func writeDuels(w io.Writer, r *results) {
	mine := slices.DeleteFunc(slices.Clone(r.samplers), func(s string) bool { return strings.HasPrefix(s, theirs) })
	yours := slices.DeleteFunc(slices.Clone(r.samplers), func(s string) bool { return !strings.HasPrefix(s, theirs) })
	if len(yours) == 0 {
		return
	}
	fmt.Fprintf(w, "Functions, of %d, on which one is at least as good as the other after %d and %d trials:\n\n| | %s |\n|---|%s\n",
		len(r.functions), marks[0], marks[1], strings.Join(yours, " | "), strings.Repeat("---|", len(yours)))
	for _, m := range mine {
		fmt.Fprintf(w, "| %s |", m)
		for _, y := range yours {
			fmt.Fprintf(w, " %d, %d |", r.wins(m, y, 0), r.wins(m, y, 1))
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
}

func writeMachine(w io.Writer, o options) error {
	fmt.Fprintf(w, "%s on %s/%s, %d cores (%s), %d studies at a time.", runtime.Version(), runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), processor(), o.workers)
	if o.python == "" {
		fmt.Fprintln(w)
		return nil
	}
	p, err := startPeer(o.python, o.script)
	if err != nil {
		return err
	}
	defer p.end()
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
