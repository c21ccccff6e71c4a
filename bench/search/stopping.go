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

// schedulers are what a study file may say to stop bad trials early: asha and
// hyperband with their defaults. Those of asha are rungs at 1/8, 1/4 and 1/2 of a
// training from which the better half goes on, those of hyperband begin at 1/9.
//
// The rungs were chosen by the mean share of the epochs, at most 0.35, until
// auto reached the goal, with 16 studies of each family. On two more tasks
// for the networks of package nets and three random landscapes, which are
// not kept here: 0.27 for these rungs, 0.31 for one rung at a third from
// which a ninth goes on, which stood here before, 0.30 without a scheduler.
// On crossing, noisy, late, net-numbers and one of the landscapes: 0.24 for
// these, 0.26 for the lowest at a sixteenth (late: 0.34 instead of 0.27),
// 0.27 for the lowest at a fourth. Rungs at 1, 4, 16 and 64 epochs brought
// auto to the goal on crossing in none of 20 studies. For tpe it makes no
// difference. On the table's families with seeds from 20 to 39, which
// nothing was chosen on, it makes little: 0.267 with the rungs, 39 of 100
// studies at the goal, 0.268 and 35 with the one at a third. With hyperband,
// on crossing, late, both nets and that landscape: 0.26 from a ninth on,
// 0.29 from the first epoch on, and 0.25 from an eighth on with a reduction
// of 2, which helps late alone: with it, 46 of 120 studies in the table come
// to the goal instead of 49, and with tpe 25 instead of 26.
//
// What limits both is the number of trials that come to their end: a quarter has
// room for 30 to 40, of which about 15 do. Tried with 16 or 20 studies of six to
// eight families each, and left out:
//   - a process over (configuration, step), in which reports at the rungs are
//     observations of their own, instead of package extrapolate: a mean share
//     of 0.26 instead of 0.28 with rungs at a ninth and a third, but 0.25 or 0.26,
//     as without it, with those above, for two to three times the time;
//   - to stop what will not become the best with 80 or 90 %, by a line through the
//     complete trials at the same step with Student's t around it: as good as
//     asha, and no better together with it;
//   - 5, 15 or 20 trials instead of 10 before auto learns: 0.28, 0.27 and 0.25
//     instead of 0.25.
//
// What a better rule could bring, with auto and the rungs above, on crossing,
// noisy (judged both ways), late, both nets and three random landscapes with
// power-law curves, one with noise; 5 to 16 seeds from 40 on, the mean share (at
// most 0.35) minus asha's, whose own is 0.25 to 0.26, with its standard error:
//   - an oracle that stops at an eighth what will not become the best, and tells
//     the sampler the value it would have had: -0.061 ± 0.012. With asha's
//     decisions and such values -0.008 ± 0.011, with the oracle's stops at a half
//     and extrapolated values +0.003 ± 0.007, with both -0.032 ± 0.008. So neither
//     helps alone: more trials are of use only if their values are known well.
//   - asha that pauses trials and promotes them later, as in the paper, which
//     would need trials that go on from a checkpoint: 0.000 ± 0.007.
//
// Since then package extrapolate predicts from level and slope of a curve's end,
// fitted near the trial's level and configuration. Of trials that came to their
// end, its errors at an eighth, a quarter and a half of a training are 0.9, 0.6
// and 0.25 of the spread of the better half, and were 2.4, 1.6 and 0.9 with a line
// through the levels from rung to rung (1.7, 1.2 and 0.4 with level and slope
// from rung to rung). Its values alone make no difference (-0.001 ± 0.006), but
// with asha's least chance of 10 % at a half it is -0.007 ± 0.006 on the seeds from
// 40 to 55, on which it was chosen, and on those from 60 to 67, on which nothing
// was, -0.033 ± 0.009, with 47 of 80 studies at the goal instead of 31 (the line
// from rung to rung with the least chance: -0.020 ± 0.006). tpe: +0.001 ± 0.005.
// In the table itself, when it had 20 seeds, it showed little: 59 of 120 studies
// came to the goal instead of 58, 9 of late instead of 6. With 60 seeds, and since
// gp sees what the networks' tables round (search/gp/rounded.go), 180 of 360 did,
// and 191 since complete trials count with levels (extrapolate.levelled).
// Left out, with 16 studies a family but where the error is larger:
//   - the variance of a prediction as noise of its own in the process: -0.002 ±
//     0.006 instead of -0.001, and with the least chance -0.009 instead of -0.007;
//   - asha that ranks by predictions: +0.001 ± 0.006;
//   - a least chance at every rung, by the line from rung to rung: 10 % +0.002 ±
//     0.011, 20 % +0.019 ± 0.012; 20 % at a half +0.006 ± 0.008.
//
// Tried with that, on crossing, noisy (judged both ways), late, both nets and three
// random landscapes, seeds from 40 to 99, whose mean share is 0.244, and left out:
//   - lengths whose prior is 0.4 times as wide: -0.010 ± 0.003, but with 60 trials
//     on the functions of bench/search 39 ± 4 % of the studies end better, 61 % worse;
//   - expected improvement as the mean over five draws of the hyperparameters
//     (slice sampling) instead of the best ones: -0.004 ± 0.003 for five times the
//     time; together with the narrower prior -0.008 ± 0.003;
//   - with seeds from 40 to 67 only, ± 0.004 to 0.005: 7 or 14 trials instead of 10
//     before auto learns -0.001 and -0.002; a prior of the noise that admits a third
//     as much +0.002; trials that diverged at the upper quartile of the values
//     instead of the worst one +0.003.
//
// hyperband ends by the least chance, too, in the middle of a training, where none
// of its rungs is: 158 of 360 studies of the table come to the goal with auto instead
// of 143, and 84 with tpe instead of 67.
//
// What would help on the nets is to know their tables: with choices instead of
// ranges that are rounded, the share falls from 0.220 to 0.167. A fifth of the epochs
// of net-numbers, and a seventh of those of net-classes, went into trials that did what
// a complete one had done. Since the pruners end those (extrapolate.Repeated) it is a
// twentieth, and the mean share of both, seeds from 40 to 99, -0.016 ± 0.007 with asha
// and -0.018 ± 0.006 with hyperband; of the table's 360 studies 203 come to the goal with
// asha instead of 191, and 169 with hyperband instead of 158.
//
// Left out: expected improvement per epoch, in which a configuration costs little that
// looks bad enough to be stopped. Divided by the expected share of a training to the
// power 0.3, 0.5 and 1: -0.007, -0.003 and 0.000, ± 0.003 to 0.004, on seeds from 40 to
// 67, and with 0.3 on those from 68 to 99, on which nothing was chosen, +0.002 ± 0.003.
//
// And with rungs at a third of a training, on crossing, noisy and net-numbers with
// 40 or 60 studies each: rungs that let at most one trial in eta pass, or compare
// it with the newest only (more trials, fewer full ones, and the values were
// worse); tpe with values that are extrapolated as for gp (a gain only where so
// few trials come to their end that all of them count as good); comparing means
// of the last quarter of the reports (asha and auto on noisy came to the goal in
// 25 of 60 studies instead of 20, on the others in no more).
func schedulers(steps int) []search.PrunerSpec {
	return []search.PrunerSpec{
		{Kind: "asha", Options: map[string]any{"max_resource": steps}},
		{Kind: "hyperband", Options: map[string]any{"max_resource": steps}},
	}
}

