package search_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

// memory is that of a device, in units. A trial takes its part for a minute
// and has run out of it when others took too much meanwhile.
type memory struct {
	size  int
	needs func(number int) int

	mu    sync.Mutex
	taken map[int]int      // by number of the trial
	warm  map[*tenant]bool // objectives that ran a trial and were not closed
	runs  map[int][]int    // by number of the trial: the most warm objectives beside each run
}

func newMemory(size int, needs func(int) int) *memory {
	return &memory{size: size, needs: needs, taken: map[int]int{}, warm: map[*tenant]bool{}, runs: map[int][]int{}}
}

// a tenant is an objective in that memory.
type tenant struct{ *memory }

func (o *tenant) Close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.warm, o)
	return nil
}

func (o *tenant) Run(_ context.Context, task search.Task, _ search.Session) (search.Result, error) {
	o.mu.Lock()
	o.taken[task.Number] = o.needs(task.Number)
	o.warm[o] = true
	o.runs[task.Number] = append(o.runs[task.Number], 0)
	for number := range o.taken { // this trial is a neighbour of those now
		last := len(o.runs[number]) - 1
		o.runs[number][last] = max(o.runs[number][last], len(o.warm)-1)
	}
	o.mu.Unlock()
	// Trials end one by one, so that which comes next does not depend on the
	// scheduler.
	time.Sleep(time.Minute + time.Duration(task.Number)*time.Second)
	o.mu.Lock()
	defer o.mu.Unlock()
	total := 0
	for n := range maps.Values(o.taken) {
		total += n
	}
	own := o.taken[task.Number]
	delete(o.taken, task.Number)
	if total > o.size && own > 1 { // small ones have what they need before
		return search.Result{}, &search.TrialError{Reason: search.ReasonOutOfMemory, Message: "8 GiB wanted"}
	}
	return search.Result{Value: 1}, nil
}

func (m *memory) on(h *harness) {
	h.config.NewObjective = func(int) (search.Objective, error) { return &tenant{m}, nil }
}

// big makes trial 0 need n units and every other one 1.
func big(n int) func(int) int {
	return func(number int) int {
		if number == 0 {
			return n
		}
		return 1
	}
}

func all(n int) func(int) int { return func(int) int { return n } }

func TestRunnerGivesATrialRoom(t *testing.T) {
	t.Parallel()
	const some = -1
	for _, test := range []struct {
		name             string
		trials, parallel int
		needs            func(int) int
		requeued, failed int   // some: the scheduler decides how many
		neighbours       []int // beside the runs of trial 0
	}{
		{"fits beside one", 8, 4, big(3), 1, 0, []int{3, 1}},
		{"fits alone", 8, 4, big(4), 2, 0, []int{3, 1, 0}},
		{"fits nowhere", 8, 4, big(5), 2, 1, []int{3, 1, 0}},
		{"two workers", 8, 2, big(4), 1, 0, []int{1, 0}},
		{"one worker", 3, 1, big(5), 0, 1, []int{0}},
		{"only one is left", 1, 4, big(5), 0, 1, []int{0}},
		{"all fit alone", 6, 2, all(4), some, 0, []int{1, 0}},
		{"none fits", 6, 2, all(5), some, 6, []int{1, 0}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(test.trials, test.parallel, nil)
				m := newMemory(4, test.needs)
				m.on(h)
				h.config.MaxAttempts = 1 // requeues are no lost attempts
				seen := new(endings)
				h.config.Observer = seen
				h.run(t, t.Context(), search.EndBudget, nil)
				failed := 0
				for number, state := range h.store.states() {
					trial := h.store.get(t, number)
					switch {
					case state == search.Failed:
						failed++
						alone := strings.HasSuffix(trial.Message, "(although it ran alone on its device)")
						if trial.Reason != search.ReasonOutOfMemory || alone != (test.parallel > 1) {
							t.Errorf("trial %d: %s: %s", number, trial.Reason, trial.Message)
						}
					case state != search.Complete || trial.Reason != "":
						t.Errorf("trial %d is %s (%s)", number, state, trial.Reason)
					}
				}
				requeued := h.store.count("Requeue")
				if want := test.requeued; want == some && (requeued < 1 || requeued > test.trials) || want != some && requeued != want {
					t.Errorf("%d requeued, want %d", requeued, want)
				}
				if failed != test.failed {
					t.Errorf("%d failed, want %d", failed, test.failed)
				}
				if diff := cmp.Diff(test.neighbours, m.runs[0]); diff != "" {
					t.Errorf("neighbours of the runs of trial 0 (-want +got):\n%s", diff)
				}
				told := 0
				for _, end := range seen.ends {
					if end.Released && strings.HasPrefix(end.NeedsRoom, "8 GiB wanted (beside ") {
						told++
					}
				}
				if told != requeued {
					t.Errorf("%d requeues were told, want %d", told, requeued)
				}
			})
		})
	}
}

