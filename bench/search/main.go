package main

import (
	"bytes"
	"cmp"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
)

type options struct {
	python, script, out, cache string
	samplers, only             []string
	seeds, heldOutSeeds        int
	slowSeeds, stopSeeds       int
	pendingSeeds               int
	workers                    int
	verbose, untimed, known    bool
}

func main() {
	var o options
	var samplers, only string
	flag.StringVar(&o.python, "python", "", "Python that has Optuna; empty: no comparison")
	flag.StringVar(&o.script, "peer", "bench/peer/optuna_search.py", "the peer's script")
	flag.StringVar(&o.out, "out", "", "Markdown file to write; empty: standard output")
	flag.StringVar(&o.cache, "cache", "", "file that keeps what was measured, so that a run can go on; empty: none")
	flag.StringVar(&samplers, "samplers", "auto,tpe,cmaes,random,optuna-tpe,optuna-cmaes,optuna-gp", "what to measure")
	flag.StringVar(&only, "functions", "", "table, heldout, none, or names of functions; empty: all")
	flag.IntVar(&o.seeds, "seeds", 30, "studies of each sampler on each function")
	flag.IntVar(&o.heldOutSeeds, "heldout-seeds", 30, "the same on each function that is held out")
	flag.IntVar(&o.slowSeeds, "slow-seeds", 5, "at most so many for optuna-gp, which takes some ten times as long")
	flag.IntVar(&o.stopSeeds, "stop-seeds", 60, "studies of each sampler and scheduler on learning curves; 0: none")
	flag.IntVar(&o.pendingSeeds, "pending-seeds", 15, "at most so many with several pending trials")
	flag.BoolVar(&o.known, "known", false, "measure nothing: report on what the cache has")
	flag.IntVar(&o.workers, "workers", 2, "studies that run at the same time")
	flag.BoolVar(&o.untimed, "untimed", false, "leave out the times of a suggestion after many trials")
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
	if o.seeds < 1 || o.heldOutSeeds < 1 || o.slowSeeds < 1 || o.stopSeeds < 0 || o.pendingSeeds < 0 || o.workers < 1 {
		return fmt.Errorf("-seeds, -heldout-seeds, -slow-seeds and -workers must be at least 1, -stop-seeds and -pending-seeds 0")
	}
	if o.python == "" {
		o.samplers = slices.DeleteFunc(o.samplers, func(s string) bool { return strings.HasPrefix(s, theirs) })
	}
	list, err := sets(o)
	if err != nil {
		return err
	}
	c, err := openCache(o.cache, o)
	if err != nil {
		return err
	}
	for i := range list {
		if list[i].outcomes, err = runAll(o, c, jobs(o, &list[i])); err != nil {
			return errors.Join(err, c.close())
		}
	}
	var buf bytes.Buffer
	if err := errors.Join(report(&buf, o, c, list), c.close()); err != nil {
		return err
	}
	if o.out == "" {
		_, err = os.Stdout.Write(buf.Bytes())
		return err
	}
	return os.WriteFile(o.out, buf.Bytes(), 0o644)
}

// A set is a group of functions that is reported on by itself.
type set struct {
	name, title string
	seeds       int
	functions   []function
	outcomes    []outcome
}

// sets returns the groups with the functions that were asked for.
func sets(o options) ([]set, error) {
	held, err := heldOut()
	if err != nil {
		return nil, err
	}
	list := []set{
		{name: "table", title: "Functions that the constants were chosen on", seeds: o.seeds, functions: tabled()},
		{name: "heldout", title: "Functions held out", seeds: o.heldOutSeeds, functions: held},
	}
	if o.only == nil {
		return list, nil
	}
	var chosen []set
	for _, s := range list {
		if !slices.Contains(o.only, s.name) {
			s.functions = slices.DeleteFunc(s.functions, func(f function) bool { return !slices.Contains(o.only, f.Name) })
		}
		if len(s.functions) > 0 {
			chosen = append(chosen, s)
		}
	}
	if chosen == nil && !slices.Contains(o.only, "none") {
		return nil, fmt.Errorf("-functions names none that there is: %s", strings.Join(o.only, ","))
	}
	return chosen, nil
}

// slow is the sampler that takes seconds where others take milliseconds.
const slow = theirs + "gp"

// pendingWorkers is the number of workers of the second comparison, which is
// made with pendingSamplers and with fewer seeds.
const pendingWorkers = 8

var pendingSamplers = []string{"auto", "tpe", theirs + "tpe"}

// jobs lists the studies, the slowest first so that no worker is left with
// one at the end.
func jobs(o options, s *set) []job {
	var list []job
	for _, sampler := range o.samplers {
		seeds := s.seeds
		if sampler == slow {
			seeds = min(seeds, o.slowSeeds)
		}
		for _, f := range s.functions {
			for seed := range int64(seeds) {
				list = append(list, job{function: f, sampler: sampler, seed: seed, pending: 1})
				if seed < int64(o.pendingSeeds) && slices.Contains(pendingSamplers, sampler) {
					list = append(list, job{function: f, sampler: sampler, seed: seed, pending: pendingWorkers})
				}
			}
		}
	}
	urgency := func(j job) int {
		if j.sampler == slow {
			return 0
		}
		return 1
	}
	slices.SortStableFunc(list, func(a, b job) int { return cmp.Compare(urgency(a), urgency(b)) })
	return list
}