// cleanly ends the name of a family of which the trials are chosen with the
// noise of their reports and judged without it.
const cleanly = ", without the noise"

// families returns the learning curves. Those with noise are there twice. As they
// are measured, the best of 100 full trainings is the luckiest, too; the table
// of functions judges without noise.
func families() ([]searchtest.Family, error) {
	var list []searchtest.Family
	for _, f := range searchtest.Families() {
		measured := f
		measured.Clean = nil
		list = append(list, measured)
		if f.Clean != nil {
			f.Name += cleanly
			list = append(list, f)
		}
	}
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
		"(goal: more than half). Learning curves: search/searchtest. Where\nthey have noise, the best trial is chosen with it; "+
		"it is judged as it was measured,\nwhere the best of 100 is the luckiest, too, and once more without the noise.\n\n", fullTrials)
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
	if steps, ok := stepsTo(log, f, g.best); ok && steps <= budget {
		return steps, nil
	}
	return 0, nil
}

// stepsTo is [searchtest.Log.StepsTo] for a family that may be judged without
// noise: its best trial is as good as the goal.
func stepsTo(log *searchtest.Log, f searchtest.Family, goal float64) (int, bool) {
	if f.Clean == nil {
		return log.StepsTo(goal)
	}
	best := math.Inf(1)
	for _, m := range log.Moments {
		if m.State != search.Complete || !(m.Best < best) {
			continue
		}
		best = m.Best
		if f.Clean(log.History.Trials[m.Number].External()) <= goal {
			return m.Steps, true
		}
	}
	return 0, false
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
	if f.Clean != nil {
		full.Value = f.Clean
	}
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