func TestRunnerDevicesHaveTheirOwnMemory(t *testing.T) {
	t.Parallel()
	oom := func(context.Context, search.Task, search.Session) (search.Result, error) {
		time.Sleep(time.Minute)
		return search.Result{}, &search.TrialError{Reason: search.ReasonOutOfMemory, Message: "m"}
	}
	for _, test := range []struct {
		devices []string
		requeue int
		message string
	}{
		{[]string{"cuda:0", "cuda:1"}, 0, "m"},
		{[]string{"cuda:1"}, 1, "m (although it ran alone on cuda:1)"},
		{[]string{"cpu"}, 1, "m (although it ran alone on cpu)"},
	} {
		t.Run(strings.Join(test.devices, " "), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				h := newHarness(2, 2, oom)
				h.config.Devices = test.devices
				h.run(t, t.Context(), search.EndBudget, nil)
				h.expectStates(t, search.Failed, search.Failed)
				if n := h.store.count("Requeue"); n < test.requeue || n > 2*test.requeue {
					t.Errorf("%d requeues", n)
				}
				if trial := h.store.get(t, 0); trial.Message != test.message {
					t.Errorf("message %q, want %q", trial.Message, test.message)
				}
			})
		})
	}
}

func TestRunnerRunsATrialThatAnotherProcessMarkedAlone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(6, 3, nil)
		m := newMemory(4, big(4))
		m.on(h)
		x := search.Float{Low: 0, High: 1}
		h.store.add(search.Trial{
			State: search.Waiting, Reason: search.ReasonOutOfMemory, Message: "m", Attempt: 1,
			Params: map[string]float64{"x": 0.5}, Distributions: map[string]search.Distribution{"x": x},
		}, time.Time{})
		h.run(t, t.Context(), search.EndBudget, nil)
		if trial := h.store.get(t, 0); trial.State != search.Complete || trial.Attempt != 2 {
			t.Errorf("trial 0 is %s in attempt %d: %s", trial.State, trial.Attempt, trial.Message)
		}
		if diff := cmp.Diff([]int{0}, m.runs[0]); diff != "" {
			t.Errorf("neighbours (-want +got):\n%s", diff)
		}
	})
}

func TestRunnerRequeuesOnceBesideOtherProcesses(t *testing.T) {
	t.Parallel()
	for _, near := range []bool{true, false} {
		t.Run(fmt.Sprintf("near %v", near), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				runs := 0
				h := newHarness(2, 1, func(context.Context, search.Task, search.Session) (search.Result, error) {
					runs++
					return search.Result{}, &search.TrialError{Reason: search.ReasonOutOfMemory, Message: "m"}
				})
				h.store.add(search.Trial{State: search.Running, Worker: "here:2", Attempt: 1}, time.Now().Add(24*time.Hour))
				h.config.Neighbour = func(worker string) bool { return near && worker == "here:2" }
				h.run(t, t.Context(), search.EndBudget, nil)
				h.expectStates(t, search.Running, search.Failed)
				want, message := 1, "m"
				if near {
					want, message = 2, "m (again, with 1 other trial of other processes on this machine: end those to give it room)"
				}
				if trial := h.store.get(t, 1); runs != want || trial.Message != message {
					t.Errorf("%d runs, message %q, want %d, %q", runs, trial.Message, want, message)
				}
			})
		})
	}
}

func TestRunnerStopsWhileATrialWaitsForRoom(t *testing.T) {
	t.Parallel()
	for _, kill := range []bool{false, true} {
		t.Run(fmt.Sprintf("kill %v", kill), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				// Trial 0 runs out of memory after a minute; trial 1 goes on.
				h := newHarness(2, 2, func(ctx context.Context, task search.Task, s search.Session) (search.Result, error) {
					if task.Number == 1 {
						return untilStopped(ctx, task, s)
					}
					time.Sleep(time.Minute)
					return search.Result{}, &search.TrialError{Reason: search.ReasonOutOfMemory, Message: "m"}
				})
				h.config.Budget.StallTimeout = 0
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				r := h.runner(t)
				time.AfterFunc(time.Hour, func() {
					if kill {
						cancel()
					} else {
						r.Stop(search.StopPreempted)
					}
				})
				ending, err := r.Run(ctx)
				if ending != search.EndStopped || kill != errors.Is(err, context.Canceled) {
					t.Errorf("Run() = %q, %v", ending, err)
				}
				h.expectStates(t, search.Waiting, search.Waiting)
				if trial := h.store.get(t, 0); trial.Reason != search.ReasonOutOfMemory || trial.Attempt != 2 {
					t.Errorf("trial 0: reason %q, attempt %d", trial.Reason, trial.Attempt)
				}
			})
		})
	}
}
