package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"slices"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
	"github.com/hpsearch/hpsearch/search/searchtest"
	"github.com/hpsearch/hpsearch/search/searchtest/nets"
)

// fullTrials is the number of trainings that Optuna's TPE runs to the end.
const fullTrials = 100

// failedValue is what a training that diverged counts as for a sampler that
// only sees values.
const failedValue = 10

// A goal is what Optuna's TPE came to with a seed, and the epochs it took.
type goal struct {
	best   float64
	epochs int
}

// A saving is the result of one study with a scheduler: the share of the
// goal's epochs after which it was as good, +Inf if it was not within the
// budget, and the best value it had then.
type saving struct{ share, best float64 }

// budgetShare is the share of the epochs of 100 full trainings that a study
// with a scheduler may run.
const budgetShare = 0.25

// schedulers are what a study file may say to stop bad trials early. The first
// rung is at a twenty-seventh of a training.
func schedulers(steps int) []search.PrunerSpec {
	options := map[string]any{"min_resource": max(1, steps/27), "max_resource": steps, "reduction": 3}
	return []search.PrunerSpec{{Kind: "asha", Options: options}, {Kind: "hyperband", Options: options}}
}

func families() ([]searchtest.Family, error) {
	list := searchtest.Families()
	for _, name := range nets.Names() {
		t, err := nets.Load(name)
		if err != nil {
			return nil, err
		}
		list = append(list, t.Family())
	}
	return list, nil
}

// writeStopping compares studies that stop bad trainings early with Optuna's
// TPE that runs 100 of them to the end.
func writeStopping(w io.Writer, o options, c *cache) error {
	list, err := families()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "## Stopping early\n\nShare of the epochs of %d full trainings by Optuna's TPE after which a study is as\n"+
		"good as it, median of %d seeds, and in brackets the seeds that come there within\na quarter (goal: more than half of them). Learning curves: search/searchtest.\n\n",
		fullTrials, o.stopSeeds)
	goals := make(map[string][]goal)
	for _, f := range list {
		if goals[f.Name], err = theirGoals(o, c, f); err != nil {
			return err
		}
	}
	var header []string
	var columns []func(f searchtest.Family, seed int64) (saving, error)
	for _, sampler := range o.samplers {
		if !slices.Contains(stoppingSamplers, sampler) {
			continue
		}
		for k, spec := range schedulers(nets.Epochs) {
			header = append(header, sampler+" + "+spec.Kind)
			columns = append(columns, func(f searchtest.Family, seed int64) (saving, error) {
				return stopEarly(sampler, schedulers(f.Steps)[k], f, seed, goals[f.Name][seed])
			})
		}
	}
	fmt.Fprint(w, "| curves |")
	for _, h := range header {
		fmt.Fprintf(w, " %s |", h)
	}
	fmt.Fprint(w, "\n|---|")
	for range header {
		fmt.Fprint(w, "---|")
	}
	fmt.Fprintln(w)
	for _, f := range list {
		fmt.Fprintf(w, "| %s |", f.Name)
		for _, column := range columns {
			cell, err := stoppingCell(o, func(seed int64) (saving, error) { return column(f, seed) })
			if err != nil {
				return fmt.Errorf("stopping early on %s: %w", f.Name, err)
			}
			fmt.Fprintf(w, " %s |", cell)
		}
		fmt.Fprintln(w)
	}
	fmt.Fprintln(w)
	return nil
}

// stoppingSamplers are the samplers that are run with schedulers.
var stoppingSamplers = []string{"auto", "tpe", "gp"}

func stoppingCell(o options, study func(seed int64) (saving, error)) (string, error) {
	var shares []float64
	reached := 0
	for seed := range int64(o.stopSeeds) {
		s, err := study(seed)
		if err != nil {
			return "", err
		}
		shares = append(shares, s.share)
		if s.share <= budgetShare {
			reached++
		}
	}
	if m := median(shares); !math.IsInf(m, 1) {
		return fmt.Sprintf("%.3f (%d)", m, reached), nil
	}
	return fmt.Sprintf("more (%d)", reached), nil
}

// stopEarly runs a study with a scheduler.
func stopEarly(sampler string, spec search.PrunerSpec, f searchtest.Family, seed int64, g goal) (saving, error) {
	suggests, err := kinds.NewSampler(search.SamplerSpec{Kind: sampler, Seed: seed})
	if err != nil {
		return saving{}, err
	}
	prunes, err := kinds.NewPruner(spec)
	if err != nil {
		return saving{}, err
	}
	log, err := searchtest.Simulation{
		Space: f.Space, Sampler: suggests, Pruner: prunes, Train: f.Train, Steps: int(budgetShare * float64(g.epochs)),
	}.Run(context.Background())
	if err != nil {
		return saving{}, err
	}
	s := saving{share: math.Inf(1), best: log.Last().Best}
	if steps, ok := log.StepsTo(g.best); ok {
		s.share = float64(steps) / float64(g.epochs)
	}
	return s, nil
}

// theirGoals runs Optuna's TPE on full trainings, one study a seed.
func theirGoals(o options, c *cache, f searchtest.Family) ([]goal, error) {
	full := function{Objective: searchtest.Objective{Name: "curves-" + f.Name, Space: f.Space}}
	full.Value = func(params map[string]any) float64 {
		if course := f.Train(0, params); course.Fails == 0 {
			return course.Values[len(course.Values)-1]
		}
		return failedValue
	}
	full.measure = full.Value
	full.epochs = func(params map[string]any) int {
		if course := f.Train(0, params); course.Fails > 0 {
			return course.Fails
		}
		return f.Steps
	}
	var jobs []job
	for seed := range int64(o.stopSeeds) {
		jobs = append(jobs, job{function: full, sampler: theirs + "tpe", seed: seed, pending: 1})
	}
	outcomes, err := runAll(o, c, jobs)
	if err != nil {
		return nil, err
	}
	goals := make([]goal, len(outcomes))
	for i, out := range outcomes {
		goals[i] = goal{best: out.regret[len(marks)-1], epochs: out.epochs}
	}
	return goals, nil
}
