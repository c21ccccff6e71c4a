package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"time"

	"github.com/hpsearch/hpsearch/search/searchtest"
)

// marks are the numbers of trials after which the best value is noted.
var marks = []int{50, 100}

// A function is an objective and what a trial of it is judged by.
type function struct {
	searchtest.Objective
	noise float64 // standard deviation; trials are chosen with it and judged without
}

func functions() []function {
	return []function{
		{searchtest.Branin(), 0}, {searchtest.Hartmann3(), 0}, {searchtest.Hartmann6(), 0},
		{searchtest.Rosenbrock(8), 0}, {searchtest.Ackley(5), 0}, {searchtest.Levy(6), 0},
		{searchtest.StyblinskiTang(5), 0}, {searchtest.Branin(), 5}, {searchtest.Hartmann6(), 0.2},
		{searchtest.Integers(), 0}, {searchtest.Mixed(), 0}, {searchtest.Nested(), 0}, {searchtest.Choices(), 0},
	}
}

func (f function) name() string {
	if f.noise > 0 {
		return "noisy-" + f.Name
	}
	return f.Name
}

// A job is one study.
type job struct {
	function function
	sampler  string // theirs begin with "optuna-"
	seed     int64
	pending  int
}

// An outcome is the distance of the best trial to the optimum after each of
// marks, and the mean time of an ask and a tell in milliseconds.
type outcome struct {
	job
	regret [2]float64
	ms     float64
}

const theirs = "optuna-"

// runAll runs the jobs on a number of workers, each with a peer of its own.
func runAll(o options, jobs []job) ([]outcome, error) {
	queue := make(chan int)
	outcomes := make([]outcome, len(jobs))
	failed := make([]error, o.workers)
	var group sync.WaitGroup
	for w := range o.workers {
		group.Go(func() {
			failed[w] = work(o, jobs, queue, outcomes)
			for range queue { // let the sender finish
				continue
			}
		})
	}
	for i := range jobs {
		queue <- i
	}
	close(queue)
	group.Wait()
	for _, err := range failed {
		if err != nil {
			return nil, err
		}
	}
	return outcomes, nil
}

func work(o options, jobs []job, queue <-chan int, outcomes []outcome) error {
	var p *peer
	if o.python != "" {
		var err error
		if p, err = startPeer(o.python, o.script); err != nil {
			return err
		}
		defer p.end()
	}
	for i := range queue {
		out, err := runJob(p, jobs[i])
		if err != nil {
			return fmt.Errorf("%s on %s, seed %d: %w", jobs[i].sampler, jobs[i].function.name(), jobs[i].seed, err)
		}
		outcomes[i] = out
		if o.verbose {
			fmt.Fprintf(os.Stderr, "%s %s seed %d, %d pending: %.4g, %.4g, %.2f ms\n",
				out.function.name(), out.sampler, out.seed, out.pending, out.regret[0], out.regret[1], out.ms)
		}
	}
	return nil
}

func runJob(p *peer, j job) (outcome, error) {
	var study asker
	var err error
	if name, ok := strings.CutPrefix(j.sampler, theirs); ok {
		study, err = p.newStudy(name, j.seed, j.function.Space)
	} else {
		study, err = newStudy(j.sampler, j.seed, j.function.Space)
	}
	if err != nil {
		return outcome{}, err
	}
	out := outcome{job: j}
	noisy := j.function.Objective
	if j.function.noise > 0 {
		noisy = searchtest.Noisy(noisy, j.function.noise)
	}
	best, judged := math.Inf(1), math.Inf(1)
	var pending []map[string]any
	var spent time.Duration
	last := marks[len(marks)-1]
	for told := 0; told < last; {
		start := time.Now()
		for len(pending) < j.pending && told+len(pending) < last {
			params, err := study.ask()
			if err != nil {
				return out, err
			}
			pending = append(pending, params)
		}
		v := noisy.Value(pending[0])
		if v < best {
			best, judged = v, j.function.Value(pending[0])
		}
		if err := study.tell(v); err != nil {
			return out, err
		}
		spent += time.Since(start)
		pending = pending[1:]
		told++
		for k, mark := range marks {
			if told == mark {
				out.regret[k] = judged - j.function.Optimum
			}
		}
	}
	out.ms = spent.Seconds() * 1000 / float64(last)
	return out, nil
}
