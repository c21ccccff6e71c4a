package main

import (
	"fmt"
	"math"
	"os"
	"strings"
	"sync"
	"time"
)

// marks are the numbers of trials after which the best value is noted.
var marks = []int{50, 100}

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
	epochs int // of all trials, where the function is a training
}

const theirs = "optuna-"

// runAll returns the outcomes that the cache has, and runs the other jobs on a
// number of workers, each with a peer of its own.
func runAll(o options, c *cache, jobs []job) ([]outcome, error) {
	var outcomes []outcome
	var missing []job
	for _, j := range jobs {
		if out, ok := c.get(j); ok {
			outcomes = append(outcomes, out)
		} else {
			missing = append(missing, j)
		}
	}
	if o.known || len(missing) == 0 {
		return outcomes, nil
	}
	measured, err := measure(o, c, missing)
	return append(outcomes, measured...), err
}

func measure(o options, c *cache, jobs []job) ([]outcome, error) {
	queue := make(chan int)
	outcomes := make([]outcome, len(jobs))
	failed := make([]error, o.workers)
	var group sync.WaitGroup
	for w := range o.workers {
		group.Go(func() {
			failed[w] = work(o, c, jobs, queue, outcomes)
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

func work(o options, c *cache, jobs []job, queue <-chan int, outcomes []outcome) error {
	var p *peer
	if o.python != "" {
		var err error
		if p, err = startPeer(o.python, o.script); err != nil {
			return err
		}
		defer p.End()
	}
	for i := range queue {
		out, err := runJob(p, jobs[i])
		if err != nil {
			return fmt.Errorf("%s on %s, seed %d: %w", jobs[i].sampler, jobs[i].function.Name, jobs[i].seed, err)
		}
		if err := c.put(out); err != nil {
			return fmt.Errorf("keeping an outcome: %w", err)
		}
		outcomes[i] = out
		if o.verbose {
			fmt.Fprintf(os.Stderr, "%s %s seed %d, %d pending: %.4g, %.4g, %.2f ms\n",
				out.function.Name, out.sampler, out.seed, out.pending, out.regret[0], out.regret[1], out.ms)
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
		spent += time.Since(start)
		v := j.function.measure(pending[0])
		if j.function.epochs != nil {
			out.epochs += j.function.epochs(pending[0])
		}
		if v < best {
			best, judged = v, j.function.Value(pending[0])
		}
		start = time.Now()
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
