package searchtest

import (
	"context"
	"encoding/binary"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"pgregory.net/rapid"

	"github.com/hpsearch/hpsearch/search"
)

// A PrunerSuite says what is expected of a pruner beside the contract.
type PrunerSuite struct {
	New func() (search.Pruner, error)
	// StartupTrials is the number of COMPLETE trials before which the pruner
	// must not prune, 0 for a pruner without that rule.
	StartupTrials int
	// WarmupSteps is the step before which the pruner must not prune.
	WarmupSteps int
	// Undirected is set for a pruner that does not look at the direction.
	Undirected bool
	// Prunes is set for a pruner that prunes a trial which is worse than ten
	// others at every step.
	Prunes bool
}

// Run checks the contract of [search.Pruner] in subtests.
func (s PrunerSuite) Run(t *testing.T) {
	t.Run("nothing to judge", s.testNothing)
	t.Run("hopeless", s.testHopeless)
	t.Run("cancelled", s.testCancelled)
	t.Run("warm-up", s.testWarmup)
	t.Run("random histories", s.testRandom)
	t.Run("direction", s.testDirection)
	t.Run("concurrent", s.testConcurrent)
}

func (s PrunerSuite) pruner(t fataler) search.Pruner {
	t.Helper()
	p, err := s.New()
	if err != nil {
		t.Fatalf("new pruner: %v", err)
	}
	return p
}

// prune asks for a decision and checks that nothing was changed by it.
func prune(t fataler, p search.Pruner, h *search.History, trial *search.Trial) bool {
	t.Helper()
	before := describe(t, h, trial)
	got, err := p.Prune(context.Background(), h, trial)
	if err != nil {
		t.Fatalf("prune: %v", err)
	}
	if after := describe(t, h, trial); after != before {
		t.Fatalf("the pruner changed what it saw:\nbefore %s\nafter  %s", before, after)
	}
	return got
}

// describe writes out the reports that a pruner sees.
func describe(t fataler, h *search.History, trial *search.Trial) string {
	t.Helper()
	var text []byte
	for _, t := range slices.Concat(h.Trials, []*search.Trial{trial}) {
		text = append(text, t.State...)
		for _, r := range t.Intermediate {
			text = binary.LittleEndian.AppendUint64(text, uint64(r.Step))
			text = binary.LittleEndian.AppendUint64(text, math.Float64bits(r.Value))
		}
	}
	return string(text)
}

// Curve returns a RUNNING trial that reported these values at steps 1, 2, ….
func Curve(number int, values ...float64) *search.Trial {
	t := &search.Trial{ID: int64(number) + 1, Number: number, State: search.Running, Attempt: 1}
	for i, v := range values {
		t.Intermediate = append(t.Intermediate, search.Report{Step: i + 1, Value: v})
	}
	return t
}

// finished ends a trial with its last report as its value.
func finished(t *search.Trial, state search.State) *search.Trial {
	done := *t
	done.State = state
	if last, ok := t.Last(); ok && !math.IsNaN(last.Value) && state != search.Failed {
		done.Values = []float64{last.Value}
	}
	return &done
}

func (s PrunerSuite) testNothing(t *testing.T) {
	t.Parallel()
	p := s.pruner(t)
	h := NewHistory(search.Minimize)
	if prune(t, p, h, Curve(0)) {
		t.Error("a trial without reports was pruned")
	}
	if prune(t, p, h, Curve(0, 1)) {
		t.Error("the first report of the first trial was pruned")
	}
	if prune(t, p, &search.History{}, Curve(0, 1)) {
		t.Error("the first report of the first trial was pruned, without a study")
	}
	// Every other trial has failed without a report, or waits to report.
	h.Trials = []*search.Trial{finished(Curve(0), search.Failed), Curve(1), finished(Curve(2), search.Complete), finished(Curve(3), search.Pruned)}
	if prune(t, p, h, Curve(4, 1)) {
		t.Error("pruned although no other trial has reported")
	}
}

// testHopeless lets a trial get worse and worse beside ten that got better.
func (s PrunerSuite) testHopeless(t *testing.T) {
	t.Parallel()
	p := s.pruner(t)
	h := NewHistory(search.Minimize)
	for i := range 10 {
		v := float64(i)/100 + 0.001
		h.Trials = append(h.Trials, finished(Curve(i, 8*v, 7*v, 6*v, 5*v, 4*v, 3*v, 2*v, v, v/2, v/4), search.Complete))
	}
	pruned := func(curve []float64) bool {
		for n := range curve {
			if prune(t, p, h, Curve(10, curve[:n+1]...)) {
				return true
			}
		}
		return false
	}
	if got := pruned([]float64{4, 5, 6, 7, 8, 9, 10, 11, 12, 13}); got != s.Prunes {
		t.Errorf("a hopeless trial was pruned: %t, want %t", got, s.Prunes)
	}
	if pruned([]float64{0, -1, -2, -3, -4, -5, -6, -7, -8, -9}) && !s.Undirected {
		t.Error("a trial that was the best at every step was pruned")
	}
}

