package goptunabridge

import (
	"context"
	"math"
	"testing"

	"github.com/c-bata/goptuna"
	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	for name, suite := range map[string]searchtest.Suite{
		"tpe": {Unseeded: true, New: func(seed int64) (search.Sampler, error) {
			return NewTPE(StockOptions{Seed: seed, StartupTrials: 5})
		}},
		"tpe at once": {Unseeded: true, New: func(seed int64) (search.Sampler, error) {
			return NewTPE(StockOptions{Seed: seed, StartupTrials: 1, Candidates: 1})
		}},
		"random": {Unseeded: true, New: func(seed int64) (search.Sampler, error) {
			return NewRandom(StockOptions{Seed: seed}), nil
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			suite.Run(t)
		})
	}
}

// Without categoricals goptuna's random sampler does follow its seed, and
// different trials draw different values.
func TestRandomFollowsTheSeed(t *testing.T) {
	t.Parallel()
	space := searchtest.Hartmann6().Space
	seen := make(map[float64]bool)
	for number := range 5 {
		var first map[string]float64
		for range 2 {
			params, err := NewRandom(StockOptions{Seed: 3}).Suggest(context.Background(), searchtest.NewHistory(search.Minimize), number, space, nil)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(first, params); first != nil && diff != "" {
				t.Errorf("trial %d again (-first +second):\n%s", number, diff)
			}
			first = params
		}
		for _, v := range first {
			if seen[v] {
				t.Errorf("trial %d: %v was drawn before", number, v)
			}
			seen[v] = true
		}
	}
}

// A panic inside goptuna becomes a uniform draw.
func TestPanicIsAnsweredUniformly(t *testing.T) {
	t.Parallel()
	for name, bad := range map[string]goptuna.Sampler{"panic": panicking{}, "NaN": undefined{}} {
		s := &Stock{name: name, make: func(int64) goptuna.Sampler { return bad }}
		params, err := s.Suggest(context.Background(), searchtest.NewHistory(search.Minimize), 0, searchtest.Branin().Space, nil)
		if err != nil || len(params) != 2 {
			t.Errorf("%s: %v, %v", name, params, err)
		}
	}
}

type panicking struct{}

func (panicking) Sample(*goptuna.Study, goptuna.FrozenTrial, string, any) (float64, error) {
	panic("invalid pvals")
}

type undefined struct{}

func (undefined) Sample(*goptuna.Study, goptuna.FrozenTrial, string, any) (float64, error) {
	return math.NaN(), nil
}

func TestStockOptionsRefuseNegatives(t *testing.T) {
	t.Parallel()
	for _, o := range []StockOptions{{StartupTrials: -1}, {Candidates: -1}} {
		if _, err := NewTPE(o); err == nil {
			t.Errorf("NewTPE(%+v) succeeded", o)
		}
	}
}

// The snapshot answers goptuna's reading calls and refuses the writing ones.
func TestSnapshot(t *testing.T) {
	t.Parallel()
	o := searchtest.Mixed()
	sampler := NewRandom(StockOptions{})
	h, err := searchtest.Run(sampler, o, 5, 1)
	if err != nil {
		t.Fatal(err)
	}
	h.Trials[2].State, h.Trials[2].Intermediate = search.Pruned, []search.Report{{Step: 3, Value: 0.5}}
	h.Study.Directions = []search.Direction{search.Maximize}
	s, err := newSnapshot(h, 4, o.Space)
	if err != nil {
		t.Fatal(err)
	}
	study, err := s.study()
	if err != nil {
		t.Fatal(err)
	}
	if study.Direction() != goptuna.StudyDirectionMaximize {
		t.Errorf("direction %q", study.Direction())
	}
	trials, err := study.GetTrials()
	if err != nil || len(trials) != 4 {
		t.Fatalf("%d trials, %v; want 4, without the one that is asked for", len(trials), err)
	}
	if diff := cmp.Diff(map[int]float64{3: 0.5}, trials[2].IntermediateValues); diff != "" || trials[2].State != goptuna.TrialStatePruned {
		t.Errorf("trial 2 is %v (-want +got):\n%s", trials[2].State, diff)
	}
	want := math.Inf(-1)
	for _, i := range []int{0, 1, 3} {
		want = math.Max(want, h.Trials[i].Value())
	}
	if best, err := study.GetBestValue(); err != nil || best != want {
		t.Errorf("best value %v, %v; want %v", best, err, want)
	}
	if v, err := s.GetTrialParam(1, "lr"); err != nil || v != h.Trials[1].Params["lr"] {
		t.Errorf("lr of trial 1: %v, %v", v, err)
	}
	for name, err := range map[string]error{
		"another study":     second(s.GetAllTrials(9)),
		"another trial":     second(s.GetTrial(4)),
		"another parameter": second(s.GetTrialParam(0, "nothing")),
		"create a study":    second(s.CreateNewStudy("x")),
		"create a trial":    second(s.CreateNewTrial(snapshotID)),
		"set a value":       s.SetTrialValue(0, 1),
		"set a state":       s.SetTrialState(0, goptuna.TrialStateFail),
		"set a parameter":   s.SetTrialParam(0, "lr", 1, nil),
		"report":            s.SetTrialIntermediateValue(0, 1, 1),
		"delete":            s.DeleteStudy(snapshotID),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func second[T any](_ T, err error) error { return err }
