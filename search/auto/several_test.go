package auto_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/nsga2"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestSeveralObjectives(t *testing.T) {
	t.Parallel()
	tradeoff := searchtest.MixedTradeoff()
	genetic, err := nsga2.New(nsga2.Options{Seed: 42})
	if err != nil {
		t.Fatal(err)
	}
	s := newSampler(t)
	want, err := searchtest.RunTradeoff(genetic, tradeoff, 30, 2)
	if err != nil {
		t.Fatal(err)
	}
	got, err := searchtest.RunTradeoff(s, tradeoff, 30, 2)
	if err != nil {
		t.Fatal(err)
	}
	for i, trial := range got.Trials {
		if diff := cmp.Diff(want.Trials[i].Params, trial.Params); diff != "" {
			t.Fatalf("trial %d (-nsga2 +auto):\n%s", i, diff)
		}
	}
	study := &search.Study{Directions: []search.Direction{search.Minimize, search.Maximize}}
	study.Definition.Space = tradeoff.Space
	if says := s.Choice(study); !strings.HasPrefix(says, "nsga2: 2 objectives") {
		t.Errorf("Choice() = %q", says)
	}
}