func (s PrunerSuite) testCancelled(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	_, err := s.pruner(t).Prune(ctx, NewHistory(search.Minimize), Curve(0, 1))
	if !errors.Is(err, context.Canceled) {
		t.Errorf("with a cancelled context: error %v, want %v", err, context.Canceled)
	}
}

func (s PrunerSuite) testWarmup(t *testing.T) {
	t.Parallel()
	p := s.pruner(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 200 {
		h := randomReports(rng, search.Minimize)
		trial := h.Trials[rng.IntN(len(h.Trials))]
		last, ok := trial.Last()
		if !ok {
			continue
		}
		complete := 0
		for _, other := range h.Trials {
			if other.State == search.Complete && other.Number != trial.Number {
				complete++
			}
		}
		if early := last.Step < s.WarmupSteps || complete < s.StartupTrials; early && prune(t, p, h, trial) {
			t.Fatalf("pruned at step %d with %d complete trials", last.Step, complete)
		}
	}
}

// testRandom gives the pruner what no sane program reports: steps that are
// missing, NaN and infinities, in trials of every state. Equal histories must
// give equal decisions, from another pruner as well.
func (s PrunerSuite) testRandom(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p, other := s.pruner(t), s.pruner(t)
		rng := search.Rand(rapid.Int64().Draw(t, "seed"), 0, "searchtest/pruner")
		h := randomReports(rng, search.Minimize)
		for _, trial := range h.Trials {
			first := prune(t, p, h, trial)
			if again := prune(t, p, h, trial); again != first {
				t.Fatalf("trial %d: %t, then %t", trial.Number, first, again)
			}
			if fresh := prune(t, other, h, trial); fresh != first {
				t.Fatalf("trial %d: %t, and %t by another pruner", trial.Number, first, fresh)
			}
		}
	})
}

// testDirection mirrors everything.
func (s PrunerSuite) testDirection(t *testing.T) {
	t.Parallel()
	if s.Undirected {
		t.Skip("the pruner knows no direction")
	}
	p := s.pruner(t)
	rng := rand.New(rand.NewPCG(3, 4))
	pruned := 0
	for range 100 {
		h := randomReports(rng, search.Minimize)
		mirrored := NewHistory(search.Maximize)
		for _, trial := range h.Trials {
			mirrored.Trials = append(mirrored.Trials, mirror(trial))
		}
		for i, trial := range h.Trials {
			want := prune(t, p, h, trial)
			if got := prune(t, p, mirrored, mirrored.Trials[i]); got != want {
				t.Fatalf("to minimize: %t, mirrored and to maximize: %t", want, got)
			}
			if want {
				pruned++
			}
		}
	}
	if s.Prunes && pruned == 0 {
		t.Error("nothing was ever pruned")
	}
}

func (s PrunerSuite) testConcurrent(t *testing.T) {
	t.Parallel()
	p := s.pruner(t)
	h := randomReports(rand.New(rand.NewPCG(5, 6)), search.Minimize)
	var group sync.WaitGroup
	for _, trial := range h.Trials {
		want := prune(t, p, h, trial)
		for range 4 {
			group.Go(func() {
				if got, err := p.Prune(context.Background(), h, trial); got != want || err != nil {
					t.Errorf("trial %d: %t, %v beside others, want %t", trial.Number, got, err, want)
				}
			})
		}
	}
	group.Wait()
}

func mirror(t *search.Trial) *search.Trial {
	m := *t
	m.Intermediate = slices.Clone(t.Intermediate)
	for i := range m.Intermediate {
		m.Intermediate[i].Value *= -1
	}
	m.Values = slices.Clone(t.Values)
	for i := range m.Values {
		m.Values[i] *= -1
	}
	return &m
}

// randomReports returns up to 15 trials of all states. Values are drawn from
// few, so that there are ties.
func randomReports(rng *rand.Rand, d search.Direction) *search.History {
	h := NewHistory(d)
	states := []search.State{search.Complete, search.Complete, search.Complete, search.Running, search.Pruned, search.Failed}
	for number := range 1 + rng.IntN(15) {
		trial := Curve(number)
		for step := rng.IntN(3); len(trial.Intermediate) < 8 && rng.IntN(8) > 0; step += 1 + rng.IntN(3)/2 {
			v := float64(rng.IntN(10))
			switch rng.IntN(40) {
			case 0:
				v = math.NaN()
			case 1:
				v = math.Inf(1 - 2*rng.IntN(2))
			}
			trial.Intermediate = append(trial.Intermediate, search.Report{Step: step, Value: v})
		}
		h.Trials = append(h.Trials, finished(trial, states[rng.IntN(len(states))]))
	}
	return h
}
