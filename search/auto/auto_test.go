package auto_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/auto"
	"github.com/hpsearch/hpsearch/search/gp"
	"github.com/hpsearch/hpsearch/search/searchtest"
	"github.com/hpsearch/hpsearch/search/tpe"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	searchtest.Suite{Converges: true, New: func(seed int64) (search.Sampler, error) { return auto.New(auto.Options{Seed: seed}) }}.Run(t)
}

func TestGolden(t *testing.T) {
	t.Parallel()
	h, err := searchtest.Run(newSampler(t), searchtest.Mixed(), 14, 2)
	if err != nil {
		t.Fatal(err)
	}
	searchtest.Golden(t, h, "testdata/golden.json")
}

func TestNewRefusesNegativeCounts(t *testing.T) {
	t.Parallel()
	if _, err := auto.New(auto.Options{StartupTrials: -1}); err == nil {
		t.Error("a negative number of startup trials was accepted")
	}
}

// What Choice says is what Suggest does.
func TestChoice(t *testing.T) {
	t.Parallel()
	process, err := gp.New(gp.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	parzen, err := tpe.New(tpe.Options{Seed: 1})
	if err != nil {
		t.Fatal(err)
	}
	mixed := searchtest.Mixed()
	few := search.Space{
		{Name: "n", Distribution: search.Int{Low: 1, High: 5}},
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b", "c"}}},
	}
	for _, test := range []struct {
		name   string
		space  search.Space
		budget search.Budget
		trials int
		want   search.Sampler
		says   string
	}{
		{"nothing is known", mixed.Space, search.Budget{}, 12, process, "gp: the fewest"},
		{"a usual study", mixed.Space, search.Budget{Trials: 100, Parallel: 8}, 12, process, "gp: the fewest"},
		{"all can be tried", few, search.Budget{Trials: 15}, 12, process, "gp: the fewest trials to a good value; ends when all of at most 15 configurations"},
		{"not all can be tried", few, search.Budget{Trials: 14}, 12, process, "gp: "},
		{"many workers", mixed.Space, search.Budget{Trials: 500, Parallel: 64}, 12, parzen, "tpe: 64 workers"},
		{"a long study begins", mixed.Space, search.Budget{Trials: 5000}, 12, process, "gp: the fewest trials to a good value, for the first 300; then tpe: a study of 5000"},
		{"a long study goes on", mixed.Space, search.Budget{Trials: 5000}, 301, parzen, "then tpe"},
		{"many parameters", searchtest.Rosenbrock(120).Space, search.Budget{Trials: 100}, 12, parzen, "tpe: 120 parameters"},
	} {
		h := searchtest.NewHistory(search.Minimize)
		h.Study.Definition.Space, h.Study.Definition.Budget = test.space, test.budget
		for number := range test.trials {
			rng := search.Rand(7, number, "auto")
			params, err := test.space.Fill(nil, func(p search.Param, _ map[string]float64) (float64, error) {
				return search.Uniform(rng, p.Distribution), nil
			})
			if err != nil {
				t.Fatal(err)
			}
			trial := searchtest.NewTrial(number, test.space, params)
			trial.State, trial.Values = search.Complete, []float64{rng.Float64()}
			h.Trials = append(h.Trials, trial)
		}
		s, err := auto.New(auto.Options{Seed: 1})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Choice(h.Study); !strings.Contains(got, test.says) {
			t.Errorf("%s: %q, want %q in it", test.name, got, test.says)
		}
		got, err := s.Suggest(context.Background(), h, test.trials, test.space, nil)
		want, wantErr := test.want.Suggest(context.Background(), h, test.trials, test.space, nil)
		if diff := cmp.Diff(want, got); diff != "" || !errors.Is(err, wantErr) {
			t.Errorf("%s: error %v, want %v (-want +got):\n%s", test.name, err, wantErr, diff)
		}
	}
}

// A study whose budget has room for all configurations tries each once and
// ends.
func TestEndsWhenAllWereTried(t *testing.T) {
	t.Parallel()
	space := search.Space{
		{Name: "c", Distribution: search.Categorical{Choices: []any{"a", "b"}}},
		{Name: "n", Distribution: search.Int{Low: 1, High: 6}, When: map[string][]any{"c": {"b"}}},
	}
	h := searchtest.NewHistory(search.Minimize)
	h.Study.Definition.Space, h.Study.Definition.Budget.Trials = space, 20
	s := newSampler(t)
	for number := range 7 {
		params, err := s.Suggest(context.Background(), h, number, space, nil)
		if err != nil {
			t.Fatal(err)
		}
		for _, trial := range h.Trials {
			if cmp.Equal(trial.Params, params) {
				t.Errorf("trial %d repeats %v", number, params)
			}
		}
		trial := searchtest.NewTrial(number, space, params)
		trial.State, trial.Values = search.Complete, []float64{params["c"]}
		h.Trials = append(h.Trials, trial)
	}
	if all, ok := s.Configurations(h.Study, 20); !ok || len(all) != 7 {
		t.Errorf("%d configurations, %t, want 7", len(all), ok)
	}
	tight := *h.Study
	tight.Definition.Budget.Trials = 6
	if _, ok := s.Configurations(&tight, 20); ok {
		t.Error("a study without room for all of them ends before its budget is spent")
	}
	if _, err := s.Suggest(context.Background(), h, 7, space, nil); !errors.Is(err, search.ErrNothing) {
		t.Errorf("after all 7: error %v, want %v", err, search.ErrNothing)
	}
}

func newSampler(t *testing.T) *auto.Sampler {
	t.Helper()
	s, err := auto.New(auto.Options{Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	return s
}
