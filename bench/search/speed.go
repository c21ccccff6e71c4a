package main

import (
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// A pace is what is timed: one sampler after some numbers of trials.
type pace struct {
	sampler string
	trials  []int
	studies int       // that are timed
	goals   []float64 // ms
}

var paces = []pace{
	{"tpe", []int{100, 1000, 10000}, 20, []float64{0.2, 0.5, 2}},
	{theirs + "tpe", []int{100, 1000, 10000}, 1, nil},
	{"gp", []int{100, 300}, 5, []float64{20, 80}},
	{theirs + "gp", []int{100, 300}, 1, nil},
}

// paceTrials are timed in each study: few, so that the last comes after about
// as many trials as the first.
const paceTrials = 10

// writeSpeed times an ask and a tell of six parameters, in memory. The trials
// before are random.
func writeSpeed(w io.Writer, o options) error {
	fmt.Fprint(w, "## Time for a trial\n\nMedian ms for an ask and a tell, in memory, after so many trials:\n\n"+
		"| sampler | parameters | trials | ms | goal |\n|---|---|---|---|---|\n")
	var p *peer
	if o.python != "" {
		var err error
		if p, err = startPeer(o.python, o.script); err != nil {
			return err
		}
		defer p.End()
	}
	six := searchtest.Hartmann6()
	for _, c := range paces {
		if strings.HasPrefix(c.sampler, theirs) && p == nil {
			continue
		}
		for _, f := range []searchtest.Objective{six, searchtest.Mixed()} {
			for k, n := range c.trials {
				ms, err := timePace(p, c, f, n)
				if err != nil {
					return fmt.Errorf("timing %s after %d trials: %w", c.sampler, n, err)
				}
				goal := ""
				if k < len(c.goals) {
					goal = fmt.Sprintf("%g", c.goals[k])
				}
				what := "6 floats"
				if f.Name != six.Name {
					what = "mixed, conditional"
				}
				fmt.Fprintf(w, "| %s | %s | %d | %.2f | %s |\n", c.sampler, what, n, ms, goal)
			}
		}
	}
	fmt.Fprintln(w)
	return nil
}

func timePace(p *peer, c pace, f searchtest.Objective, n int) (float64, error) {
	past, err := pastTrials(f, n)
	if err != nil {
		return 0, err
	}
	var ms []float64
	for seed := range int64(c.studies) {
		study, err := c.study(p, seed+1, f, past)
		if err != nil {
			return 0, err
		}
		for range paceTrials {
			start := time.Now()
			params, err := study.ask()
			if err != nil {
				return 0, err
			}
			if err := study.tell(f.Value(params)); err != nil {
				return 0, err
			}
			ms = append(ms, time.Since(start).Seconds()*1000)
		}
	}
	return median(ms), nil
}

// study returns a study of the sampler that has these trials.
func (c pace) study(p *peer, seed int64, f searchtest.Objective, past []*search.Trial) (asker, error) {
	if name, ok := strings.CutPrefix(c.sampler, theirs); ok {
		study, err := p.newStudy(name, seed, f.Space)
		if err != nil {
			return nil, err
		}
		return study, study.add(past)
	}
	study, err := newStudy(c.sampler, seed, f.Space)
	if err != nil {
		return nil, err
	}
	study.history.Trials = slices.Clone(past)
	study.told = len(past)
	return study, nil
}

// pastTrials returns random trials that are COMPLETE.
func pastTrials(f searchtest.Objective, n int) ([]*search.Trial, error) {
	trials := make([]*search.Trial, n)
	for number := range trials {
		rng := search.Rand(1, number, "speed")
		t, err := randomTrial(rng, number, f.Space)
		if err != nil {
			return nil, err
		}
		t.State, t.Values = search.Complete, []float64{f.Value(t.External())}
		trials[number] = t
	}
	return trials, nil
}

// randomTrial returns a RUNNING trial with uniform parameters.
func randomTrial(rng *rand.Rand, number int, space search.Space) (*search.Trial, error) {
	params, err := space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
		return search.Uniform(rng, p.Distribution), nil
	})
	if err != nil {
		return nil, err
	}
	return searchtest.NewTrial(number, space, params), nil
}
