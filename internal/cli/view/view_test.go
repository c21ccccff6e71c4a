package view

import (
	"encoding/json"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
)

var started = time.Date(2025, 3, 1, 12, 0, 0, 0, time.UTC)

func TestNewTrial(t *testing.T) {
	t.Parallel()
	x := map[string]search.Distribution{"x": search.Float{Low: 0, High: 1}}
	for _, test := range []struct {
		name  string
		trial search.Trial
		want  string
	}{
		{"complete", search.Trial{
			Number: 1, State: search.Complete, Params: map[string]float64{"x": 0.5}, Distributions: x,
			Values: []float64{0.25}, Metrics: map[string]float64{"val_loss": 0.25, "odd": math.NaN()},
			Attempt: 1, Started: started, Finished: started.Add(1500 * time.Millisecond),
		}, `{"number":1,"state":"COMPLETE","value":0.25,"params":{"x":0.5},"metrics":{"odd":null,"val_loss":0.25},` +
			`"attempt":1,"started_at":"2025-03-01T12:00:00Z","finished_at":"2025-03-01T12:00:01.5Z","seconds":1.5,"error":null}`},
		{"waiting", search.Trial{Number: 2, State: search.Waiting, Fixed: map[string]any{"x": 0.1}},
			`{"number":2,"state":"WAITING","value":null,"params":{"x":0.1},"metrics":{},"attempt":0,` +
				`"started_at":null,"finished_at":null,"seconds":null,"error":null}`},
		{"failed", search.Trial{Number: 3, State: search.Failed, Reason: "diverged", Message: "at step 4", Attempt: 2},
			`{"number":3,"state":"FAIL","value":null,"params":{},"metrics":{},"attempt":2,` +
				`"started_at":null,"finished_at":null,"seconds":null,"error":"diverged: at step 4"}`},
		{"requeued", search.Trial{Number: 6, State: search.Waiting, Reason: "out-of-memory", Message: "8 GiB", Attempt: 1},
			`{"number":6,"state":"WAITING","value":null,"params":{},"metrics":{},"attempt":1,` +
				`"started_at":null,"finished_at":null,"seconds":null,"error":"out-of-memory: 8 GiB"}`},
		{"two objectives", search.Trial{Number: 5, State: search.Complete, Values: []float64{1, 2.5}},
			`{"number":5,"state":"COMPLETE","value":null,"values":[1,2.5],"params":{},"metrics":{},"attempt":0,` +
				`"started_at":null,"finished_at":null,"seconds":null,"error":null}`},
		{"pruned at NaN", search.Trial{Number: 4, State: search.Pruned, Values: []float64{math.NaN()}},
			`{"number":4,"state":"PRUNED","value":null,"params":{},"metrics":{},"attempt":0,` +
				`"started_at":null,"finished_at":null,"seconds":null,"error":null}`},
	} {
		got, err := json.Marshal(NewTrial(&test.trial))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(test.want, string(got)); diff != "" {
			t.Errorf("%s differs (-want +got):\n%s", test.name, diff)
		}
	}
}

func TestNewTrialDetail_reports(t *testing.T) {
	t.Parallel()
	trial := search.Trial{Intermediate: []search.Report{
		{Step: 1, Value: 0.5}, // as Optuna stores it
		{Step: 2, Value: math.Inf(1), Metrics: map[string]float64{"val_loss": math.Inf(1), "val_accuracy": 0.1}},
	}}
	study := &search.Study{}
	study.Definition.Objective.Metric = "val_loss"
	got, err := json.Marshal(NewTrialDetail(study, &trial).Intermediate)
	if err != nil {
		t.Fatal(err)
	}
	const want = `[{"step":1,"metrics":{"val_loss":0.5}},{"step":2,"metrics":{"val_accuracy":0.1,"val_loss":null}}]`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestNewStudy(t *testing.T) {
	t.Parallel()
	summary := search.Summary{
		Study: search.Study{
			Name: "s", Created: started, Directions: []search.Direction{search.Maximize},
			Definition: search.Definition{
				Objective: search.ObjectiveSpec{Kind: "external", Metric: "score"},
				Sampler:   search.SamplerSpec{Kind: "tpe", Seed: 7}, Pruner: search.PrunerSpec{Kind: "none"},
				Budget: search.Budget{Trials: 9},
			},
		},
		Counts: search.Counts{Complete: 2, Fail: 1},
		Best:   &search.Trial{Number: 1, Values: []float64{3}},
	}
	got, err := json.Marshal(NewStudy(&summary, &Ended{}, nil))
	if err != nil {
		t.Fatal(err)
	}
	const want = `{"name":"s","state":"done","objective":"external","metric":"score","direction":"maximize","sampler":"tpe","pruner":"none",` +
		`"seed":7,"trials":{"waiting":0,"running":0,"complete":2,"pruned":0,"fail":1},"budget":{"trials":9},` +
		`"best":{"number":1,"value":3,"params":{}},"created_at":"2025-03-01T12:00:00Z"}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}
