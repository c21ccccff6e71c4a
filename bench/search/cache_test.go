package main

import (
	"os"
	"path/filepath"
	"testing"
)

// What was measured is there when the file is opened again, also when its last
// line was cut; a function that has changed, or another seed, was not measured.
func TestCache(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cache.jsonl")
	branin, other := tabled()[0], tabled()[1]
	j := job{function: branin, sampler: "tpe", seed: 3, pending: 1}
	c, err := openCache(path, options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := c.get(j); ok {
		t.Error("a new cache knows something")
	}
	if err := c.put(outcome{job: j, regret: [2]float64{2, 1}, ms: 0.5, epochs: 7}); err != nil {
		t.Fatal(err)
	}
	if err := c.close(); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, append(data, `{"Key":"bran`...), 0o644); err != nil {
		t.Fatal(err)
	}
	if c, err = openCache(path, options{}); err != nil {
		t.Fatal(err)
	}
	defer c.close()
	if out, ok := c.get(j); !ok || out.regret != [2]float64{2, 1} || out.ms != 0.5 || out.epochs != 7 {
		t.Errorf("read %+v, %t", out, ok)
	}
	next := job{function: branin, sampler: "random", seed: 3, pending: 1}
	if err := c.put(outcome{job: next}); err != nil {
		t.Fatal(err)
	}
	again, err := openCache(path, options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.close()
	if _, ok := again.get(next); !ok {
		t.Error("what was written after a line that was cut is lost")
	}
	other.Name = branin.Name
	for _, j := range []job{
		{function: branin, sampler: "tpe", seed: 4, pending: 1},
		{function: branin, sampler: "tpe", seed: 3, pending: 8},
		{function: branin, sampler: "gp", seed: 3, pending: 1},
		{function: other, sampler: "tpe", seed: 3, pending: 1},
	} {
		if _, ok := c.get(j); ok {
			t.Errorf("%s, seed %d, %d pending, was not measured", j.sampler, j.seed, j.pending)
		}
	}
}

// Ranks, scores and wins of two samplers on two functions.
func TestResults(t *testing.T) {
	t.Parallel()
	var outcomes []outcome
	for i, f := range tabled()[:2] {
		for seed := range int64(3) {
			for k, sampler := range []string{"tpe", "random"} {
				regret := []float64{1, 4}[k]
				if i == 1 && k == 0 {
					regret = 1e-7 // solved
				}
				outcomes = append(outcomes, outcome{job: job{function: f, sampler: sampler, seed: seed, pending: 1}, regret: [2]float64{9, regret}})
			}
		}
	}
	r := collect(outcomes, 1)
	if got := r.meanRank("tpe", r.samplers, 0); got != 1.5 {
		t.Errorf("equal medians share rank %v", got)
	}
	if got := r.meanRank("random", r.samplers, 1); got != 2 {
		t.Errorf("the mean rank of the worse one is %v", got)
	}
	if got, want := r.score("tpe", r, 1), (0.75+(1-1e-4/4))/2; got != want {
		t.Errorf("the score is %v, want %v", got, want)
	}
	if got := r.wins("tpe", "random", 1); got != 2 {
		t.Errorf("%d wins", got)
	}
}
