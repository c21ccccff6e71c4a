package search_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hpsearch/hpsearch/search"
)

// endings records how trials ended.
type endings struct {
	search.NopObserver
	mu   sync.Mutex
	ends []search.TrialEnd
}

func (e *endings) TrialEnded(_ *search.Trial, end search.TrialEnd) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.ends = append(e.ends, end)
}

func TestRunnerRenewsLeases(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(1, 1, func(context.Context, search.Task, search.Session) (search.Result, error) {
			time.Sleep(20 * time.Minute)
			return search.Result{Value: 1}, nil
		})
		h.config.Lease = time.Minute
		other := h.config
		go func() { // another worker must not get it
			r, err := search.NewRunner(other)
			if err != nil {
				t.Error(err)
				return
			}
			time.Sleep(time.Second)
			if ending, err := r.Run(t.Context()); ending != search.EndBudget || err != nil {
				t.Errorf("the other worker: %q, %v", ending, err)
			}
		}()
		h.run(t, t.Context(), search.EndBudget, nil)
		h.expectStates(t, search.Complete)
		if n := h.store.count("Renew"); n < 79 || n > 80 {
			t.Errorf("%d renewals in 80 quarters of the lease", n)
		}
		if trial := h.store.get(t, 0); trial.Attempt != 1 {
			t.Errorf("attempt %d, want 1", trial.Attempt)
		}
		synctest.Wait()
	})
}

func TestRunnerGivesUpALeaseItCannotRenew(t *testing.T) {
	t.Parallel()
	cut := errors.New("network is unreachable")
	for name, fail := range map[string]func(context.Context) error{
		"error": func(context.Context) error { return cut },
		"hangs": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				began := time.Now()
				var killed time.Duration
				h := newHarness(1, 1, func(ctx context.Context, _ search.Task, _ search.Session) (search.Result, error) {
					<-ctx.Done()
					killed = time.Since(began)
					return search.Result{}, context.Cause(ctx)
				})
				seen := new(endings)
				h.config.Observer = seen
				h.config.Lease = 100 * time.Second
				h.config.MaxAttempts = 1 // then it is not taken up again
				h.store.before = func(ctx context.Context, _ string) error {
					if time.Since(began) > 0 && killed == 0 { // the network is cut
						return fail(ctx)
					}
					return nil
				}
				h.run(t, t.Context(), search.EndBudget, nil)
				if killed != 60*time.Second {
					t.Errorf("killed after %s, want 0.6 of the lease of 100s", killed)
				}
				if len(seen.ends) != 1 || seen.ends[0].Lost == nil {
					t.Errorf("ends %+v, want one loss", seen.ends)
				}
				if h.store.count("Finish")+h.store.count("Release") != 0 {
					t.Error("the lost trial was written to")
				}
				if trial := h.store.get(t, 0); trial.Reason != search.ReasonLost {
					t.Errorf("trial 0 is %s (%s), want lost", trial.State, trial.Reason)
				}
			})
		})
	}
}

// TestRunnerKeepsATrialThatNobodyCanTakeOver has a store in which nobody can
// write for many leases, while it can be read: another process has locked it.
func TestRunnerKeepsATrialThatNobodyCanTakeOver(t *testing.T) {
	t.Parallel()
	for _, taken := range []bool{false, true} {
		t.Run(fmt.Sprint("taken over ", taken), func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				const lease = 100 * time.Second
				free := time.Now().Add(10 * lease)
				var ran time.Duration
				h := newHarness(1, 1, func(ctx context.Context, _ search.Task, _ search.Session) (search.Result, error) {
					defer func(began time.Time) { ran = time.Since(began) }(time.Now())
					select {
					case <-time.After(11 * lease):
						return search.Result{Value: 1}, nil
					case <-ctx.Done():
						return search.Result{}, context.Cause(ctx)
					}
				})
				seen := new(endings)
				h.config.Observer, h.config.Lease = seen, lease
				h.store.before = func(ctx context.Context, method string) error {
					if method != "Renew" || time.Now().After(free) {
						return nil
					}
					if !taken {
						<-ctx.Done()
						return ctx.Err()
					}
					h.store.mu.Lock()
					defer h.store.mu.Unlock()
					h.store.trials[0].Attempt = 2
					h.store.trials[0].expires = free
					return errors.New("locked")
				}
				if taken {
					h.config.Budget.Timeout = lease
					h.run(t, t.Context(), search.EndTimeout, nil)
					h.expectStates(t, search.Running)
					if ran != 55*time.Second || len(seen.ends) != 1 || !errors.Is(seen.ends[0].Lost, search.ErrFenced) {
						t.Errorf("ran for %s, ends %+v: want ErrFenced at the first look", ran, seen.ends)
					}
					return
				}
				h.run(t, t.Context(), search.EndBudget, nil)
				h.expectStates(t, search.Complete)
				if trial := h.store.get(t, 0); trial.Attempt != 1 || ran != 11*lease {
					t.Errorf("attempt %d ran for %s", trial.Attempt, ran)
				}
			})
		})
	}
}

