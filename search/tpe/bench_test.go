package tpe

import (
	"context"
	"fmt"
	"testing"

	"github.com/hpsearch/hpsearch/search"
	"github.com/hpsearch/hpsearch/search/random"
	"github.com/hpsearch/hpsearch/search/searchtest"
)

// BenchmarkSuggest measures one suggestion for six parameters after n trials.
func BenchmarkSuggest(b *testing.B) {
	for _, o := range []searchtest.Objective{searchtest.Hartmann6(), searchtest.Mixed()} {
		for _, n := range []int{100, 1000, 10000} {
			b.Run(fmt.Sprintf("%s/%d", o.Name, n), func(b *testing.B) {
				h := randomHistory(b, o, n)
				sampler := newSampler(b, Options{Seed: 1})
				b.ReportAllocs()
				for b.Loop() {
					if _, err := sampler.Suggest(context.Background(), h, n, o.Space, nil); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

func randomHistory(t testing.TB, o searchtest.Objective, n int) *search.History {
	t.Helper()
	h := searchtest.NewHistory(search.Minimize)
	sampler := random.New(1)
	for number := range n {
		params, err := sampler.Suggest(context.Background(), searchtest.NewHistory(search.Minimize), number, o.Space, nil)
		if err != nil {
			t.Fatal(err)
		}
		trial := searchtest.NewTrial(number, o.Space, params)
		trial.State, trial.Values = search.Complete, []float64{o.Value(trial.External())}
		h.Trials = append(h.Trials, trial)
	}
	return h
}
