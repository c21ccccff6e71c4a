package random_test

import (
	"context"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/random"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	searchtest.Suite{New: func(seed int64) (search.Sampler, error) { return random.New(seed), nil }}.Run(t)
}

// A parameter's draws do not depend on which other parameters there are.
func TestIndependentStreams(t *testing.T) {
	t.Parallel()
	space := searchtest.Mixed().Space
	sampler := random.New(1)
	h := searchtest.NewHistory(search.Minimize)
	for number := range 20 {
		all, err := sampler.Suggest(context.Background(), h, number, space, nil)
		if err != nil {
			t.Fatal(err)
		}
		one, err := sampler.Suggest(context.Background(), h, number, space[1:2], nil)
		if err != nil {
			t.Fatal(err)
		}
		if one["lr"] != all["lr"] {
			t.Errorf("trial %d: lr is %v alone and %v among others", number, one["lr"], all["lr"])
		}
	}
}

func TestGolden(t *testing.T) {
	t.Parallel()
	h, err := searchtest.Run(random.New(42), searchtest.Mixed(), 10, 1)
	if err != nil {
		t.Fatal(err)
	}
	searchtest.Golden(t, h, "testdata/golden.json")
}
