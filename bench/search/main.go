package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

type options struct {
	python, script, out string
	samplers, only      []string
	seeds, slowSeeds    int
	workers             int
	verbose             bool
}

func main() {
	var o options
	var samplers, only string
	flag.StringVar(&o.python, "python", "", "Python that has Optuna; empty: no comparison")
	flag.StringVar(&o.script, "peer", "bench/peer/optuna_search.py", "the peer's script")
	flag.StringVar(&o.out, "out", "", "Markdown file to write; empty: standard output")
	flag.StringVar(&samplers, "samplers", "auto,tpe,cmaes,random,optuna-tpe,optuna-cmaes,optuna-gp", "what to measure")
	flag.StringVar(&only, "functions", "", "names of the functions; empty: all")
	flag.IntVar(&o.seeds, "seeds", 30, "studies of each sampler on each function")
	flag.IntVar(&o.slowSeeds, "slow-seeds", 3, "the same for optuna-gp, which takes a hundred times as long")
	flag.IntVar(&o.workers, "workers", 2, "studies that run at the same time")
	flag.BoolVar(&o.verbose, "v", false, "print every study")
	flag.Parse()
	o.samplers = strings.Split(samplers, ",")
	if only != "" {
		o.only = strings.Split(only, ",")
	}
	if err := run(o); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(o options) error {
	if o.seeds < 1 || o.slowSeeds < 1 || o.workers < 1 {
		return fmt.Errorf("-seeds, -slow-seeds and -workers must be at least 1")
	}
	if o.python == "" {
		o.samplers = slices.DeleteFunc(o.samplers, func(s string) bool { return strings.HasPrefix(s, theirs) })
	}
	outcomes, err := runAll(o, jobs(o))
	if err != nil {
		return err
	}
	var buf bytes.Buffer
	if err := report(&buf, o, outcomes); err != nil {
		return err
	}
	if o.out == "" {
		_, err = os.Stdout.Write(buf.Bytes())
		return err
	}
	return os.WriteFile(o.out, buf.Bytes(), 0o644)
}

// slow is the sampler that takes seconds where others take milliseconds.
const slow = theirs + "gp"

// pendingWorkers is the number of workers of the second comparison, and
// pendingFunctions what it is made on.
const pendingWorkers = 8

var pendingFunctions = []string{"branin", "hartmann6", "rosenbrock", "mixed", "nested", "choices"}

// jobs lists the studies, the slowest first so that no worker is left with
// one at the end.
func jobs(o options) []job {
	var list []job
	for _, sampler := range o.samplers {
		seeds := o.seeds
		if sampler == slow {
			seeds = o.slowSeeds
		}
		for _, f := range functions() {
			if o.only != nil && !slices.Contains(o.only, f.name()) {
				continue
			}
			for seed := range int64(seeds) {
				list = append(list, job{function: f, sampler: sampler, seed: seed, pending: 1})
				if sampler != slow && slices.Contains(pendingFunctions, f.name()) {
					list = append(list, job{function: f, sampler: sampler, seed: seed, pending: pendingWorkers})
				}
			}
		}
	}
	slices.SortStableFunc(list, func(a, b job) int {
		switch {
		case a.sampler == slow && b.sampler != slow:
			return -1
		case a.sampler != slow && b.sampler == slow:
			return 1
		}
		return 0
	})
	return list
}
