package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

const (
	parameters = 6
	reports    = 3
)

// definition is the study of all measurements but that of the list.
func definition(name, sampler string) search.Definition {
	def := search.Definition{
		Version: 1, Name: name,
		Objective: search.ObjectiveSpec{Kind: "external", Metric: "value", Direction: search.Minimize},
		Sampler:   search.SamplerSpec{Kind: sampler, Seed: 1},
	}
	for i := range parameters {
		def.Space = append(def.Space, search.Param{Name: fmt.Sprint("x", i), Distribution: search.Float{Low: 0, High: 1}})
	}
	return def
}

// A life is what a trial of a measurement goes through: it is created with
// its parameters, reports, and ends.
type life struct {
	store   search.Store
	study   *search.Study
	reports int
}

// use opens the storage, and the study in it, which is made if need be, for f.
func use(ctx context.Context, url string, f func(life) error) (err error) {
	store, err := storage.Open(ctx, url)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	def := definition("s", "random")
	study, err := store.CreateStudy(ctx, def)
	if errors.Is(err, search.ErrExists) {
		study, err = store.Study(ctx, def.Name)
	}
	if err != nil {
		return err
	}
	return f(life{store: store, study: study, reports: reports})
}

// run runs the trial of that number, or of the next one. It returns
// search.ErrNumberTaken when another process was quicker.
func (l life) run(ctx context.Context, number int) error {
	trial := search.NewTrial{Number: number, Params: map[string]float64{}, Distributions: map[string]search.Distribution{}}
	for i, p := range l.study.Definition.Space {
		trial.Params[p.Name] = float64((max(number, 0)*(i+3))%101) / 101
		trial.Distributions[p.Name] = p.Distribution
	}
	claim, err := l.store.Start(ctx, l.study.ID, trial, "bench", time.Hour, 0)
	if err != nil {
		return err
	}
	value := 0.0
	for _, v := range trial.Params {
		value += v * v
	}
	for step := 1; step <= l.reports; step++ {
		if err := l.store.Report(ctx, claim, search.Report{Step: step, Value: value / float64(step)}); err != nil {
			return err
		}
	}
	return l.store.Finish(ctx, claim, search.Outcome{State: search.Complete, Values: []float64{value}})
}

// runChild runs trials beside other processes. The store gives the numbers, as
// Optuna's does to its peer: nothing that is measured depends on them.
func runChild(ctx context.Context, url string, trials int) error {
	return use(ctx, url, func(l life) error {
		for range trials {
			if err := l.run(ctx, search.NextNumber); err != nil {
				return err
			}
		}
		return nil
	})
}

// several runs trials of these numbers one after the other.
func (l life) several(ctx context.Context, from, to int) error {
	for number := from; number < to; number++ {
		if err := l.run(ctx, number); err != nil {
			return err
		}
	}
	return nil
}