func TestRunnerDropsATrialThatWasTakenOver(t *testing.T) {
	t.Parallel()
	for _, by := range []string{"report", "renewal"} {
		t.Run(by, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var h *harness
				h = newHarness(1, 1, func(ctx context.Context, _ search.Task, s search.Session) (search.Result, error) {
					h.store.mu.Lock()
					taken := h.store.trials[0]
					taken.Attempt++
					taken.expires = time.Now().Add(time.Hour) // its new worker is alive
					h.store.mu.Unlock()
					if by == "report" {
						return search.Result{}, s.Report(ctx, 1, map[string]float64{"loss": 1})
					}
					<-ctx.Done()
					return search.Result{}, context.Cause(ctx)
				})
				seen := new(endings)
				h.config.Observer = seen
				h.run(t, t.Context(), search.EndBudget, nil)
				if len(seen.ends) != 1 || !errors.Is(seen.ends[0].Lost, search.ErrFenced) {
					t.Errorf("ends %+v, want one ErrFenced", seen.ends)
				}
				h.expectStates(t, search.Running)
				if trial := h.store.get(t, 0); len(trial.Intermediate) != 0 || trial.Attempt != 2 {
					t.Errorf("the trial was changed: %+v", trial)
				}
			})
		})
	}
}

func TestRunnerTakesUpTheTrialsOfDeadWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(2, 2, square)
		params := map[string]float64{"x": 0.5}
		dists := map[string]search.Distribution{"x": search.Float{Low: 0, High: 1}}
		h.store.add(search.Trial{State: search.Running, Attempt: 1, Params: params, Distributions: dists}, time.Now().Add(2*time.Minute))
		h.run(t, t.Context(), search.EndBudget, nil)
		h.expectStates(t, search.Complete, search.Complete)
		if trial := h.store.get(t, 0); trial.Value() != 0.25 || trial.Attempt != 2 {
			t.Errorf("trial 0: %+v", trial)
		}
	})
}

func TestRunnerDoesNotWaitForLiveWorkers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(1, 1, square)
		h.store.add(search.Trial{State: search.Running, Attempt: 1}, time.Now().Add(time.Hour))
		began := time.Now()
		h.run(t, t.Context(), search.EndBudget, nil)
		h.expectStates(t, search.Running)
		if waited := time.Since(began); waited < search.DefaultLease || waited > search.DefaultLease+15*time.Second {
			t.Errorf("waited %s, want a little more than the lease of %s", waited, search.DefaultLease)
		}
	})
}

func TestRunnerDoesNotWaitForOptunasTrials(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		h := newHarness(2, 1, square)
		h.store.add(search.Trial{State: search.Running}, time.Now().Add(1000*time.Hour))
		began := time.Now()
		h.run(t, t.Context(), search.EndBudget, nil)
		h.expectStates(t, search.Running, search.Complete)
		if waited := time.Since(began); waited > 0 {
			t.Errorf("waited %s for a trial that has no lease", waited)
		}
	})
}

func TestNewRunnerRefuses(t *testing.T) {
	t.Parallel()
	for want, change := range map[string]func(*search.RunnerConfig){
		"needs objectives": func(c *search.RunnerConfig) { c.NewObjective = nil },
		"needs a store":    func(c *search.RunnerConfig) { c.Store = nil },
		"lease -1s":        func(c *search.RunnerConfig) { c.Lease = -time.Second },
		"at most -1":       func(c *search.RunnerConfig) { c.MaxAttempts = -1 },
	} {
		h := newHarness(1, 1, square)
		change(&h.config)
		if _, err := search.NewRunner(h.config); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error %v, want %q", err, want)
		}
	}
}
