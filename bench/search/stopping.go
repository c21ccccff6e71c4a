package main

import (
	"cmp"
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
	seed   int64
	best   float64
	epochs int
}

// budgetShare is the share of the epochs of 100 full trainings that a study
// with a scheduler may run.
const budgetShare = 0.25

// schedulers are what a study file may say to stop bad trials early. A quarter
// of the epochs of 100 trainings is not many, and what a training comes to is
// hardly seen in its first epochs: ASHA's rung is at a third of a training, and
// Hyperband's first at a ninth. Lower ones lead to worse values here.
//
// What limits tpe is the number of trials: without a scheduler it needs 0.71
// (crossing), 0.78 (noisy) and 0.89 (late) of the goal's epochs in the median,
// and with asha 0.42 and 0.52 of the first two. A quarter has room for about 50
// trials, 15 of them to the end, and with them it comes as close as with 50
// full trainings. Tried on crossing, noisy and net-numbers with 40 or 60 studies each,
// and left out: rungs that let at most one trial in eta pass, or compare it with
// the newest only (more trials, fewer full ones, and the values were worse); tpe
// with values that are extrapolated as for gp (a gain only where so few trials
// come to their end that all of them count as good); comparing means of the last
// quarter of the reports (asha and auto on noisy came to the goal in 25 of 60
// studies instead of 20, on the others in no more).
func schedulers(steps int) []search.PrunerSpec {
	return []search.PrunerSpec{
		{Kind: "asha", Options: map[string]any{"min_resource": steps / 3, "max_resource": steps, "reduction": 9}},
		{Kind: "hyperband", Options: map[string]any{"min_resource": steps / 9, "max_resource": steps, "reduction": 3}},
	}
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

// A column is a sampler with a scheduler.
type column struct {
	sampler string
	spec    int // of schedulers
}

// stoppingSamplers are the samplers that are run with schedulers.
var stoppingSamplers = []string{"auto", "tpe", "gp"}

// writeStopping compares studies that stop bad trainings early with Optuna's
// TPE that runs 100 of them to the end.
func writeStopping(w io.Writer, o options, c *cache) error {
	list, err := families()
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "## Stopping early\n\nShare of the epochs of %d full trainings by Optuna's TPE after which a study is as\n"+
		"good as it was, in the median, and in brackets how many of the seeds come there\nwithin a quarter "+
		"(goal: more than half). Learning curves: search/searchtest.\n\n", fullTrials)
	var columns []column
	header, line := "| curves |", "|---|"
	for _, sampler := range o.samplers {
		if !slices.Contains(stoppingSamplers, sampler) {
			continue
		}
		for k, spec := range schedulers(nets.Epochs) {
			columns = append(columns, column{sampler, k})
			header += fmt.Sprintf(" %s + %s |", sampler, spec.Kind)
			line += "---|"
		}
	}
	fmt.Fprintf(w, "%s\n%s\n", header, line)
	for _, f := range list {
		goals, err := theirGoals(o, c, f)
		if err != nil {
			return fmt.Errorf("full trainings of %s: %w", f.Name, err)
		}
		fmt.Fprintf(w, "| %s |", f.Name)
		for _, col := range columns {
			cell, err := col.cell(o, c, f, goals)
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

// cell describes the studies of one family, one for each goal.
func (col column) cell(o options, c *cache, f searchtest.Family, goals []goal) (string, error) {
	var shares []float64
	reached := 0
	for _, g := range goals {
		key := fmt.Sprintf("stopping %s %s scheduler %d %v, %s", f.Name, col.sampler, col.spec, g, c.ours)
		k, ok := c.known[key]
		if !ok && o.known {
			continue
		}
		if !ok {
			epochs, err := stopEarly(col.sampler, schedulers(f.Steps)[col.spec], f, g)
			if err != nil {
				return "", err
			}
			k = kept{Key: key, Epochs: epochs}
			if err := c.write(k); err != nil {
				return "", err
			}
		}
		if k.Epochs == 0 {
			shares = append(shares, math.Inf(1))
			continue
		}
		reached++
		shares = append(shares, float64(k.Epochs)/float64(g.epochs))
	}
	if m := median(shares); m <= budgetShare {
		return fmt.Sprintf("%.2f (%d of %d)", m, reached, len(shares)), nil
	}
	return fmt.Sprintf("more than %.2f (%d of %d)", budgetShare, reached, len(shares)), nil
}

// stopEarly runs a study with a scheduler and returns the epochs it had run
// when it was as good as the goal, 0 when it was not within the budget.
func stopEarly(sampler string, spec search.PrunerSpec, f searchtest.Family, g goal) (int, error) {
	suggests, err := kinds.NewSampler(search.SamplerSpec{Kind: sampler, Seed: g.seed})
	if err != nil {
		return 0, err
	}
	prunes, err := kinds.NewPruner(spec)
	if err != nil {
		return 0, err
	}
	budget := int(budgetShare * float64(g.epochs))
	log, err := searchtest.Simulation{Space: f.Space, Sampler: suggests, Pruner: prunes, Train: f.Train, Steps: budget}.Run(context.Background())
	if err != nil {
		return 0, err
	}
	if steps, ok := log.StepsTo(g.best); ok && steps <= budget {
		return steps, nil
	}
	return 0, nil
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
	slices.SortFunc(outcomes, func(a, b outcome) int { return cmp.Compare(a.seed, b.seed) })
	for i, out := range outcomes {
		goals[i] = goal{seed: out.seed, best: out.regret[len(marks)-1], epochs: out.epochs}
	}
	return goals, nil
}
