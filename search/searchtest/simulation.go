package searchtest

import (
	"container/heap"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// A Course is how a trial would go if nobody stopped it.
type Course struct {
	// Values are what it reports at the steps 1, 2, …; the last one is its
	// value.
	Values []float64
	// Step is how long each step takes; it must be positive.
	Step time.Duration
	// Fails is the step at whose end the trial fails instead of reporting, as
	// FAIL for this Reason; 0 for a trial that does not fail.
	Fails  int
	Reason string
}

// A Simulation runs a sampler and a pruner against simulated trials, with any
// number of workers that do not wait for each other, under a clock of its own:
// hours of training take as long as the suggestions do. Everything is
// deterministic: what happens at the same instant happens in the order of the
// trials' numbers.
type Simulation struct {
	Space     search.Space
	Direction search.Direction // empty: Minimize
	Sampler   search.Sampler
	Pruner    search.Pruner // nil prunes nothing
	// Train returns the course of a trial with these external parameters.
	Train func(number int, params map[string]any) Course

	Workers int // 0 means 1
	// Trials, Steps and Time bound the simulation; at least one is needed. No
	// trial starts once so many have, once so many steps were run in all, or
	// from that time on; those that run come to their end.
	Trials int
	Steps  int
	Time   time.Duration
}

// A Moment is a step of a trial that has come to its end.
type Moment struct {
	Time   time.Duration // since the start of the simulation
	Steps  int           // run by all trials so far, this one included
	Number int           // of the trial
	State  search.State  // RUNNING unless the trial has ended with this step
	// Best is the best value of the COMPLETE trials so far, NaN without any.
	Best float64
}

// A Log is what happened in a simulation.
type Log struct {
	History *search.History
	Moments []Moment // in the order of time
}

// StepsTo returns the number of steps that had been run when a COMPLETE trial
// was as good as a value or better; false when none was.
func (l *Log) StepsTo(value float64) (int, bool) {
	d := l.History.Study.Direction()
	for _, m := range l.Moments {
		if !math.IsNaN(m.Best) && !d.Better(value, m.Best) {
			return m.Steps, true
		}
	}
	return 0, false
}

// Last returns the last moment, the zero Moment when nothing happened.
func (l *Log) Last() Moment {
	if len(l.Moments) == 0 {
		return Moment{Best: math.NaN()}
	}
	return l.Moments[len(l.Moments)-1]
}

// Run runs the simulation.
func (s Simulation) Run(ctx context.Context) (*Log, error) {
	if s.Trials <= 0 && s.Steps <= 0 && s.Time <= 0 {
		return nil, fmt.Errorf("a simulation needs a bound: trials, steps or time")
	}
	if s.Direction == "" {
		s.Direction = search.Minimize
	}
	r := &simulated{Simulation: s, log: &Log{History: NewHistory(s.Direction)}, best: math.NaN()}
	for range max(1, s.Workers) {
		if err := r.start(ctx); err != nil {
			return nil, err
		}
	}
	for len(r.queue) > 0 {
		next := heap.Pop(&r.queue).(stepEnd)
		r.now = next.at
		if err := r.step(ctx, next); err != nil {
			return nil, err
		}
	}
	return r.log, nil
}

// simulated is a simulation that runs.
type simulated struct {
	Simulation
	log   *Log
	queue stepEnds
	now   time.Duration
	steps int
	best  float64
}

// A stepEnd is the end of a step that is being run.
type stepEnd struct {
	at     time.Duration
	number int
	step   int
	course Course
}

// start gives a free worker a trial, unless a bound is reached.
func (r *simulated) start(ctx context.Context) error {
	number := len(r.log.History.Trials)
	if r.Trials > 0 && number >= r.Trials || r.Steps > 0 && r.steps >= r.Steps || r.Time > 0 && r.now >= r.Time {
		return nil
	}
	params, err := r.Sampler.Suggest(ctx, r.snapshot(), number, r.Space, nil)
	if err != nil {
		return fmt.Errorf("trial %d: %w", number, err)
	}
	t := NewTrial(number, r.Space, params)
	t.Started = time.Unix(0, 0).UTC().Add(r.now)
	course := r.Train(number, t.External())
	if course.Step <= 0 || len(course.Values) == 0 {
		return fmt.Errorf("trial %d: its course has %d steps of %s", number, len(course.Values), course.Step)
	}
	r.log.History.Trials = append(r.log.History.Trials, t)
	heap.Push(&r.queue, stepEnd{at: r.now + course.Step, number: number, step: 1, course: course})
	return nil
}

// snapshot returns the history as it is now. Trials are replaced, never
// changed.
func (r *simulated) snapshot() *search.History {
	return &search.History{Study: r.log.History.Study, Trials: slices.Clone(r.log.History.Trials)}
}

// step ends a step: the trial reports, and goes on or frees its worker.
func (r *simulated) step(ctx context.Context, e stepEnd) error {
	r.steps++
	t := *r.log.History.Trials[e.number]
	if e.step == e.course.Fails {
		t.Reason = e.course.Reason
		return r.end(ctx, &t, search.Failed)
	}
	value := e.course.Values[e.step-1]
	t.Intermediate = append(slices.Clip(t.Intermediate), search.Report{Step: e.step, Value: value})
	r.log.History.Trials[e.number] = &t
	if e.step == len(e.course.Values) {
		if math.IsNaN(value) || math.IsInf(value, 0) {
			t.Reason = search.ReasonDiverged
			return r.end(ctx, &t, search.Failed)
		}
		t.Values = []float64{value}
		return r.end(ctx, &t, search.Complete)
	}
	if r.Pruner != nil {
		prune, err := r.Pruner.Prune(ctx, r.snapshot(), &t)
		if err != nil {
			return fmt.Errorf("trial %d, step %d: %w", e.number, e.step, err)
		}
		if prune {
			if !math.IsNaN(value) && !math.IsInf(value, 0) {
				t.Values = []float64{value}
			}
			return r.end(ctx, &t, search.Pruned)
		}
	}
	r.note(&t)
	heap.Push(&r.queue, stepEnd{at: e.at + e.course.Step, number: e.number, step: e.step + 1, course: e.course})
	return nil
}

// end ends a trial and gives its worker another one.
func (r *simulated) end(ctx context.Context, t *search.Trial, state search.State) error {
	t.State = state
	t.Finished = time.Unix(0, 0).UTC().Add(r.now)
	r.log.History.Trials[t.Number] = t
	if state == search.Complete && r.Direction.Better(t.Value(), r.best) {
		r.best = t.Value()
	}
	r.note(t)
	return r.start(ctx)
}

func (r *simulated) note(t *search.Trial) {
	r.log.Moments = append(r.log.Moments, Moment{Time: r.now, Steps: r.steps, Number: t.Number, State: t.State, Best: r.best})
}

// stepEnds is a heap by time, then by number.
type stepEnds []stepEnd

func (q stepEnds) Len() int { return len(q) }
func (q stepEnds) Less(i, j int) bool {
	if q[i].at != q[j].at {
		return q[i].at < q[j].at
	}
	return q[i].number < q[j].number
}
func (q stepEnds) Swap(i, j int) { q[i], q[j] = q[j], q[i] }

// Push implements [heap.Interface].
func (q *stepEnds) Push(x any) { *q = append(*q, x.(stepEnd)) }

// Pop implements [heap.Interface].
func (q *stepEnds) Pop() any {
	last := len(*q) - 1
	e := (*q)[last]
	*q = (*q)[:last]
	return e
}
