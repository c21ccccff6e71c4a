package interop_test

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/storage"
)

const ranStudy = `
objective: {kind: command, command: [curve], metric: loss, direction: minimize}
space:
  - {name: x, type: float, low: 1e-3, high: 1, log: true}
  - {name: y, type: float, low: -1, high: 1, step: 0.25}
  - {name: n, type: int, low: 1, high: 9, step: 2}
  - {name: l, type: int, low: 1, high: 1024, log: true}
  - {name: c, type: categorical, choices: [a, null, true, 3, 2.5]}
  - {name: odd, type: categorical, choices: [none, numbers, fails]}
  - {name: only, type: float, low: 0, high: 1, when: {odd: [numbers]}}
sampler: {kind: random, seed: 1}
pruner: {kind: threshold, warmup_steps: 3, options: {upper: 0.5}}
budget: {trials: 8, parallel: 2}
enqueue:
  - {x: 0.125, y: -0.5, n: 7, l: 64, c: null, odd: none}
  - {x: 0.25, c: true, odd: numbers, only: 0.5}
  - {x: 0.5, odd: fails}
`

const askedStudy = `
objective: {kind: external, metric: score, direction: maximize}
space:
  - {name: x, type: float, low: 0, high: 1}
sampler: {kind: random, seed: 1}
`

// TestOptunaLoads runs a study with hpsearch and compares what Optuna makes
// of it with what was stored.
func TestOptunaLoads(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *site) {
		s.create(t, "ran", ranStudy)
		output(t, s.hpsearch(t, "run", "ran"))
		theirs := s.dump(t, "ran")
		same(t, "directions", theirs.Directions, []string{"MINIMIZE"})
		same(t, "metrics", theirs.Metrics, []string{"loss"})
		s.compare(t, "ran", theirs)

		for i, state := range []string{"COMPLETE", "PRUNED", "FAIL"} {
			same(t, "state", theirs.Trials[i].State, state)
		}
		same(t, "enqueued", theirs.Trials[0].Params,
			map[string]any{"x": 0.125, "y": -0.5, "n": 7.0, "l": 64.0, "c": nil, "odd": "none"})
		same(t, "values", theirs.Trials[0].Values, []any{0.125})
		same(t, "steps", theirs.Trials[0].Intermediate, map[string]any{"1": 0.125, "2": 0.0625, "3": 0.125 / 3})
		same(t, "a pruned trial's steps", theirs.Trials[1].Intermediate["4"], any("NaN"))
		same(t, "why it failed", theirs.Trials[2].Attrs["hpsearch:reason"], any("error"))
	})
}

// TestOptunaLoadsAsked does the same with a study that is asked and told.
func TestOptunaLoadsAsked(t *testing.T) {
	t.Parallel()
	onEach(t, func(t *testing.T, s *site) {
		s.create(t, "asked", askedStudy)
		for range 5 {
			output(t, s.hpsearch(t, "ask", "asked"))
		}
		for _, tell := range []string{"0 0.5", "1 nan", "2 --state pruned", "3 --state fail --message broken"} {
			output(t, s.hpsearch(t, append([]string{"tell", "asked"}, strings.Fields(tell)...)...))
		}
		output(t, s.hpsearch(t, "trial", "enqueue", "asked", "x=0.75"))
		theirs := s.dump(t, "asked")
		same(t, "directions", theirs.Directions, []string{"MAXIMIZE"})
		var states []string
		for _, trial := range theirs.Trials {
			states = append(states, trial.State)
		}
		same(t, "states", states, []string{"COMPLETE", "FAIL", "PRUNED", "FAIL", "RUNNING", "WAITING"})
		same(t, "enqueued", theirs.Trials[5].Fixed, map[string]any{"x": 0.75})
		s.compare(t, "asked", theirs)
	})
}

// compare checks that the study is the same to Optuna and to the store.
func (s *site) compare(t *testing.T, name string, theirs peerStudy) {
	t.Helper()
	store, err := storage.Open(t.Context(), s.url)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	study, err := store.Study(t.Context(), name)
	if err != nil {
		t.Fatal(err)
	}
	ours, err := store.Trials(t.Context(), study.ID, search.TrialQuery{After: -1})
	if err != nil {
		t.Fatal(err)
	}
	if len(ours) != len(theirs.Trials) {
		t.Fatalf("%d trials here, %d in Optuna", len(ours), len(theirs.Trials))
	}
	for i, trial := range ours {
		got := theirs.Trials[i]
		got.Attrs = nil // hpsearch's own are left out on this side
		same(t, "trial "+strconv.Itoa(i), normal(t, got), normal(t, asPeer(t, trial)))
	}
	best, err := store.Best(t.Context(), study.ID)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "best", theirs.Best, &best.Number)
}

// asPeer returns a trial as the peer would dump it.
func asPeer(t *testing.T, trial *search.Trial) peerTrial {
	t.Helper()
	p := peerTrial{
		Number: trial.Number, State: string(trial.State), Params: trial.External(), Fixed: trial.Fixed,
		Distributions: map[string]json.RawMessage{}, Intermediate: map[string]any{},
		Start: instant(trial.Started), Complete: instant(trial.Finished),
	}
	for name, d := range trial.Distributions {
		data, err := search.MarshalDistribution(d)
		if err != nil {
			t.Fatal(err)
		}
		p.Distributions[name] = data
	}
	for _, v := range trial.Values {
		p.Values = append(p.Values, plain(v))
	}
	for _, r := range trial.Intermediate {
		p.Intermediate[strconv.Itoa(r.Step)] = plain(r.Value)
	}
	return p
}

// instant writes a time as Optuna keeps it: UTC without saying so.
func instant(v time.Time) *string {
	if v.IsZero() {
		return nil
	}
	text := v.UTC().Format("2006-01-02T15:04:05.000000")
	return &text
}

// plain makes strings of the numbers that JSON lacks.
func plain(v float64) any {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	return v
}

// normal passes a trial through JSON, so that equal numbers have equal types.
func normal(t *testing.T, p peerTrial) any {
	t.Helper()
	data, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	var v any
	decode(t, data, &v)
	return v
}

func same(t *testing.T, what string, got, want any) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}
