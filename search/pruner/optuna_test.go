package pruner_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/kinds"
)

// TestOptuna replays what Optuna's pruners decided; testdata/cases.py says
// how the file is made.
func TestOptuna(t *testing.T) {
	t.Parallel()
	data, err := os.ReadFile("testdata/cases.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Pruner    search.PrunerSpec
		Direction search.Direction
		Events    [][]any
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for i, c := range cases {
		t.Run(fmt.Sprintf("%d %s %s", i, c.Pruner.Kind, c.Direction), func(t *testing.T) {
			t.Parallel()
			p, err := kinds.NewPruner(c.Pruner)
			if err != nil {
				t.Fatal(err)
			}
			h := &search.History{Study: &search.Study{Name: "case", Directions: []search.Direction{c.Direction}}}
			replay(t, p, h, c.Events)
		})
	}
}

// replay compares the decisions about the events of a case.
func replay(t *testing.T, p search.Pruner, h *search.History, events [][]any) {
	t.Helper()
	pruned := 0
	for _, event := range events {
		number := int(event[0].(float64))
		for number >= len(h.Trials) {
			h.Trials = append(h.Trials, &search.Trial{Number: len(h.Trials), State: search.Running})
		}
		trial := *h.Trials[number]
		h.Trials[number] = &trial
		if state, ended := event[1].(string); ended {
			trial.State = search.State(state)
			if v, ok := event[2].(float64); ok {
				trial.Values = []float64{v}
			}
			continue
		}
		step, want := int(event[1].(float64)), event[3].(bool)
		trial.Intermediate = append(trial.Intermediate, search.Report{Step: step, Value: event[2].(float64)})
		got, err := p.Prune(context.Background(), h, &trial)
		if err != nil {
			t.Fatal(err)
		}
		if got != want {
			t.Errorf("trial %d at step %d: prune is %t, Optuna says %t", number, step, got, want)
		}
		if want {
			pruned++
		}
	}
	if pruned == 0 {
		t.Error("the case has no pruned trial")
	}
}
